import { COMMIT_WAITS, DATABASE_IS_STANDBY, WRITES_CLOSED } from './commit-gate.ts';
import { DatabaseUnreachableError } from './errors.ts';

/** Log level of a kind of trouble: `error` if an admin has to act, `warn` if it passes by itself. */
type Level = 'error' | 'warn';

/** Kinds of passing trouble: `what` is wrong now, as a clause for a status or a sentence. */
const kinds = {
  gone: { what: 'the database can not be reached', level: 'error' },
  starting: { what: 'the database starts or stops', level: 'error' },
  full: { what: 'the disk of the database is full', level: 'error' },
  broken: { what: 'the database can not read or write its files', level: 'error' },
  short: { what: 'the database has too little memory or room for this', level: 'error' },
  crowded: { what: 'the database has no connection left', level: 'error' },
  // A missing standby is logged once, as an error of its own; so is a database that is one.
  unconfirmed: {
    what: 'the database confirms no change, as its synchronous standby is missing',
    level: 'warn',
  },
  standby: { what: 'the database takes no change, as it is a standby', level: 'warn' },
  readonly: { what: 'the database takes no change, as it is a standby or set to read only', level: 'error' },
  busy: { what: 'every connection to the database is in use', level: 'warn' },
  locked: { what: 'something else holds what this would change', level: 'warn' },
  slow: { what: 'the database takes too long for this', level: 'warn' },
  undone: { what: 'others changed the same at the same moment', level: 'warn' },
} as const satisfies Record<string, { what: string; level: Level }>;

export type TroubleKind = keyof typeof kinds;
/** `what` is a clause without a full stop, such as "the disk of the database is full". */
export type Trouble = { kind: TroubleKind; what: string; level: Level };

/**
 * The meaning of every code of PostgreSQL's classes 08, 40, 53, 55, 57 and 58, and of codes of other classes that pass.
 * `program` is a bug of this program, which the same request meets again. A test compares the list with PostgreSQL's own.
 * https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
export const pgTroubles: Record<string, TroubleKind | 'program'> = {
  '08000': 'gone', // connection_exception
  '08001': 'gone', // sqlclient_unable_to_establish_sqlconnection
  '08003': 'gone', // connection_does_not_exist
  '08004': 'gone', // sqlserver_rejected_establishment_of_sqlconnection
  '08006': 'gone', // connection_failure
  '08007': 'gone', // transaction_resolution_unknown
  '08P01': 'gone', // protocol_violation; PgBouncer reports with it that its server is gone
  '25006': 'readonly', // read_only_sql_transaction
  '25P03': 'slow', // idle_in_transaction_session_timeout
  '25P04': 'slow', // transaction_timeout
  '3D000': 'starting', // undefined_database: a restore swaps two names
  '40000': 'undone', // transaction_rollback
  '40001': 'undone', // serialization_failure
  '40002': 'undone', // transaction_integrity_constraint_violation
  '40003': 'undone', // statement_completion_unknown
  '40P01': 'undone', // deadlock_detected
  '53000': 'short', // insufficient_resources
  '53100': 'full', // disk_full
  '53200': 'short', // out_of_memory
  '53300': 'crowded', // too_many_connections
  '53400': 'short', // configuration_limit_exceeded, such as temp_file_limit
  '55000': 'locked', // object_not_in_prerequisite_state, such as a server in recovery
  '55006': 'locked', // object_in_use
  '55P02': 'program', // cant_change_runtime_param
  '55P03': 'locked', // lock_not_available
  '55P04': 'program', // unsafe_new_enum_value_usage
  '57000': 'slow', // operator_intervention
  '57014': 'slow', // query_canceled: statement_timeout, or an administrator
  '57P01': 'gone', // admin_shutdown
  '57P02': 'gone', // crash_shutdown
  '57P03': 'starting', // cannot_connect_now
  '57P04': 'gone', // database_dropped
  '57P05': 'gone', // idle_session_timeout
  '58000': 'broken', // system_error
  '58030': 'broken', // io_error
  '58P01': 'broken', // undefined_file
  '58P02': 'broken', // duplicate_file
  '58P03': 'program', // file_name_too_long
};

/** System error codes, and this program's own, as the driver reports them. */
const otherTroubles: Record<string, TroubleKind> = {
  [COMMIT_WAITS]: 'unconfirmed',
  [WRITES_CLOSED]: 'unconfirmed',
  [DATABASE_IS_STANDBY]: 'standby',
  EAI_AGAIN: 'gone',
  ECONNREFUSED: 'gone',
  ECONNRESET: 'gone',
  EHOSTUNREACH: 'gone',
  ENETUNREACH: 'gone',
  ENOTFOUND: 'gone',
  EPIPE: 'gone',
  ETIMEDOUT: 'gone',
};

/** Messages of the driver and its pool, whose errors have no code. */
const messages: [message: RegExp, kind: TroubleKind][] = [
  [/timeout exceeded when trying to connect/, 'busy'],
  [/^(Connection terminated|Client has encountered a connection error)/, 'gone'],
  [/^(Query read timeout|timeout expired)$/, 'gone'],
];

const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
};

function kindOf(error: unknown): TroubleKind | undefined {
  const code = codeOf(error);
  if (code !== undefined) {
    const [kind] = [pgTroubles, otherTroubles].flatMap((of) => (Object.hasOwn(of, code) ? of[code] : []));
    return kind === 'program' ? undefined : kind;
  }
  if (error instanceof DatabaseUnreachableError) return kindOf(error.cause) ?? 'gone';
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  return messages.find(([pattern]) => pattern.test(message))?.[1];
}

/** The passing trouble that an error reports: a retry may succeed. Undefined for any other error. */
export function troubleOf(error: unknown): Trouble | undefined {
  const kind = kindOf(error);
  return kind && { kind, ...kinds[kind] };
}

/** Whether it is trouble of one of these kinds, or of any kind if none is named. */
export const isTrouble = (error: unknown, ...wanted: TroubleKind[]): boolean => {
  const kind = kindOf(error);
  return kind !== undefined && (wanted.length === 0 || wanted.includes(kind));
};

/** As `isTrouble`, if PostgreSQL itself reported it. */
export const isPgTrouble = (error: unknown, ...wanted: TroubleKind[]): boolean =>
  Object.hasOwn(pgTroubles, codeOf(error) ?? '') && isTrouble(error, ...wanted);
