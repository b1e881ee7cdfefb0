import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { withClient } from '../../database/migrate.ts';
import { isInUse } from '../../database/pg-errors.ts';
import { BackupRefusedError } from '../errors.ts';

/** PostgreSQL's limit on a name, less the longest suffix. */
const MAX_BASE_BYTES = 63 - 28;
/** Databases to connect to, as ours can't be renamed from inside itself; every server has the second. */
const MAINTENANCE = ['postgres', 'template1'];

/** The name of a URL's database as the driver resolves it: without one, it is the user's name. */
export const databaseNameOf = (url: string) =>
  new pg.Client({ connectionString: url }).database ?? 'postgres';

/** A URL with the same server and role, but another database. */
export function urlOfDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(name)}`;
  return other.href;
}

/** Prefix of the databases beside one: its name, or of a long one, its beginning and a hash of the whole. */
export function baseOf(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BASE_BYTES) return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const start = Buffer.from(name).subarray(0, MAX_BASE_BYTES - mark.length - 1);
  // Drop a character that was cut in two.
  return `${start.toString('utf8').replace(/\ufffd+$/, '')}_${mark}`;
}
const restoringName = (name: string, id: string) => `${baseOf(name)}_restoring_${id.slice(-8)}`;
const beforeName = (name: string, at: Date) =>
  `${baseOf(name)}_before_${at.toISOString().replace(/\D/g, '').slice(0, 17)}`;

/** Match the whole suffix: a foreign database whose name merely begins with ours must stay untouched. */
const isRestoring = (name: string, other: string) =>
  /^_restoring_[0-9a-f]{8}$/.test(other.slice(baseOf(name).length));
const isBefore = (name: string, other: string) => /^_before_\d{17}$/.test(other.slice(baseOf(name).length));

/** Database operations of a restore, all over a connection to another database than ours. */
export type Databases = {
  /** Creates an empty database beside ours and returns its name; drops those that killed restores left. */
  create(id: string): Promise<string>;
  /** Drops databases that killed restores left, even if sessions are connected to them. */
  dropLeftOvers(): Promise<void>;
  /** Returns false if a session is connected to it. */
  drop(name: string): Promise<boolean>;
  /** Replaces ours with `next` in one transaction and keeps ours; returns the name that ours then has. */
  swap(next: string, kept: KeptDatabase): Promise<string>;
  /** Replaces ours with `next` and drops ours, which is empty: there is nothing to go back to. */
  swapEmpty(next: string): Promise<void>;
  /** Replaced databases that are kept, newest first. */
  listKept(): Promise<(KeptDatabase & { name: string })[]>;
};

/** Stored as JSON in the COMMENT of a replaced database. */
export type KeptDatabase = { replacedAt: string; reason: 'restored' | 'undone' };

/**
 * Runs `work` under the restore lock: one restore at a time of the database at `url`. Throws
 * BackupRefusedError if another one runs or the role lacks the rights, DatabaseUnreachableError.
 */
export async function withDatabases<T>(url: string, work: (databases: Databases) => Promise<T>): Promise<T> {
  const name = databaseNameOf(url);
  return await withMaintenance(url, async (client) => {
    await takeRestoreLock(client, name);
    await requireRights(client, name);
    return await work({
      async create(id) {
        await dropLeftOvers(client, name);
        const made = restoringName(name, id);
        // Not template1: it may hold foreign objects or have another encoding.
        await client.query(`CREATE DATABASE ${pg.escapeIdentifier(made)} TEMPLATE template0 ENCODING 'UTF8'`);
        return made;
      },
      dropLeftOvers: () => dropLeftOvers(client, name),
      drop: (database) => drop(client, database),
      async swap(next, kept) {
        const before = beforeName(name, new Date(kept.replacedAt));
        await swap(client, name, next, before, kept);
        return before;
      },
      async swapEmpty(next) {
        // Named like a restoring database, so that the next restore drops it if we are killed before we do.
        const empty = restoringName(name, randomBytes(4).toString('hex'));
        await swap(client, name, next, empty, null);
        await drop(client, empty);
      },
      listKept: () => listKept(client, name),
    });
  });
}

/** Throws BackupRefusedError if the user can connect to ours alone, as is usual with hosted PostgreSQL. */
async function withMaintenance<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const own = databaseNameOf(url);
  for (const name of MAINTENANCE) {
    if (name === own) continue;
    const other = urlOfDatabase(url, name);
    const isThere = await withClient(other, async () => true).catch(() => false);
    if (isThere) return await withClient(other, work);
  }
  // Throws DatabaseUnreachableError if the server itself can't be reached.
  await withClient(url, async () => {});
  throw hasNoPlace(
    `The database’s user gets into no database but its own (${MAINTENANCE.join(', ')} would do)`,
  );
}

async function takeRestoreLock(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT pg_try_advisory_lock(hashtextextended('smoocho restore ' || $1, 0)) AS mine`,
    [name],
  );
  if (!rows[0].mine) throw new BackupRefusedError('Another restore of this database is under way.');
}

const RIGHTS = `
  SELECT r.rolsuper OR (r.rolcreatedb AND pg_has_role(d.datdba, 'USAGE')) AS may
  FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = $1`;

async function requireRights(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ may: boolean }>(RIGHTS, [name]);
  if (rows[0]?.may) return;
  throw hasNoPlace('The database’s user may not create databases');
}

const hasNoPlace = (reason: string) =>
  new BackupRefusedError(
    `${reason}, as is usual where PostgreSQL is rented. Make an empty database there, and restore into it: --into postgres://user:password@host:5432/new. Nothing was changed.`,
  );

const BESIDE = 'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)';

/** Safe under the restore lock: remaining connections are backends still at work for a killed restore. */
async function dropLeftOvers(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(BESIDE, [`${baseOf(name)}_restoring_`]);
  for (const { name: other } of rows) {
    if (isRestoring(name, other))
      await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(other)} (FORCE)`);
  }
}

async function drop(client: pg.Client, name: string): Promise<boolean> {
  try {
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)}`);
    return true;
  } catch (error) {
    if (!isInUse(error)) throw error;
    return false;
  }
}

async function swap(
  client: pg.Client,
  name: string,
  next: string,
  before: string,
  kept: KeptDatabase | null,
): Promise<void> {
  const [current, other, aside] = [name, next, before].map((text) => pg.escapeIdentifier(text));
  try {
    await client.query('BEGIN');
    await client.query(`ALTER DATABASE ${current} RENAME TO ${aside}`);
    await client.query(`ALTER DATABASE ${other} RENAME TO ${current}`);
    if (kept) await client.query(`COMMENT ON DATABASE ${aside} IS ${pg.escapeLiteral(JSON.stringify(kept))}`);
    await client.query(`COMMENT ON DATABASE ${current} IS NULL`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    if (!isInUse(error)) throw error;
    throw new BackupRefusedError(
      'Something is connected to the database: a server, another command or psql. End it and start the restore again. Nothing was changed.',
    );
  }
}

const KEPT = `
  SELECT datname AS name, shobj_description(oid, 'pg_database') AS note FROM pg_database
  WHERE starts_with(datname, $1) ORDER BY datname DESC`;

async function listKept(client: pg.Client, name: string): Promise<(KeptDatabase & { name: string })[]> {
  const { rows } = await client.query<{ name: string; note: string | null }>(KEPT, [
    `${baseOf(name)}_before_`,
  ]);
  return rows.flatMap((row) => {
    const kept = isBefore(name, row.name) ? parseNote(row.note) : undefined;
    return kept ? [{ ...kept, name: row.name }] : [];
  });
}

/** Undefined for a database that has such a name but was not kept by a restore. */
function parseNote(note: string | null): KeptDatabase | undefined {
  try {
    const { replacedAt, reason } = JSON.parse(note ?? 'null') ?? {};
    return typeof replacedAt === 'string' && (reason === 'restored' || reason === 'undone')
      ? { replacedAt, reason }
      : undefined;
  } catch {
    return undefined;
  }
}
