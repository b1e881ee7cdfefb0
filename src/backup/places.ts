import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Config, ConfigError } from '../config.ts';
import { openS3, type S3 } from '../storage/s3.ts';
import {
  archiveTime,
  listArchiveFiles,
  openDraft,
  prepareFolder,
  readFileBytes,
  removeStaleDrafts,
} from './archive/archive-file.ts';
import { ArchiveError } from './errors.ts';
import type { OnProgress } from './progress.ts';

/** Where archives are: a folder of this machine, or what begins with a prefix in a bucket of an S3 server. */
export type Place = { kind: 'folder'; folder: string } | { kind: 's3'; bucket: string; prefix: string };

export type StoredArchive = { name: string; location: string; sizeBytes: number; madeAt: Date };

export const backupsFolder = (home: string) => join(home, 'backups');

const S3_ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/;

/** A folder, or `s3://bucket/prefix`. */
export function parsePlace(text: string): Place {
  const [, bucket, prefix = ''] = S3_ADDRESS.exec(text) ?? [];
  if (bucket) return { kind: 's3', bucket, prefix: prefix.replace(/\/+$/, '') };
  if (!text.startsWith('s3:')) return { kind: 'folder', folder: resolve(text) };
  throw new ConfigError(`${text} is not an address like s3://bucket/prefix.`);
}

/** Where backups of this home go, unless a command says otherwise. */
export const usualPlace = ({ home, backup }: Pick<Config, 'home' | 'backup'>): Place =>
  parsePlace(backup.to ?? backupsFolder(home));

export const describePlace = (place: Place) =>
  place.kind === 'folder' ? place.folder : `s3://${[place.bucket, place.prefix].filter(Boolean).join('/')}`;

const keyOf = (prefix: string, name: string) => (prefix === '' ? name : `${prefix}/${name}`);

async function withBucket<T>(
  { s3Server }: Pick<Config, 's3Server'>,
  bucket: string,
  work: (s3: S3) => Promise<T>,
): Promise<T> {
  if (!s3Server) {
    throw new ConfigError(
      'Nothing is known of an S3 server. Set S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY, or name a folder.',
    );
  }
  const opened = await openS3({ ...s3Server, bucket });
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

/** The archives of a place, the newest first; drafts and other files are not among them. */
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

export async function removeArchive(
  config: Pick<Config, 's3Server'>,
  place: Place,
  { name, location }: StoredArchive,
) {
  if (place.kind === 'folder') await rm(location);
  else await withBucket(config, place.bucket, (s3) => s3.remove(keyOf(place.prefix, name)));
}

/**
 * Brings a file into a bucket, and reads it back from there before it counts. What arrived otherwise is removed again. Throws
 * StoreUnavailableError, ArchiveError.
 */
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
  const found = await s3.getStream(key);
  if (!found) throw new ArchiveError('foreign', `There is no ${key} in the bucket.`);
  for await (const piece of found.body as AsyncIterable<Buffer>) {
    onBytes(piece.length);
    yield piece;
  }
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
}

/**
 * The archive at a location as a file of this machine: itself, or a copy in `folder`, which `release` removes. Throws ArchiveError
 * for one that is not there.
 */
export async function localCopy(
  config: Pick<Config, 's3Server'>,
  location: string,
  folder: string,
  onProgress: OnProgress,
  now: Date,
): Promise<{ file: string; release(): Promise<void> }> {
  const [, bucket, key] = S3_ADDRESS.exec(location) ?? [];
  if (!bucket) return { file: resolve(location), release: async () => {} };
  if (!key)
    throw new ConfigError(
      `${location} names no archive. See which there are: smoocho backup list --to s3://${bucket}`,
    );
  await prepareFolder(folder);
  await removeStaleDrafts(folder, now);
  const draft = await openDraft(join(folder, basename(key)));
  try {
    await withBucket(config, bucket, async (s3) => {
      const found = await s3.stat(key);
      if (!found) throw new ArchiveError('foreign', `There is no ${location}.`);
      let done = 0;
      const bytes = bytesOf(s3, key, (read) => {
        done += read;
        onProgress({ phase: 'downloading', done, total: found.sizeBytes, note: '' });
      });
      await pipeline(bytes, async (pieces) => {
        for await (const piece of pieces) await draft.sink.write(piece as Uint8Array);
      });
    });
  } catch (error) {
    await draft.discard();
    throw error;
  }
  await draft.sink.datasync();
  // It keeps the name of a draft: no list shows it, and what a crash leaves is taken away.
  return { file: draft.path, release: draft.discard };
}
