import { DATABASE_IS_STANDBY, WRITES_CLOSED } from './commit-gate.ts';
import { isPgTrouble, isTrouble } from './pg-trouble.ts';

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

/** Whether the database's disk is full, for a statement or for a new connection. */
export const isDiskFull = (error: unknown): boolean => {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return isTrouble(error, 'full') || (cause !== undefined && isDiskFull(cause));
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

/** A lock was not free within lock_timeout, or at once where NOWAIT was asked. */
const LOCK_NOT_AVAILABLE = '55P03';
export const isLockNotAvailable = (error: unknown) => ((error ?? {}) as PgError).code === LOCK_NOT_AVAILABLE;

const NO_TABLE = '42P01';
export const isNoTable = (error: unknown) => ((error ?? {}) as PgError).code === NO_TABLE;

/** Something is connected to a database that was to be dropped or renamed. */
const OBJECT_IN_USE = '55006';
export const isInUse = (error: unknown) => ((error ?? {}) as PgError).code === OBJECT_IN_USE;

/** The password is wrong (28P01), or the user may not connect (28000). */
const NOT_LET_IN = new Set<unknown>(['28P01', '28000']);
export const isNotLetIn = (error: unknown) => NOT_LET_IN.has(((error ?? {}) as PgError).code);

const NO_RIGHT = '42501';
/** The role lacks a right on a table, a schema or a role. */
export const isNotAllowed = (error: unknown) => ((error ?? {}) as PgError).code === NO_RIGHT;

/** Whether PostgreSQL reported that it ends the connection, or refuses it while it starts or stops. */
export const isCutOff = (error: unknown) => isPgTrouble(error, 'gone', 'starting') && !isNoDatabase(error);

/** Whether it is pg's own error for a connection that was closed; it has no code. */
export const isTerminated = (error: unknown) =>
  error instanceof Error &&
  /^(Connection terminated|Client has encountered a connection error)/.test(error.message);

const BROKEN = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
/** Whether it may be a broken connection: an error of the system, or pg's own. */
export const isBreak = (error: unknown) => isTerminated(error) || BROKEN.has(((error ?? {}) as PgError).code);

const READ_ONLY = new Set<unknown>([WRITES_CLOSED, DATABASE_IS_STANDBY, '25006']);
/** Whether a write was refused, as the database takes none now: it is not done. */
export const isReadOnly = (error: unknown) => READ_ONLY.has(((error ?? {}) as PgError).code);

/** Whether commits are not confirmed now, so that a write was refused, or is not known to be done. */
export const isUnconfirmed = (error: unknown) => isTrouble(error, 'unconfirmed');

/** Whether the database can't be used now: the same may do another time. */
export const isUnavailable = (error: unknown) => isTrouble(error);
