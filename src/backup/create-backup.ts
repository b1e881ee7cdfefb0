import { createHash, KeyObject } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { type Config, ConfigError } from '../config.ts';
import { type KeyRow, READ_KEYS } from '../core/keys/key-rows.ts';
import { masterKeyFingerprint, WrongKeyError } from '../core/keys/master-key.ts';
import { findMasterKey } from '../core/keys/ring.ts';
import { version } from '../version.ts';
import {
  archiveName,
  freeBytes,
  openDraft,
  prepareFolder,
  readFileBytes,
  removeStaleDrafts,
} from './archive/archive-file.ts';
import { readMembers } from './archive/archive-reader.ts';
import { type ArchiveWriter, openWriter } from './archive/archive-writer.ts';
import {
  type ArchivedImage,
  type ArchivedTable,
  FORMAT,
  type Header,
  imageMember,
  type Manifest,
  members,
  readme,
  type Secrets,
  tableMember,
} from './archive/format.ts';
import { type Walked, walkArchive } from './archive/walk-archive.ts';
import { withCopyClient } from './database/copy-client.ts';
import { copyOut } from './database/copy-out.ts';
import { beginSnapshot, readSnapshot, type Snapshot } from './database/snapshot.ts';
import { ArchiveError, BackupRefusedError } from './errors.ts';
import { holdImages, openSnapshotImages, type SnapshotImages } from './images.ts';
import { type BoxKey, boxKey } from './keys.ts';
import { takeBackupLock } from './lock.ts';
import { backupsFolder } from './places.ts';
import type { OnProgress } from './progress.ts';

/** What is backed up. No App: an older schema is backed up too, before it is migrated. */
export type BackupSource = {
  config: Pick<Config, 'home' | 'masterKey' | 'backup' | 's3' | 'imageStore'>;
  databaseUrl: string;
  now(): Date;
};

export type CreateOptions = {
  /** Where the archive goes; the home's own `backups` if not said. */
  folder?: string | undefined;
  isPlain?: boolean;
  onProgress?: OnProgress;
};

export type CreatedBackup = {
  id: string;
  file: string;
  sizeBytes: number;
  encrypted: boolean;
  verifiedAt: string;
  /** Of the first shop; null before there is one. */
  epoch: string | null;
  /** Over what is in it: two archives of the same data have the same. */
  fingerprint: string;
  shops: { code: string; orders: number; total: string }[];
  missingImages: string[];
};

/** Room that is left to the tills: PostgreSQL stops when its disk is full. */
const RESERVE_BYTES = 64 * 1024 * 1024;
/** Rows shrink to a tenth and less; a tight guess would refuse shops that have room. */
const LEAST_RATIO = 4;

/**
 * Makes an archive of the database and its pictures as they are at one moment, while everything goes on; reads it back and holds
 * it against what was written before it gets its name. Throws BackupRefusedError, ArchiveError for a file that does not read
 * back, and what the disk and the database throw; nothing is left of it then.
 */
export async function createBackup(
  source: BackupSource,
  options: CreateOptions = {},
): Promise<CreatedBackup> {
  const folder = resolve(options.folder ?? backupsFolder(source.config.home));
  const { onProgress = () => {} } = options;
  const own = options.isPlain ? null : await boxKey(source.config.home);
  return await withCopyClient(source.databaseUrl, async (client) => {
    await takeBackupLock(client);
    await holdImages(client);
    await prepareFolder(folder);
    await removeStaleDrafts(folder, source.now());
    const id = uuidv7();
    const createdAt = source.now();
    const header: Header = { format: FORMAT, id, createdAt: createdAt.toISOString(), version };
    const file = join(folder, archiveName(createdAt, id));
    const draft = await openDraft(file);
    try {
      const written = await writeArchive(client, source, { header, own, draft, folder, onProgress });
      const total = draft.sizeBytes();
      let done = 0;
      const bytes = readFileBytes(draft.path, (read) => {
        done += read;
        onProgress({ phase: 'verifying', done, total, note: '' });
      });
      checkReadBack(await walkArchive(readMembers(bytes, own ? [own.identity] : [])), written);
      await draft.publish();
      return describe(written, file, total, own !== null, source.now());
    } catch (error) {
      await draft.discard();
      throw asRefused(error, folder);
    }
  });
}

type Writing = {
  header: Header;
  own: BoxKey | null;
  draft: Awaited<ReturnType<typeof openDraft>>;
  folder: string;
  onProgress: OnProgress;
};

async function writeArchive(client: Client, source: BackupSource, writing: Writing): Promise<Manifest> {
  const { header, own, draft, folder, onProgress } = writing;
  await beginSnapshot(client);
  const snapshot = await readSnapshot(client);
  const images = await openSnapshotImages(client, source.config);
  const imageBytes = images.list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await requireRoom(folder, snapshot.sizeBytes / LEAST_RATIO + imageBytes);
  const masterKey = await readMasterKey(client, source, snapshot, own !== null);
  const { recoveryRecipient } = source.config.backup;
  const recipients = own ? [own.recipient, ...(recoveryRecipient ? [recoveryRecipient] : [])] : [];
  const writer = openWriter(draft.sink, recipients, new Date(header.createdAt));
  try {
    await writer.add(members.readme, readme(own !== null));
    await writer.add(members.header, toJson(header));
    if (own) await writer.add(members.secrets, toJson(secretsOf(masterKey)));
    const tables = await writeTables(client, snapshot, writer, onProgress);
    const { kept, missing } = await writeImages(images, writer);
    await client.query('COMMIT');
    const manifest: Manifest = {
      format: FORMAT,
      id: header.id,
      createdAt: header.createdAt,
      version: header.version,
      postgres: snapshot.postgres,
      migrations: snapshot.migrations,
      masterKey: masterKey === 'unknown' ? masterKey : masterKey && masterKeyFingerprint(masterKey),
      hasSecrets: own !== null,
      recoveryRecipient,
      shops: snapshot.shops,
      tables,
      sequences: snapshot.sequences,
      images: kept,
      missingImages: missing,
      auditHeads: snapshot.auditHeads,
    };
    await writer.add(members.manifest, toJson(manifest));
    await writer.finish();
    return manifest;
  } catch (error) {
    await writer.abandon(error as Error);
    throw error;
  } finally {
    images.close();
  }
}

const toJson = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`;

/**
 * The key that the rows of this moment are wrapped with. Throws WrongKeyError when the box has another one, for a backup that could
 * not be used anywhere; a plain one has no key in it anyhow.
 */
async function readMasterKey(
  client: Client,
  { config }: BackupSource,
  { tables }: Snapshot,
  isNeeded: boolean,
): Promise<KeyObject | 'unknown' | null> {
  if (!tables.some(({ name }) => name === 'keys')) return null;
  const { rows } = await client.query<KeyRow>(READ_KEYS);
  if (rows.length === 0) return null;
  try {
    return findMasterKey(rows, config.masterKey).key;
  } catch (error) {
    if (isNeeded || !(error instanceof WrongKeyError || error instanceof ConfigError)) throw error;
    return 'unknown';
  }
}

const secretsOf = (masterKey: KeyObject | 'unknown' | null): Secrets => ({
  masterKey: masterKey instanceof KeyObject ? masterKey.export().toString('base64url') : null,
});

async function requireRoom(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= neededBytes + RESERVE_BYTES) return;
  throw noRoom(folder, free);
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000)} MB`;

const noRoom = (folder: string, free: number) =>
  new BackupRefusedError(
    `There is too little room for a backup in ${folder}: ${megabytes(free)} are free. Free some, or name another disk: --to FOLDER.`,
  );

function asRefused(error: unknown, folder: string): unknown {
  const { code } = error as { code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' ? noRoom(folder, 0) : error;
}

/** Of the time that reading took, so much is rested: PostgreSQL then reads for us on a third of a core at most. */
const REST_SHARE = 2;
/** A pause of a disk that was slow is no reason for another one. */
const MAX_REST_MS = 100;

/** While a server sells from the same database, which can't be told to put us last. */
function restAfter(share: number): () => Promise<void> {
  let since = performance.now();
  return async () => {
    await sleep(Math.min(MAX_REST_MS, (performance.now() - since) * share));
    since = performance.now();
  };
}

async function writeTables(
  client: Client,
  { tables, sizeBytes: total, isServed }: Snapshot,
  writer: ArchiveWriter,
  onProgress: Writing['onProgress'],
): Promise<ArchivedTable[]> {
  const written: ArchivedTable[] = [];
  let done = 0;
  const rest = isServed ? restAfter(REST_SHARE) : async () => {};
  for (const table of tables) {
    written.push(
      await copyOut(client, table, async (part, number) => {
        await writer.add(tableMember(table.name, number), part.pieces);
        await rest();
        done += part.sizeBytes;
        onProgress({ phase: 'reading', done, total, note: table.name });
      }),
    );
  }
  return written;
}

async function writeImages(images: SnapshotImages, writer: ArchiveWriter) {
  const kept: ArchivedImage[] = [];
  const missing: string[] = [];
  for (const image of images.list) {
    const bytes = await images.read(image);
    if (!bytes) {
      missing.push(image.key);
      continue;
    }
    await writer.add(imageMember(image.key), bytes);
    kept.push(image);
  }
  return { kept, missing };
}

/** What came back from the disk has to be what was sent there: nobody would otherwise know before the day on which it counts. */
function checkReadBack({ manifest, findings }: Walked, written: Manifest): void {
  const isSame = JSON.stringify(manifest) === JSON.stringify(written);
  if (isSame && findings.length === 0) return;
  throw new ArchiveError(
    'damaged',
    `The backup does not read back as it was written (${findings[0]?.subject ?? 'manifest.json'}): the disk, or the memory, is not to be relied on. Nothing was kept. Try another disk: --to FOLDER.`,
  );
}

/** The same for the same rows and pictures, whoever made it, wherever and when. */
export function fingerprintOf({ tables, images }: Pick<Manifest, 'tables' | 'images'>): string {
  const lines = [
    ...tables.map(({ name, rows, sha256 }) => `${name} ${rows} ${sha256}`),
    ...images.map(({ key, sha256 }) => `${key} ${sha256}`),
  ];
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

const describe = (
  manifest: Manifest,
  file: string,
  sizeBytes: number,
  encrypted: boolean,
  at: Date,
): CreatedBackup => ({
  id: manifest.id,
  file,
  sizeBytes,
  encrypted,
  verifiedAt: at.toISOString(),
  epoch: manifest.shops[0]?.epoch ?? null,
  fingerprint: fingerprintOf(manifest),
  shops: manifest.shops.map(({ code, orders, total }) => ({ code, orders, total })),
  missingImages: manifest.missingImages,
});
