import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type Config, ConfigError } from '../config.ts';
import { openS3, type S3 } from '../storage/s3.ts';
import {
  archiveTime,
  type Draft,
  listArchiveFiles,
  openFetched,
  prepareFolder,
  readFileBytes,
  readStart,
  removeStaleDrafts,
} from './archive/archive-file.ts';
import { isEncryptedStart, isPlainStart, MAX_AGE_HEADER_BYTES } from './archive/archive-reader.ts';
import { opensWith } from './archive/encryption.ts';
import { ArchiveError, BackupRefusedError } from './errors.ts';
import { inFolder, isClosedOrGone, requireFile } from './file-faults.ts';
import type { OnProgress } from './progress.ts';
import { requireRoom } from './room.ts';

/** Where archives are stored: a folder of this machine, or a prefix in a bucket of an S3 server. */
export type Place = { kind: 'folder'; folder: string } | { kind: 's3'; bucket: string; prefix: string };

export type StoredArchive = { name: string; location: string; sizeBytes: number; madeAt: Date };

/** An archive that opens here: an available key fits, or it is plain. */
export type OwnArchive = StoredArchive & { isPlain: boolean };

export const backupsFolder = (home: string) => join(home, 'backups');

const S3_ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/;

const ADDRESS = /^(s3:|[a-z][a-z0-9+.-]+:\/\/)/i;

/** Parses a folder, or `s3://bucket/prefix`. Throws ConfigError. */
export function parsePlace(text: string): Place {
  const [, bucket, prefix = ''] = S3_ADDRESS.exec(text) ?? [];
  // Drop empty parts: some servers do too, then list nothing under the original prefix, and the backup is
  // never found again.
  const parts = prefix.split('/').filter((part) => part !== '');
  const isPath = parts.some((part) => part === '.' || part === '..');
  if (bucket && !isPath) return { kind: 's3', bucket, prefix: parts.join('/') };
  // An unset variable in a script would otherwise mean the current folder.
  if (text.trim() === '') throw new ConfigError('No place is named. Name a folder, or s3://bucket/prefix.');
  if (!ADDRESS.test(text)) return { kind: 'folder', folder: resolve(text) };
  throw new ConfigError(
    `${text} is no place for backups. Name a folder, or a bucket like s3://bucket/prefix, in small letters.`,
  );
}

/**
 * All places of this home's backups: the configured one, and its own folder, for those before a restore or an
 * upgrade.
 */
export function allPlaces(config: Pick<Config, 'home' | 'backup'>): Place[] {
  const [usual, own] = [findPlace(config, undefined), parsePlace(backupsFolder(config.home))];
  return describePlace(usual) === describePlace(own) ? [usual] : [usual, own];
}

/**
 * Returns the place that an option names, or the configured one. Throws BackupRefusedError if the folder is
 * missing: if a disk is not mounted, the folder would be created on this machine's own disk, and lost with
 * it.
 */
export function findPlace(config: Pick<Config, 'home' | 'backup'>, to: unknown): Place {
  const place = parsePlace(typeof to === 'string' ? to : (config.backup.to ?? backupsFolder(config.home)));
  if (place.kind === 'folder' && place.folder !== backupsFolder(config.home)) {
    requireFolder(place.folder);
    requireNotAtWork(place.folder, config.home);
  }
  return place;
}

/** Folders of the home that the program cleans up or deletes by itself. */
const AT_WORK = ['audit-heads', 'demo', 'images', 'postgres', 'secrets', 'uploads'];

/** Throws BackupRefusedError for a folder in these: backups would be deleted at a start or an image move. */
function requireNotAtWork(folder: string, home: string): void {
  const real = realpathSync(folder);
  const part = AT_WORK.find((name) => {
    const path = join(home, name);
    const way = existsSync(path) ? relative(realpathSync(path), real) : '..';
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  });
  if (!part) return;
  throw new BackupRefusedError(
    `${folder} is where Smoocho keeps other things (${join(home, part)}), and no place for backups. Name another folder, on another disk if there is one.`,
  );
}

function requireFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  throw new BackupRefusedError(
    found
      ? `${folder} is no folder. Move that away, or name another folder: --to FOLDER.`
      : `There is no folder ${folder}. If it is on a disk of its own, see that it is mounted; else make it: mkdir -p ${folder}`,
  );
}

export const describePlace = (place: Place) =>
  place.kind === 'folder' ? place.folder : `s3://${[place.bucket, place.prefix].filter(Boolean).join('/')}`;

const keyOf = (prefix: string, name: string) => (prefix === '' ? name : `${prefix}/${name}`);

/** The S3 server for backups. Throws ConfigError if none is configured. */
export function requireServer({ s3Server }: Pick<Config, 's3Server'>): NonNullable<Config['s3Server']> {
  if (s3Server) return s3Server;
  throw new ConfigError(
    'Nothing is known of an S3 server. Set S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY, or name a folder.',
  );
}

async function withBucket<T>(
  { s3Server }: Pick<Config, 's3Server'>,
  bucket: string,
  work: (s3: S3) => Promise<T>,
): Promise<T> {
  const opened = await openS3({ ...requireServer({ s3Server }), bucket });
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

/** Lists the archives of a place, newest first, without temporary and other files. */
export async function listArchives(config: Pick<Config, 's3Server'>, place: Place): Promise<StoredArchive[]> {
  if (place.kind === 'folder') {
    const files = await listArchiveFiles(place.folder);
    return files.map(({ path, ...file }) => ({ ...file, location: path }));
  }
  return await withBucket(config, place.bucket, async (s3) => {
    const found: StoredArchive[] = [];
    const prefix = keyOf(place.prefix, '');
    for await (const { key, sizeBytes } of s3.list(prefix)) {
      const name = key.slice(prefix.length);
      const madeAt = archiveTime(name);
      if (madeAt) found.push({ name, location: `s3://${place.bucket}/${key}`, sizeBytes, madeAt });
    }
    return found.sort((a, b) => b.madeAt.getTime() - a.madeAt.getTime());
  });
}

/**
 * Yields, in order, the archives that an available key opens or that are plain. The others belong to another
 * shop that uses the same place, or to a lost machine.
 */
export async function* archivesOfOurs(
  config: Pick<Config, 's3Server'>,
  place: Place,
  archives: StoredArchive[],
  identities: string[],
): AsyncGenerator<OwnArchive> {
  for (const archive of archives) {
    const start = await startOf(config, place, archive).catch((error) => {
      if (!isClosedOrGone(error)) throw error;
      return null;
    });
    if (start && (!isEncryptedStart(start) || (await opensWith(start, identities))))
      yield { ...archive, isPlain: isPlainStart(start) };
  }
}

/** Reads the start of an archive, which holds the age header. */
async function startOf(
  config: Pick<Config, 's3Server'>,
  place: Place,
  { name, location }: StoredArchive,
): Promise<Uint8Array> {
  if (place.kind === 'folder') return await readStart(location, MAX_AGE_HEADER_BYTES);
  return await withBucket(config, place.bucket, async (s3) => {
    const range = { start: 0, end: MAX_AGE_HEADER_BYTES - 1 };
    const pieces: Uint8Array[] = [];
    for await (const piece of (await s3.read(keyOf(place.prefix, name), range)) ?? []) pieces.push(piece);
    return Buffer.concat(pieces);
  });
}

export async function removeArchive(
  config: Pick<Config, 's3Server'>,
  place: Place,
  { name, location }: StoredArchive,
) {
  // Another prune may have deleted it first.
  if (place.kind === 'folder') await inFolder(place.folder, true, () => rm(location, { force: true }));
  else await withBucket(config, place.bucket, (s3) => s3.remove(keyOf(place.prefix, name)));
}

/** No upload takes a day; an older unfinished one was left by a killed process. */
const STALE_UPLOAD_MS = 86_400_000;

/** Uploads a file and reads it back; deletes it if it differs. Throws StoreUnavailableError, ArchiveError. */
export async function upload(
  config: Pick<Config, 's3Server'>,
  place: Extract<Place, { kind: 's3' }>,
  file: string,
  sizeBytes: number,
  onProgress: OnProgress,
): Promise<string> {
  const key = keyOf(place.prefix, basename(file));
  const location = `s3://${place.bucket}/${key}`;
  await withBucket(config, place.bucket, async (s3) => {
    onProgress({ phase: 'uploading', done: 0, total: 2 * sizeBytes, note: location });
    const before = new Date(Date.now() - STALE_UPLOAD_MS);
    const isArchive = (other: string) => archiveTime(basename(other)) !== undefined;
    // The access key may lack the right to list them; the owner's lifecycle rule then has to delete them.
    await s3.dropParts(keyOf(place.prefix, ''), before, isArchive).catch(() => {});
    await s3.putFile(key, file);
    let done = sizeBytes;
    const count = (bytes: number) => {
      done += bytes;
      onProgress({ phase: 'uploading', done, total: 2 * sizeBytes, note: location });
    };
    const [sent, arrived] = [await hashOf(readFileBytes(file)), await hashOf(bytesOf(s3, key, count))];
    if (sent === arrived) return;
    await s3.remove(key);
    throw new ArchiveError(
      'damaged',
      `What arrived at ${location} is not what was sent, and was removed again. The backup is in ${file}.`,
    );
  });
  return location;
}

async function* bytesOf(
  s3: S3,
  key: string,
  onBytes: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const found = await s3.read(key);
  if (!found) throw new ArchiveError('foreign', `There is no ${key} in the bucket.`);
  for await (const piece of found) {
    onBytes(piece.byteLength);
    yield piece;
  }
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
}

/**
 * Returns the archive at a location as a local file: the file itself, or a copy in `folder`, which `release`
 * deletes. Throws ArchiveError if it is missing, BackupRefusedError, StoreUnavailableError.
 */
export async function localCopy(
  config: Pick<Config, 's3Server'>,
  location: string,
  folder: string,
  onProgress: OnProgress,
  now: Date,
): Promise<{ file: string; release(): Promise<void> }> {
  if (!location.startsWith('s3:')) {
    await requireFile(location);
    return { file: resolve(location), release: async () => {} };
  }
  const [, bucket, key] = S3_ADDRESS.exec(location) ?? [];
  if (!bucket || !key)
    throw new ConfigError(
      `${location} names no archive: s3://bucket/key. See which there are: smoocho backup list --to s3://${bucket ?? 'BUCKET'}`,
    );
  return await withBucket(config, bucket, async (s3) => {
    const found = await s3.stat(key);
    if (!found) throw new ArchiveError('foreign', `There is no ${location}.`);
    return await inFolder(folder, false, async () => {
      await prepareFolder(folder);
      await removeStaleDrafts(folder, now);
      await requireRoom(folder, found.sizeBytes, ROOM);
      return await fetchFile(s3, key, await openFetched(folder, now), (done) =>
        onProgress({ phase: 'downloading', done, total: found.sizeBytes, note: '' }),
      );
    });
  });
}

const ROOM = { what: 'the copy of it that is read', mend: 'Free some and try again. Nothing was changed.' };

/** The copy keeps its temporary name: it is never listed, and is deleted later if a crash leaves it. */
async function fetchFile(s3: S3, key: string, draft: Draft, onDone: (doneBytes: number) => void) {
  try {
    let done = 0;
    const count = (bytes: number) => {
      done += bytes;
      onDone(done);
    };
    for await (const piece of bytesOf(s3, key, count)) await draft.sink.write(piece);
    await draft.sink.datasync();
  } catch (error) {
    await draft.discard();
    throw error;
  }
  return { file: draft.path, release: draft.discard };
}
