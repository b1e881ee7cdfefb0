import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { StoreUnavailableError } from '../storage/errors.ts';
import { type CreatedBackup, createBackup } from './create-backup.ts';
import { findBoxKey } from './keys.ts';
import {
  archivesOfOurs,
  backupsFolder,
  listArchives,
  type OwnArchive,
  type Place,
  removeArchive,
  requireServer,
  upload,
} from './places.ts';
import type { OnProgress } from './progress.ts';
import { isAhead, keptOfEachKind } from './retention.ts';
import type { BackupSource } from './write-archive.ts';

/** A source with the S3 server of its bucket, if it uses one. */
export type PlacedSource = BackupSource & { config: Pick<Config, 's3Server'> };

export type PlaceOptions = { isPlain: boolean; timezone: string; onProgress: OnProgress };

/**
 * Makes a backup in its place. For a bucket, the local file stays until the upload was read back. Files that
 * could not be sent are pruned by the retention rules: a bucket that is unreachable for weeks must not fill
 * the disk that the tills need. Throws what `createBackup` throws, StoreUnavailableError.
 */
export async function createInPlace(
  source: PlacedSource,
  place: Place,
  { timezone, ...options }: PlaceOptions,
): Promise<CreatedBackup> {
  if (place.kind === 'folder') return await createBackup(source, { ...options, folder: place.folder });
  requireServer(source.config);
  const created = await createBackup(source, options);
  try {
    const location = await upload(source.config, place, created.file, created.sizeBytes, options.onProgress);
    await rm(created.file);
    return { ...created, file: location };
  } catch (error) {
    await dropOlder(source, created.file, timezone).catch(() => {});
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new StoreUnavailableError(error.code, `${error.message} The backup stays in ${created.file}.`);
  }
}

/** Deletes what the rules don't keep beside the new archive, which was read back already. */
async function dropOlder({ config, now }: PlacedSource, newest: string, timezone: string): Promise<void> {
  const place: Place = { kind: 'folder', folder: backupsFolder(config.home) };
  const box = await findBoxKey(config.home);
  const archives: OwnArchive[] = [];
  const all = await listArchives(config, place);
  for await (const archive of archivesOfOurs(config, place, all, box ? [box.identity] : []))
    if (!isAhead(archive, now())) archives.push(archive);
  const kept = keptOfEachKind(archives, config.backup.keep, timezone);
  for (const archive of archives) {
    const stays = kept.includes(archive) || resolve(archive.location) === resolve(newest);
    if (!stays) await removeArchive(config, place, archive);
  }
}
