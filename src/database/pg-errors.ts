import { COMMIT_WAITS } from './commit-gate.ts';

/** What PostgreSQL says went wrong. https://www.postgresql.org/docs/current/errcodes-appendix.html */
type PgError = { code?: unknown; constraint?: unknown; message?: unknown; detail?: unknown };

const UNIQUE_VIOLATION = '23505';

/** True when a row was refused because of this unique constraint or index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = (error ?? {}) as PgError;
  return code === UNIQUE_VIOLATION && violated === constraint;
}

/** The unique constraint that refused a row; undefined when it was something else. */
export function violatedUnique(error: unknown): string | undefined {
  const { code, constraint } = (error ?? {}) as PgError;
  return code === UNIQUE_VIOLATION && typeof constraint === 'string' ? constraint : undefined;
}

/** Serialization failure and deadlock: PostgreSQL undid the work because of others at work; it can just be done again. */
const RETRYABLE = new Set<unknown>(['40001', '40P01']);
export const isRetryable = (error: unknown) => RETRYABLE.has(((error ?? {}) as PgError).code);

const LOCK_NOT_AVAILABLE = '55P03';
/** Whether a lock was held by somebody else for as long as one waits for it. */
export const isLockTimeout = (error: unknown) => ((error ?? {}) as PgError).code === LOCK_NOT_AVAILABLE;

/** Whether all connections were taken for as long as one waits for one; pg-pool has no code for it. */
export const isNoneFree = (error: unknown) =>
  error instanceof Error && error.message.includes('timeout exceeded when trying to connect');

const DISK_FULL = '53100';
/** Whether the database's disk is full, for a statement or for a new connection. */
export const isDiskFull = (error: unknown): boolean => {
  const { code, cause } = (error ?? {}) as PgError & { cause?: unknown };
  return code === DISK_FULL || (cause !== undefined && isDiskFull(cause));
};

const NO_DATABASE = '3D000';
/** Whether there is no database of that name, or it is being renamed. */
export const isNoDatabase = (error: unknown) => ((error ?? {}) as PgError).code === NO_DATABASE;

/** Raised by the schema's own function `refuse`. */
const REFUSED = 'SM001';

/** Why a statement refused its own work, with what it has to say about it; undefined when it was something else. */
export function refusalOf(error: unknown): { problem: string; detail: unknown } | undefined {
  const { code, message, detail } = (error ?? {}) as PgError;
  if (code !== REFUSED || typeof message !== 'string' || typeof detail !== 'string') return undefined;
  return { problem: message, detail: JSON.parse(detail) };
}

/** The server ended the connection (57P01–57P04: administrator, crash, shutdown), or a connection error (class 08). */
const CUT_OFF = /^(57P0[1-4]|08...)$/;
/** Whether PostgreSQL reported that it ends the connection. */
export const isCutOff = (error: unknown) => CUT_OFF.test(String(((error ?? {}) as PgError).code));

/** Whether it is pg's own error for a connection that was closed; it has no code. */
export const isTerminated = (error: unknown) =>
  error instanceof Error &&
  /^(Connection terminated|Client has encountered a connection error)/.test(error.message);

const BROKEN = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
/** Whether it may be a broken connection: an error of the system, or pg's own. */
export const isBreak = (error: unknown) => isTerminated(error) || BROKEN.has(((error ?? {}) as PgError).code);

/** A write over a connection that is read-only: commits wait for a standby, or the address is that of a standby. */
const READ_ONLY = '25006';
const UNCONFIRMED = new Set<unknown>([COMMIT_WAITS, READ_ONLY]);
/** Whether commits are not confirmed now, so that a write was refused, or is not known to be done. */
export const isUnconfirmed = (error: unknown) => UNCONFIRMED.has(((error ?? {}) as PgError).code);

const UNREACHABLE = new Set<unknown>([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** pg's own, without a code. */
const isLate = (error: unknown) =>
  error instanceof Error && /^(Query read timeout|timeout expired)$/.test(error.message);
/** Whether the database can't be used now: the same may do another time. */
export const isUnavailable = (error: unknown) =>
  isUnconfirmed(error) ||
  isCutOff(error) ||
  isBreak(error) ||
  isLate(error) ||
  UNREACHABLE.has(((error ?? {}) as PgError).code);
