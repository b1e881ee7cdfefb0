import { type Fault, type Problem, type ProblemCode, ProblemError, problems } from '../contract/problem.ts';

const PREFIX = 'urn:smoocho:problem:';

/**
 * The server said no (or the check before sending did): `code` says what, `detail` is a sentence for whoever stands at
 * the till, `errors` points at fields. What was asked was not done. A newer server may send a `code` that this client
 * doesn't know yet.
 */
export class ProblemAnswer extends ProblemError {
  readonly status: number;
  /** The request id, by which the server's log finds it. */
  readonly instance: string | null;
  /** How long the server asks to wait before the next try; null when it doesn't say. */
  readonly retryAfterMs: number | null;

  constructor(
    code: ProblemCode,
    status: number,
    options: {
      detail?: string;
      errors?: Fault[];
      extra?: Record<string, unknown>;
      instance?: string | null;
      retryAfterMs?: number | null;
    },
  ) {
    super(code, { ...options, detail: options.detail ?? problems[code]?.title ?? code });
    this.name = 'ProblemAnswer';
    this.status = status;
    this.instance = options.instance ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/**
 * Why there was no answer: the line is down (`network`), it took too long (`timeout`), whoever asked gave up (`aborted`),
 * or something answered that is not the server (`unreadable`).
 */
export type NoAnswerReason = 'network' | 'timeout' | 'aborted' | 'unreadable';

/** No answer from the server: what was asked may have been done or not. */
export class NoAnswerError extends Error {
  readonly reason: NoAnswerReason;

  constructor(reason: NoAnswerReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'NoAnswerError';
    this.reason = reason;
  }
}

/** True for a problem, or one of these problems. */
export const isProblem = (error: unknown, ...codes: ProblemCode[]): error is ProblemAnswer =>
  error instanceof ProblemAnswer && (codes.length === 0 || codes.includes(error.code));

/** A problem as it came over the wire, with the Retry-After that came with it; undefined for what is none. */
export function readProblem(body: unknown, retryAfter: string | null = null): ProblemAnswer | undefined {
  const problem = body as Partial<Problem> | null;
  if (typeof problem !== 'object' || !problem?.type?.startsWith?.(PREFIX)) return undefined;
  const { type, title, status = 500, detail, instance = null, errors, ...extra } = problem;
  const text = detail ?? title;
  return new ProblemAnswer(type.slice(PREFIX.length) as ProblemCode, status, {
    ...(text === undefined ? {} : { detail: text }),
    ...(errors === undefined ? {} : { errors }),
    extra,
    instance,
    retryAfterMs: msOf(extra.retryAfter ?? retryAfter),
  });
}

/** Seconds, as the server sends them; it sends no dates. */
function msOf(seconds: unknown): number | null {
  const text = String(seconds ?? '').trim();
  return /^\d+$/.test(text) ? Number(text) * 1000 : null;
}

/** One that is known here already, before anything is sent. */
export function localProblem(code: ProblemCode, detail: string, errors?: Fault[]): ProblemAnswer {
  return new ProblemAnswer(code, problems[code].status, { detail, ...(errors ? { errors } : {}) });
}
