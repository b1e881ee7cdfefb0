import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type pg from 'pg';
import { packageFile } from '../package-file.ts';
import { DatabaseRefusedError, DatabaseUnreachableError } from './errors.ts';
import { useClient } from './use-client.ts';

const FOLDER = packageFile('migrations');
const TABLE = 'pgmigrations';
/** Another process may be migrating a large table; whoever waits longer than this should be told. */
const LOCK_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Raised by a migration that refuses to be taken back. */
const ONE_WAY = 'SM002';
/** Of a notice in which a migration says what it made of the data. */
const REMARK = 'SM003';

export type MigrationStatus = {
  applied: string[];
  pending: string[];
  /** Applied by a newer version of this program. */
  unknown: string[];
  /** A restore is filling it, or was interrupted. */
  isHalfRestored: boolean;
  /** It takes no changes until it is promoted. */
  isStandby: boolean;
};

/** `one-way`: what a migration made of the data can't be taken back. */
type SchemaFault = 'newer' | 'pending' | 'empty' | 'one-way' | 'half-restored';

/** The schema is not the one that this program works with. */
export class SchemaError extends Error {
  override name = 'SchemaError';
  readonly kind: SchemaFault;
  constructor(kind: SchemaFault, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a command says where there is no shop to look at. */
export const NOTHING_YET = 'Nothing is set up here yet. Run: smoocho init';

/** A connection of one's own, closed afterwards. Throws DatabaseUnreachableError. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const config = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: '-c timezone=UTC',
    application_name: 'smoocho',
  };
  return await useClient(config, work);
}

const migrationNames = () =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => basename(file, '.sql'))
    .sort();

/** A comment on the migrations table while a restore has not loaded all rows and begun a new epoch. */
const HALF_RESTORED = 'half restored';
export const MARK_HALF_RESTORED = `COMMENT ON TABLE ${TABLE} IS '${HALF_RESTORED}'`;
export const UNMARK_HALF_RESTORED = `COMMENT ON TABLE ${TABLE} IS NULL`;

export async function migrationStatus(url: string): Promise<MigrationStatus> {
  const { applied, note, isStandby } = await withClient(url, async (client) => {
    const { rows: tables } = await client.query(
      `SELECT to_regclass($1) AS name, obj_description(to_regclass($1), 'pg_class') AS note,
        pg_is_in_recovery() AS "isStandby"`,
      [TABLE],
    );
    const { name, ...found } = tables[0] as { name: string | null; note: string | null; isStandby: boolean };
    if (name === null) return { applied: [], ...found };
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${TABLE} ORDER BY run_on, id`);
    return { applied: rows.map((row) => row.name), ...found };
  });
  const names = migrationNames();
  return {
    applied,
    pending: names.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !names.includes(name)),
    isHalfRestored: note === HALF_RESTORED,
    isStandby,
  };
}

/** Whether a database was never migrated; one that was taken back to nothing has been. */
export const isNeverMigrated = (url: string): Promise<boolean> =>
  withClient(url, async (client) => {
    const { rows } = await client.query('SELECT to_regclass($1) AS name', [TABLE]);
    return rows[0].name === null;
  });

/** Throws SchemaError for a database whose restore was interrupted. */
export function checkRestored({ isHalfRestored }: Pick<MigrationStatus, 'isHalfRestored'>): void {
  if (!isHalfRestored) return;
  throw new SchemaError(
    'half-restored',
    'A restore into this database is under way, or was cut off. Let it end, or start it again: smoocho restore FILE --into URL',
  );
}

/** Throws DatabaseUnreachableError for a standby: it has to be promoted before anything can be made in it. */
export function checkTakesChanges({ isStandby }: Pick<MigrationStatus, 'isStandby'>): void {
  if (!isStandby) return;
  throw new DatabaseUnreachableError(
    'The database is a standby, which takes no changes, so that its schema can not be brought up to date. Name the primary in DATABASE_URL, or promote this one first.',
  );
}

/** Refuses a database that this program doesn't fit. Throws SchemaError. */
export function checkSchema({
  applied,
  pending,
  unknown,
}: Pick<MigrationStatus, 'applied' | 'pending' | 'unknown'>): void {
  if (unknown.length > 0) {
    throw new SchemaError(
      'newer',
      `The database was made by a newer smoocho (it has ${unknown.join(', ')}). Install that version, or a newer one.`,
    );
  }
  if (applied.length === 0) throw new SchemaError('empty', NOTHING_YET);
  if (pending.length > 0) {
    throw new SchemaError(
      'pending',
      `The database is older than this program (${pending.join(', ')} to come). Run: smoocho migrate up`,
    );
  }
}

/** Checks the data inside the transaction of a migration; throwing rolls the migration back. */
export type MigrationCheck = {
  /** Runs as the first statement. */
  begin(client: pg.ClientBase): Promise<void>;
  /** Runs after the last migration, before the commit. */
  end(client: pg.ClientBase): Promise<void>;
};

/**
 * Applies pending migrations all or nothing, one process at a time; returns their names. Throws SchemaError if newer, and
 * DatabaseUnreachableError for a standby.
 */
export async function migrateUp(
  url: string,
  log: (line: string) => void = () => {},
  check?: MigrationCheck,
): Promise<string[]> {
  const { pending, unknown, applied, isStandby } = await migrationStatus(url);
  if (unknown.length > 0) checkSchema({ applied, pending, unknown });
  if (pending.length === 0) return [];
  checkTakesChanges({ isStandby });
  return await run(url, 'up', Number.POSITIVE_INFINITY, log, check);
}

/** Applies the next `count` migrations to a database without a shop: the older schema that a backup fits. */
export async function migrateTo(url: string, count: number): Promise<void> {
  if (count > 0) await run(url, 'up', count, () => {});
}

/**
 * Takes the last `count` migrations back, with the data that only they held; gives the names. Throws SchemaError for one
 * that can't be: nothing is taken back then.
 */
export async function migrateDown(
  url: string,
  count: number,
  log: (line: string) => void = () => {},
): Promise<string[]> {
  try {
    return await run(url, 'down', count, log);
  } catch (error) {
    if ((error as { code?: unknown }).code !== ONE_WAY) throw error;
    throw new SchemaError('one-way', (error as Error).message);
  }
}

async function run(
  url: string,
  direction: 'up' | 'down',
  count: number,
  log: (line: string) => void,
  check?: MigrationCheck,
) {
  // Loaded when there is something to do: a start on an up-to-date database is quicker and smaller without it.
  const { runner } = await import('node-pg-migrate');
  return await withClient(url, async (client) => {
    await requireRights(client);
    client.on('notice', ({ code, message }) => {
      if (code === REMARK && message) log(message);
    });
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const done = await runner({
      dbClient: check ? withCheck(client, check) : client,
      dir: FOLDER,
      migrationsTable: TABLE,
      direction,
      count,
      advisoryLockMode: 'wait',
      checkOrder: true,
      singleTransaction: true,
      log: () => {},
      logger: { debug: () => {}, info: () => {}, warn: log, error: log },
    });
    return done.map((migration) => migration.name);
  });
}

const RIGHTS = `
  SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database, quote_ident(schema) AS schema,
    has_schema_privilege(schema, 'USAGE') AND has_schema_privilege(schema, 'CREATE') AS "mayCreate"
  FROM coalesce(current_schema(), 'public') AS schema WHERE to_regnamespace(quote_ident(schema)) IS NOT NULL`;

/** The runner itself would log a stack. Since PostgreSQL 15 only a database's owner may make tables in it. Throws DatabaseRefusedError. */
async function requireRights(client: pg.Client): Promise<void> {
  const { rows } = await client.query(RIGHTS);
  const [{ role, database, schema, mayCreate } = { mayCreate: true }] = rows;
  if (mayCreate) return;
  throw new DatabaseRefusedError(
    `The role ${role} may not make tables in the database ${database}. ` +
      `As its owner or as postgres, run there: GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`,
  );
}

/** Hooks into the runner's own BEGIN and COMMIT: it manages its transaction itself. */
function withCheck(client: pg.Client, check: MigrationCheck): pg.ClientBase {
  const query = async (...given: unknown[]) => {
    if (given[0] === 'COMMIT') await check.end(client);
    const result = await (client.query as (...all: unknown[]) => Promise<unknown>).apply(client, given);
    if (given[0] === 'BEGIN') await check.begin(client);
    return result;
  };
  return new Proxy(client, {
    get: (target, name) => {
      const value = name === 'query' ? query : Reflect.get(target, name);
      return typeof value === 'function' && name !== 'query' ? value.bind(target) : value;
    },
  });
}
