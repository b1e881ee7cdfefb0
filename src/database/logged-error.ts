import { isTrouble } from './pg-trouble.ts';

/** What finds the cause of a fault. PostgreSQL's own `detail`, `where` and `query` are not in it: they quote whole rows. */
const LOGGED = ['name', 'code', 'constraint', 'table', 'column', 'severity', 'routine', 'syscall'] as const;
/** Of causes of causes: a chain that goes round in a circle ends somewhere. */
const MAX_DEPTH = 5;

type ErrorLike = { [field: string]: unknown; message: string };

/**
 * An error as the log has it: `type`, `message`, what of `LOGGED` it has, `stack`, and the same of its `cause` and `errors`. Passing
 * trouble, which every statement meets, has no stack. It is without the row that PostgreSQL refused, in which e-mail addresses and hashes of passwords are. What is no error stays.
 */
export function loggedError(error: unknown, depth = 0): unknown {
  if (!isErrorLike(error)) return error;
  const inner = (value: unknown) => (isErrorLike(value) ? loggedError(value, depth + 1) : undefined);
  const { cause, errors, stack } = error;
  return {
    type: error.constructor?.name,
    message: messageOf(error),
    ...Object.fromEntries(LOGGED.filter((key) => error[key] !== undefined).map((key) => [key, error[key]])),
    ...(typeof stack === 'string' && !isPassing(error) && { stack: withoutRow(stack, error) }),
    ...(depth < MAX_DEPTH && {
      cause: inner(cause),
      errors: Array.isArray(errors) ? errors.slice(0, MAX_DEPTH).map(inner) : undefined,
    }),
  };
}

/** What an error says, without the row that PostgreSQL refused. */
export const messageOf = (error: { message: string }): string => withoutRow(error.message, error);

/** Whether it is passing trouble, or was caused by some. */
const isPassing = (error: ErrorLike): boolean => isTrouble(error) || isTrouble(error.cause);

const isErrorLike = (value: unknown): value is ErrorLike =>
  typeof value === 'object' && value !== null && typeof (value as ErrorLike).message === 'string';

/** The ORM puts the detail behind the message; a text in a row may have any form, line breaks too. */
function withoutRow(text: string, error: object): string {
  const { severity, detail } = error as { severity?: unknown; detail?: unknown };
  // Only PostgreSQL's errors are severe: the detail of a problem is what it says.
  const rest = severity && typeof detail === 'string' && detail !== '' ? text.replaceAll(detail, '') : text;
  return rest.replace(/\s*- detail: .*/g, '').replace(/Failing row contains .*/g, '');
}
