import type { Client } from 'pg';
import { SERVER_SINCE } from '../../database/server-lock.ts';
import type { ArchivedShop } from '../archive/format.ts';
import { BackupRefusedError } from '../errors.ts';
import { KEPT_TABLES, LEFT_OUT } from '../tables.ts';
import type { TableShape } from './copy-out.ts';

/** What a database holds at one moment, but for the rows. */
export type Snapshot = {
  postgres: string;
  migrations: string[];
  tables: TableShape[];
  sequences: { name: string; value: string; isCalled: boolean }[];
  shops: ArchivedShop[];
  auditHeads: { chain: string; head: string }[];
  /** What the tables take on the disk. */
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
 * The tables that an archive has to hold, as the schema has them now, in the order of `KEPT_TABLES`. Throws BackupRefusedError
 * for one that is in neither list: nothing would tell that its rows are lost.
 */
export async function readTables(client: Client): Promise<TableShape[]> {
  const { rows } = await client.query<TableRow>(TABLES);
  const unknown = rows.filter(
    ({ name, kind }) => kind !== 'r' || !(KEPT_TABLES.includes(name) || name in LEFT_OUT),
  );
  if (unknown.length > 0) {
    throw new BackupRefusedError(
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
  `LOCK TABLE ${tables.map(({ name }) => `"${name}"`).join(', ')} IN ACCESS SHARE MODE`;

/** Begins the moment that is read. Nobody waits for it but whoever changes the schema. */
export async function beginSnapshot(client: Client): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
}

const SEQUENCES = `
  SELECT s.relname AS name FROM pg_class s
  JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i')
  JOIN pg_class t ON t.oid = d.refobjid
  WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace AND t.relname = ANY ($1::text[]) ORDER BY 1`;

/** All of it within the snapshot that was begun. */
export async function readSnapshot(client: Client): Promise<Snapshot> {
  const tables = await readTables(client);
  await client.query(LOCK_TABLES(tables));
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

async function readSequences(client: Client, tables: TableShape[]): Promise<Snapshot['sequences']> {
  const { rows } = await client.query<{ name: string }>(SEQUENCES, [tables.map(({ name }) => name)]);
  const found: Snapshot['sequences'] = [];
  for (const { name } of rows) {
    const { rows: values } = await client.query(`SELECT last_value::text AS value, is_called FROM "${name}"`);
    found.push({ name, value: values[0].value, isCalled: values[0].is_called });
  }
  return found;
}

// Figures that a restored copy is held to, and that people know their shop by.
export const SHOPS = `
  SELECT s.id, s.code, s.name, trim(s.currency) AS currency, h.epoch,
    (SELECT count(*)::int FROM orders o WHERE o.shop_id = s.id) AS orders,
    (SELECT coalesce(sum(o.total), 0)::numeric(20,2)::text FROM orders o WHERE o.shop_id = s.id) AS total
  FROM shops s JOIN shop_heads h ON h.shop_id = s.id ORDER BY s.created_at, s.id`;

// As `formatHead` prints it on a Z report.
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
