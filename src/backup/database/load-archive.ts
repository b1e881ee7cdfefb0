import pg from 'pg';
import { MARK_HALF_RESTORED, migrateTo, migrationStatus } from '../../database/migrate.ts';
import type { Member } from '../archive/archive-reader.ts';
import type { Manifest, Secrets } from '../archive/format.ts';
import { walkArchive } from '../archive/walk-archive.ts';
import { ArchiveError, BackupRefusedError } from '../errors.ts';
import type { OnProgress } from '../progress.ts';
import { withCopyClient } from './copy-client.ts';
import { type CopyIn, copyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import { readSchemaParts } from './schema-parts.ts';
import { readTables, SHOPS, sequenceNames } from './snapshot.ts';

export type LoadTarget = {
  /** An empty database. */
  url: string;
  onImage?: ((key: string, bytes: Uint8Array) => Promise<void>) | undefined;
  onSecrets?: ((secrets: Secrets) => void) | undefined;
  onProgress?: OnProgress | undefined;
};

/**
 * Loads an archive into an empty database, in the archive's own schema, and reads everything back. On return,
 * every table has its checksum from the manifest, and the database is marked as half restored: no server may
 * open it yet. `manifest` is of the same archive, read before. A failed load leaves no rows. Throws
 * ArchiveError, and what PostgreSQL throws.
 */
export async function loadArchive(
  archive: AsyncIterable<Member>,
  manifest: Manifest,
  target: LoadTarget,
): Promise<void> {
  await migrateTo(target.url, await countPending(target.url, manifest));
  await withCopyClient(target.url, async (client) => {
    await checkColumns(client, manifest);
    await client.query('BEGIN');
    await client.query(MARK_HALF_RESTORED);
    const parts = await readSchemaParts(client);
    for (const statement of parts.drop) await client.query(statement);
    await client.query(`TRUNCATE ${manifest.tables.map(({ name }) => pg.escapeIdentifier(name)).join(', ')}`);
    try {
      await fill(client, archive, manifest, target);
      for (const [number, statement] of parts.make.entries()) {
        target.onProgress?.({ phase: 'indexing', done: number, total: parts.make.length, note: '' });
        await client.query(statement);
      }
    } catch (error) {
      throw asArchiveError(error);
    }
    for (const { name, value, isCalled } of manifest.sequences)
      await client.query('SELECT setval($1::regclass, $2, $3)', [pg.escapeIdentifier(name), value, isCalled]);
    await client.query('COMMIT');
    await client.query('ANALYZE');
    await checkContent(client, manifest, target.onProgress);
  });
}

/** Bytes of all rows as COPY writes them. */
export const sizeOf = ({ tables }: Pick<Manifest, 'tables'>) =>
  tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Indexes take about the size of the rows again, and the WAL comes on top. */
const ROOM_FACTOR = 2.5;
/** Bytes that the rows take on a disk once loaded. */
export const roomFor = (manifest: Pick<Manifest, 'tables'>) => sizeOf(manifest) * ROOM_FACTOR;

/**
 * Counts the archive's migrations that are still to run. They must be the first ones of this program, or the
 * tables would differ from the archive's. Those that an interrupted restore has applied must be the first of
 * them.
 */
async function countPending(url: string, { migrations, version }: Manifest): Promise<number> {
  const { applied, pending } = await migrationStatus(url);
  const known = [...applied, ...pending];
  const unknown = migrations.find((name, place) => known[place] !== name);
  if (unknown !== undefined) {
    throw new ArchiveError(
      'newer',
      `Smoocho ${version} made this backup, with tables that this version does not know (${unknown}). Install Smoocho ${version} or newer, and restore it with that.`,
    );
  }
  if (applied.length <= migrations.length) return migrations.length - applied.length;
  throw new BackupRefusedError(
    'The database to restore into has tables of a later version than the backup. Make a new one, empty, and restore into that.',
  );
}

async function checkColumns(client: pg.Client, manifest: Manifest): Promise<void> {
  const shapes = new Map(
    (await readTables(client)).map((table) => [table.name, JSON.stringify(table.columns)]),
  );
  for (const { name, columns } of manifest.tables) {
    if (shapes.get(name) === JSON.stringify(columns)) shapes.delete(name);
    else
      throw new ArchiveError(
        'foreign',
        `The table ${name} of this backup is not as any version of Smoocho has it.`,
      );
  }
  const [missing] = shapes.keys();
  if (missing) throw new ArchiveError('foreign', `This backup lacks the table ${missing}.`);
  const sequences = await sequenceNames(client, manifest.tables);
  if (sequences.join() !== manifest.sequences.map(({ name }) => name).join())
    throw new ArchiveError(
      'foreign',
      'The sequences of this backup are not as any version of Smoocho has them.',
    );
}

/** SQLSTATE 22 (data of the wrong form) and 23 (constraint violated, such as an order without a shop). */
const UNFIT = /^2[23]/;

function asArchiveError(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message: string };
  if (!UNFIT.test(String(code))) return error;
  return new ArchiveError(
    'damaged',
    `The database does not take the rows of this backup (${message}). Nothing was changed. Take another backup: smoocho backup list`,
    error,
  );
}

async function fill(
  client: pg.Client,
  archive: AsyncIterable<Member>,
  manifest: Manifest,
  { onImage, onSecrets, onProgress }: LoadTarget,
): Promise<void> {
  const tables = new Map(manifest.tables.map((table) => [table.name, table]));
  let open: { name: string; copy: CopyIn } | undefined;
  const total = sizeOf(manifest);
  let doneBytes = 0;
  const close = async () => {
    await open?.copy.end();
    open = undefined;
  };
  const walked = await walkArchive(archive, {
    onSecrets: (secrets) => onSecrets?.(secrets),
    async onImage(key, bytes) {
      await close();
      await onImage?.(key, bytes);
    },
    async onRows(name, rows) {
      if (open?.name !== name) {
        await close();
        const table = tables.get(name);
        if (!table) throw new ArchiveError('damaged', 'The archive changed while it was read.');
        open = { name, copy: copyIn(client, table) };
      }
      await open.copy.write(rows);
      doneBytes += rows.byteLength;
      onProgress?.({ phase: 'loading', done: doneBytes, total, note: name });
    },
  });
  await close();
  if (walked.findings.length === 0 && JSON.stringify(walked.manifest) === JSON.stringify(manifest)) return;
  throw new ArchiveError('damaged', 'The archive changed while it was read.');
}

/** Reads every table as a backup would: the same rows in the same order give the same checksums. */
async function checkContent(client: pg.Client, manifest: Manifest, onProgress?: OnProgress): Promise<void> {
  let doneBytes = 0;
  for (const table of manifest.tables) {
    const { name, columns } = table;
    const found = await copyOut(client, { name, columns }, async ({ sizeBytes }) => {
      doneBytes += sizeBytes;
      onProgress?.({ phase: 'checking', done: doneBytes, total: sizeOf(manifest), note: name });
    });
    if (found.rows === table.rows && found.sha256 === table.sha256) continue;
    throw new ArchiveError(
      'damaged',
      `The table ${name} is not in the database as it is in the backup: ${found.rows} rows of ${table.rows}. The disk, or the memory, is not to be relied on.`,
    );
  }
  const { rows } = await client.query(SHOPS);
  if (JSON.stringify(rows) === JSON.stringify(manifest.shops)) return;
  throw new ArchiveError('damaged', 'The figures of the shops are not those of the backup.');
}
