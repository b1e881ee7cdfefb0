import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

export type RecordKind = 'event' | 'log';

/** A record as PostgreSQL prints its columns. `at` is UTC with microseconds; `actor`, `before` and `data` are jsonb's text. */
export type AuditRow = {
  seq: number;
  type: string;
  at: string | null;
  actor: string;
  deviceId: string | null;
  address: string | null;
  before: string | null;
  data: string;
};

/** Read at a time, and sealed by one seal. */
export const MAX_ROWS = 500;
/** As they are stored, compressed: a bill of 300 lines is 150 kB when it is printed. At least one is read. */
const MAX_BYTES = 1_000_000;

// Unlike a timestamp's own text, that of to_char hangs on no setting of the session.
const utc = 'to_char(at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')';

const rowsAfter = (table: string, chain: string, columns: string, sizes: string) => `
  SELECT seq, type, at, actor, "deviceId", address, before, data, found FROM (
    SELECT seq::float8 AS seq, type, ${utc} AS at, actor::text AS actor, device_id AS "deviceId", ${columns},
      sum(${sizes}) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS bytes, row_number() OVER (ORDER BY seq) AS number,
      (count(*) OVER ())::int AS found
    FROM (SELECT * FROM ${table} WHERE ${chain} = $1 AND seq > $2 ORDER BY seq LIMIT $3) first
  ) row WHERE number = 1 OR bytes <= ${MAX_BYTES} ORDER BY seq`;

const EVENTS_AFTER = rowsAfter(
  'events',
  'shop_id',
  'NULL AS address, before::text AS before, data::text AS data',
  'pg_column_size(data) + coalesce(pg_column_size(before), 0)',
);
const LOG_AFTER = rowsAfter(
  'security_log',
  'chain_id',
  'address, NULL AS before, details::text AS data',
  'pg_column_size(details)',
);

/** Rows in the order of their seq; `isAll` says that there are no more after them. */
export type AuditRows = { rows: AuditRow[]; isAll: boolean };

async function read(em: EntityManager, sql: string, chainId: string, after: number, limit: number) {
  const found = await query<AuditRow & { found: number }>(em, sql, [chainId, after, limit]);
  const isAll = found.length < limit && found.length === (found[0]?.found ?? 0);
  return { rows: found.map(({ found: _, ...row }) => row), isAll };
}

const readers: Record<RecordKind, string> = { event: EVENTS_AFTER, log: LOG_AFTER };

/** The shop's events, or the rows of its security log, after `seq`: at most `limit`, fewer where they are large. */
export const recordsAfter = (
  em: EntityManager,
  chainId: string,
  kind: RecordKind,
  seq: number,
  limit = MAX_ROWS,
): Promise<AuditRows> => read(em, readers[kind], chainId, seq, limit);
