import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { withClient } from '../../database/migrate.ts';
import { BackupRefusedError } from '../errors.ts';

/** PostgreSQL's own limit on a name, and room for what is put behind it. */
const MAX_BASE_BYTES = 63 - 28;
const IN_USE = '55006';
/** Another database of the same server, to do to ours what can't be done from inside of it; every server has the second. */
const MAINTENANCE = ['postgres', 'template1'];

/** The name of the database that a URL leads to, as the driver finds it: without one, it is the user's. */
export const databaseNameOf = (url: string) =>
  new pg.Client({ connectionString: url }).database ?? 'postgres';

/** The same server and role, another database. */
export function urlOfDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(name)}`;
  return other.href;
}

/** What the names of databases beside one begin with: its name, or of a long one its beginning with what tells it from others. */
export function baseOf(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BASE_BYTES) return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const start = Buffer.from(name).subarray(0, MAX_BASE_BYTES - mark.length - 1);
  // A letter that was cut in two is left out.
  return `${start.toString('utf8').replace(/\ufffd+$/, '')}_${mark}`;
}
const restoringName = (name: string, id: string) => `${baseOf(name)}_restoring_${id.slice(-8)}`;
const beforeName = (name: string, at: Date) =>
  `${baseOf(name)}_before_${at.toISOString().replace(/\D/g, '').slice(0, 17)}`;

/** Of a database of another name that begins with ours, everything is left alone. */
const isRestoring = (name: string, other: string) =>
  /^_restoring_[0-9a-f]{8}$/.test(other.slice(baseOf(name).length));
const isBefore = (name: string, other: string) => /^_before_\d{17}$/.test(other.slice(baseOf(name).length));

/** What a restore does to the databases of a server. All of it from outside of ours. */
export type Databases = {
  /** A new one, empty, beside ours. Those that killed restores left are gone. */
  create(id: string): Promise<string>;
  /** Drops those that killed restores left, whoever is still connected to them. */
  dropLeftOvers(): Promise<void>;
  /** False where somebody looks at it. */
  drop(name: string): Promise<boolean>;
  /** Puts `next` in the place of ours, in one step, and keeps ours beside it; gives the name that it has then. */
  swap(next: string, kept: KeptDatabase): Promise<string>;
  /** The same where ours is empty, and nothing to go back to: it is dropped. */
  swapEmpty(next: string): Promise<void>;
  /** Those that were replaced, the newest first. */
  listKept(): Promise<(KeptDatabase & { name: string })[]>;
};

/** What stands with a database that was replaced. */
export type KeptDatabase = { replacedAt: string; reason: 'restored' | 'undone' };

/**
 * One restore at a time of the database at `url`. Throws BackupRefusedError where the role may not do it, DatabaseUnreachableError.
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
        // What somebody put into the usual template is not ours, and may be of another encoding.
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
        // Cut off before it is dropped, it counts as what a killed restore left.
        const empty = restoringName(name, randomBytes(4).toString('hex'));
        await swap(client, name, next, empty, null);
        await drop(client, empty);
      },
      listKept: () => listKept(client, name),
    });
  });
}

/** Throws BackupRefusedError where ours is the only one that the user gets into, as is usual where PostgreSQL is rented. */
async function withMaintenance<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const own = databaseNameOf(url);
  for (const name of MAINTENANCE) {
    if (name === own) continue;
    const other = urlOfDatabase(url, name);
    const isThere = await withClient(other, async () => true).catch(() => false);
    if (isThere) return await withClient(other, work);
  }
  // It says so where the server itself can't be reached.
  await withClient(url, async () => {});
  throw mayMakeNone();
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
  throw mayMakeNone();
}

const mayMakeNone = () =>
  new BackupRefusedError(
    'The database’s user may not create databases, as is usual where PostgreSQL is rented. Make an empty database there, and restore into it: --into postgres://user:password@host:5432/new. Nothing was changed.',
  );

const BESIDE = 'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)';

/** With the lock nobody else fills one: who is connected is what PostgreSQL still does for one that was killed. */
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
    if ((error as { code?: unknown }).code !== IN_USE) throw error;
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
    if ((error as { code?: unknown }).code !== IN_USE) throw error;
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

/** Undefined for a database of that name that no restore put aside. */
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
