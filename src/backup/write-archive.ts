import { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { type Config, ConfigError } from '../config.ts';
import { type KeyRow, READ_KEYS } from '../core/keys/key-rows.ts';
import { masterKeyFingerprint, WrongKeyError } from '../core/keys/master-key.ts';
import { findMasterKey } from '../core/keys/ring.ts';
import type { Draft } from './archive/archive-file.ts';
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
import { archivedAuthority } from './authority.ts';
import { copyOut, type Part } from './database/copy-out.ts';
import { beginSnapshot, readSnapshot, type Snapshot } from './database/snapshot.ts';
import { openSnapshotImages, type SnapshotImages } from './images.ts';
import type { BoxKey } from './keys.ts';
import type { OnProgress } from './progress.ts';
import { requireRoom } from './room.ts';

/** What to back up. Not an App: an older schema is backed up before it is migrated. */
export type BackupSource = {
  config: Pick<Config, 'home' | 'masterKey' | 'backup' | 's3' | 'imageStore'>;
  databaseUrl: string;
  now(): Date;
};

/** Lowest compression ratio to expect: usually over 10, but a shop that has room must not be refused. */
const LEAST_RATIO = 4;
const ROOM = { what: 'a backup', mend: 'Free some, or name another disk: --to FOLDER.' };

export type Writing = {
  header: Header;
  own: BoxKey | null;
  draft: Draft;
  folder: string;
  onProgress: OnProgress;
};

/** Writes the archive into a temporary file, returns its manifest. Throws what disk and database throw. */
export async function writeArchive(
  client: Client,
  source: BackupSource,
  writing: Writing,
): Promise<Manifest> {
  const { header, own, draft, folder, onProgress } = writing;
  const snapshot = await readSnapshot(client, await beginSnapshot(client));
  const images = await openSnapshotImages(client, source.config);
  const imageBytes = images.list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await requireRoom(folder, snapshot.sizeBytes / LEAST_RATIO + imageBytes, ROOM);
  const masterKey = await readMasterKey(client, source, snapshot, own !== null);
  const { recoveryRecipient } = source.config.backup;
  const recipients = own ? [own.recipient, ...(recoveryRecipient ? [recoveryRecipient] : [])] : [];
  const writer = openWriter(draft.sink, recipients, new Date(header.createdAt));
  try {
    await writer.add(members.readme, readme(own !== null));
    await writer.add(members.header, toJson(header));
    if (own) await writer.add(members.secrets, toJson(secretsOf(masterKey, source.config.home)));
    const tables = await writeTables(client, snapshot, writer, onProgress);
    // End the snapshot before reading images, perhaps from far away: an open one blocks PostgreSQL's cleanup.
    await client.query('COMMIT');
    const { kept, missing } = await writeImages(images, writer);
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
 * Returns the master key that wraps the keys in this snapshot. Throws WrongKeyError if this machine has
 * another one: the backup would be useless anywhere. A plain archive holds no key, so it gets `unknown`.
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

const secretsOf = (masterKey: KeyObject | 'unknown' | null, home: string): Secrets => ({
  masterKey: masterKey instanceof KeyObject ? masterKey.export().toString('base64url') : null,
  tlsAuthority: archivedAuthority(home),
});

/** Rest for this multiple of the reading time: PostgreSQL then reads for us on a third of a core at most. */
const REST_SHARE = 2;
/** Caps the rest, so that a stalled disk does not also cause a long one. */
const MAX_REST_MS = 100;

/** Paces reads while a server takes orders from the same database, which has no priorities per connection. */
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
  const rest = isServed ? restAfter(REST_SHARE) : undefined;
  for (const table of tables) {
    const onPart = async (part: Part, number: number) => {
      await writer.add(tableMember(table.name, number), part.pieces);
      done += part.sizeBytes;
      onProgress({ phase: 'reading', done, total, note: table.name });
    };
    written.push(await copyOut(client, table, onPart, rest));
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
