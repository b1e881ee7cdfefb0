import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { isLockNotAvailable, isNoTable } from '../../database/pg-errors.ts';
import { SERVER_SINCE } from '../../database/server-lock.ts';
import type { ArchivedShop } from '../archive/format.ts';
import { BackupRefusedError, UnknownTablesError } from '../errors.ts';
import { KEPT_TABLES, LEFT_OUT } from '../tables.ts';
import type { TableShape } from './copy-out.ts';

/** Content of a database at one moment, without the rows. */
export type Snapshot = {
  postgres: string;
  migrations: string[];
  tables: TableShape[];
  sequences: { name: string; value: string; isCalled: boolean }[];
  shops: ArchivedShop[];
  auditHeads: { chain: string; head: string }[];
  /** Size of the tables on the disk. */
  sizeBytes: number;
  /** Whether a server runs on it. */
  isServed: boolean;
};

const TABLES = `
  SELECT c.relname AS name, c.relkind AS kind,
    (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
     FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f')
  ORDER BY c.relname`;

type TableRow = { name: string; kind: string; columns: TableShape['columns'] | null };

/**
 * Returns the tables that an archive must hold, as the current schema has them, in the order of
 * `KEPT_TABLES`. Throws UnknownTablesError for a table in neither list: its rows would be lost silently.
 */
export async function readTables(client: Client): Promise<TableShape[]> {
  const { rows } = await client.query<TableRow>(TABLES);
  const unknown = rows.filter(
    ({ name, kind }) => kind !== 'r' || !(KEPT_TABLES.includes(name) || name in LEFT_OUT),
  );
  if (unknown.length > 0) {
    throw new UnknownTablesError(
      `The database has a table that this version does not know how to keep: ${unknown.map(({ name }) => name).join(', ')}. ` +
        'Move what is not Smoocho’s into a schema of its own (ALTER TABLE … SET SCHEMA), or install the version that made it.',
    );
  }
  const found = new Map(rows.map(({ name, columns }) => [name, columns ?? []]));
  return KEPT_TABLES.flatMap((name) => {
    const columns = found.get(name);
    return columns ? [{ name, columns }] : [];
  });
}

const LOCK_TABLES = (tables: TableShape[]) =>
  `LOCK TABLE ${tables.map(({ name }) => `"${name}"`).join(', ')} IN ACCESS SHARE MODE NOWAIT`;

/** A migration locks its tables for minutes at most. */
const LOCK_WAIT_MS = 120_000;
const LOCK_PAUSE_MS = 200;
/** Whether another session is changing the schema: a table is locked, or no longer there. */
const isChanging = (error: unknown) => isLockNotAvailable(error) || isNoTable(error);

/**
 * Begins the snapshot and returns its tables. They are locked first: in a snapshot from before a table was
 * rewritten or truncated, PostgreSQL shows that table as empty, without an error
 * (https://www.postgresql.org/docs/current/mvcc-caveats.html). Schema changes go first, and no other session
 * waits for us. Throws BackupRefusedError.
 */
export async function beginSnapshot(client: Client, waitMs = LOCK_WAIT_MS): Promise<TableShape[]> {
  for (const late = Date.now() + waitMs; ; await sleep(LOCK_PAUSE_MS)) {
    const tables = await tryBegin(client);
    if (tables) return tables;
    if (Date.now() < late) continue;
    throw new BackupRefusedError(
      'Something changes the tables of the database, such as another version that brings it up to date. Try again when it is done.',
      { isBusy: true },
    );
  }
}

/** Returns undefined while another session changes the schema. */
async function tryBegin(client: Client): Promise<TableShape[] | undefined> {
  const before = await readTables(client);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  try {
    await client.query(LOCK_TABLES(before));
    const tables = await readTables(client);
    if (namesOf(tables) === namesOf(before)) return tables;
  } catch (error) {
    if (!isChanging(error)) throw error;
  }
  await client.query('ROLLBACK');
  return undefined;
}

const namesOf = (tables: TableShape[]) => tables.map(({ name }) => name).join();

const SEQUENCES = `
  SELECT s.relname AS name FROM pg_class s
  JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i')
  JOIN pg_class t ON t.oid = d.refobjid
  WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace AND t.relname = ANY ($1::text[]) ORDER BY 1`;

/** Reads within the snapshot that `beginSnapshot` began; `tables` are those it returned. */
export async function readSnapshot(client: Client, tables: TableShape[]): Promise<Snapshot> {
  const has = new Set(tables.map(({ name }) => name));
  return {
    postgres: await one<string>(client, "SELECT current_setting('server_version') AS value"),
    migrations: await all<string>(client, 'SELECT name AS value FROM pgmigrations ORDER BY run_on, id'),
    tables,
    sequences: await readSequences(client, tables),
    shops: (await client.query<ArchivedShop>(SHOPS)).rows,
    auditHeads: has.has('audit_seals') ? (await client.query(AUDIT_HEADS)).rows : [],
    sizeBytes: Number(await one<string>(client, SIZE)),
    isServed: (await client.query<{ since: number | null }>(SERVER_SINCE)).rows[0]?.since != null,
  };
}

/** The sequences that columns of these tables own. */
export async function sequenceNames(client: Client, tables: Pick<TableShape, 'name'>[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(SEQUENCES, [tables.map(({ name }) => name)]);
  return rows.map(({ name }) => name);
}

async function readSequences(client: Client, tables: TableShape[]): Promise<Snapshot['sequences']> {
  const found: Snapshot['sequences'] = [];
  for (const name of await sequenceNames(client, tables)) {
    const { rows: values } = await client.query(`SELECT last_value::text AS value, is_called FROM "${name}"`);
    found.push({ name, value: values[0].value, isCalled: values[0].is_called });
  }
  return found;
}

// Figures that a restore is checked against, and by which people recognise their shop.
export const SHOPS = `
  SELECT s.id, s.code, s.name, trim(s.currency) AS currency, h.epoch,
    (SELECT count(*)::int FROM orders o WHERE o.shop_id = s.id) AS orders,
    (SELECT coalesce(sum(o.total), 0)::numeric(20,2)::text FROM orders o WHERE o.shop_id = s.id) AS total
  FROM shops s JOIN shop_heads h ON h.shop_id = s.id ORDER BY s.created_at, s.id`;

// In the format of `formatHead`, as on a Z report.
const AUDIT_HEADS = `
  SELECT DISTINCT ON (chain_id) chain_id AS chain, seal_no || ':' || encode(hash, 'hex') AS head
  FROM audit_seals ORDER BY chain_id, seal_no DESC`;

const SIZE = `
  SELECT coalesce(sum(pg_table_size(c.oid)), 0) AS value FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`;

async function all<T>(client: Client, sql: string): Promise<T[]> {
  return (await client.query<{ value: T }>(sql)).rows.map(({ value }) => value);
}

async function one<T>(client: Client, sql: string): Promise<T> {
  const [value] = await all<T>(client, sql);
  if (value === undefined) throw new Error('A statement that always has a row gave none.');
  return value;
}
