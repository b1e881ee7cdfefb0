import {
  AnotherServerError,
  DatabaseRefusedError,
  DatabaseUnreachableError,
  HomeUnreachableError,
  isCutOff,
  isNotAllowed,
  isPgTrouble,
  isReadOnly,
  isTerminated,
  isUnconfirmed,
  messageOf,
  SchemaError,
  type Trouble,
  troubleOf,
  WrongKeyError,
} from '../app.ts';
import { ArchiveError, BackupRefusedError } from '../backup/errors.ts';
import { ConfigError, DiskFullError } from '../config.ts';
import { type Problem, ProblemError, problems } from '../contract/problem.ts';
import { MoveRefusedError } from '../core/images/move-images.ts';
import { NotInstalledError } from '../systemd.ts';
import { CheckError, exitCodes, RefusedError, UsageError } from './exit-codes.ts';
import { OptionError } from './option-names.ts';
import { inLine } from './output/in-line.ts';

export type Failure = { exitCode: number; message: string; problem?: Problem };

const schemaExitCodes = {
  empty: exitCodes.notInitialised,
  newer: exitCodes.refused,
  pending: exitCodes.failed,
  'one-way': exitCodes.refused,
  'half-restored': exitCodes.refused,
} as const;

/** The one place that turns an error into an exit code and a sentence. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ProblemError) return problemFailure(error);
  const message = withoutStack(error instanceof Error ? messageOf(error) : String(error));
  if (isCutOff(error) || isTerminated(error))
    return { exitCode: exitCodes.databaseUnreachable, message: lost(message) };
  if (isNotAllowed(error)) return { exitCode: exitCodes.refused, message: notAllowed(message) };
  const refused = isReadOnly(error) && troubleOf(error);
  if (refused) return { exitCode: exitCodes.databaseUnreachable, message: takesNone(refused) };
  if (isUnconfirmed(error)) return { exitCode: exitCodes.databaseUnreachable, message: UNCONFIRMED };
  // System error codes such as ECONNREFUSED may come from an S3 server, too.
  const trouble = isPgTrouble(error) ? troubleOf(error) : undefined;
  if (trouble) return { exitCode: troubleExitCode(trouble), message: passing(trouble, message) };
  return { exitCode: exitCodeOf(error), message };
}

const UNCONFIRMED =
  'The database confirms no change now: its synchronous standby is missing. The change may be there all the same: look before you try again. See smoocho status.';

const takesNone = ({ what }: Trouble) => `${capital(what)}. See smoocho status, and try again.`;

const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;

/** Libraries put the stack of a cause behind their message. */
const withoutStack = (message: string) => message.replace(/\n\s+at [\s\S]*$/, '');

const notAllowed = (reason: string) =>
  `The role of DATABASE_URL may not do this in the database (${reason}). Name the role there that the tables belong to.`;

const lost = (reason: string) =>
  `The connection to the database broke (${reason}). See whether it runs, and try again.`;

const passing = ({ what }: Trouble, reason: string) =>
  `${capital(what)} now (${reason}). See smoocho status, and try again.`;

const troubleExitCode = ({ kind }: Trouble) =>
  kind === 'gone' || kind === 'starting' || kind === 'crowded'
    ? exitCodes.databaseUnreachable
    : exitCodes.failed;

function exitCodeOf(error: unknown): number {
  if (error instanceof SchemaError) return schemaExitCodes[error.kind];
  if (error instanceof NotInstalledError) return exitCodes.notInitialised;
  if (error instanceof CheckError) return exitCodes.checkFoundProblems;
  if (error instanceof UsageError || error instanceof ConfigError) return exitCodes.usage;
  // Not refused, which the systemd unit takes for final: the other one may be a machine that lost power, which the database has
  // not noticed yet.
  if (error instanceof AnotherServerError) return exitCodes.failed;
  if (error instanceof WrongKeyError || error instanceof DiskFullError) return exitCodes.refused;
  if (error instanceof BackupRefusedError) return exitCodes.refused;
  // `damaged` is the result of a check; other faults only mean that the archive can't be used here.
  if (error instanceof ArchiveError)
    return error.fault === 'damaged' ? exitCodes.checkFoundProblems : exitCodes.refused;
  if (error instanceof RefusedError || error instanceof DatabaseRefusedError) return exitCodes.refused;
  if (error instanceof MoveRefusedError) return exitCodes.refused;
  if (error instanceof DatabaseUnreachableError || error instanceof HomeUnreachableError) {
    return exitCodes.databaseUnreachable;
  }
  return exitCodes.failed;
}

function problemFailure(error: ProblemError): Failure {
  const { code, message, detail, errors } = error;
  const flags = error instanceof OptionError ? error.flags : undefined;
  const { status, title } = problems[code];
  const problem: Problem = { type: `urn:smoocho:problem:${code}`, title, status };
  if (detail !== undefined) problem.detail = detail;
  if (errors !== undefined) problem.errors = errors;
  const faults = (errors ?? []).map((fault) =>
    `${flags?.get(fault.pointer) ?? fault.pointer.slice(1).replaceAll('/', ' ')} ${fault.detail}`.trim(),
  );
  const lines =
    faults.length > 1 || (faults[0] && !message.includes(errors?.[0]?.detail as string)) ? faults : [];
  return {
    exitCode: code === 'invalid_request' ? exitCodes.usage : exitCodes.failed,
    message: [message, ...lines.map((line) => `  ${line}`)].map(inLine).join('\n'),
    problem,
  };
}
