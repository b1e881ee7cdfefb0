import type { BackupConfig, Config } from '../config.ts';
import { ArchiveError } from './errors.ts';
import {
  archivesOfOurs,
  listArchives,
  localCopy,
  type OwnArchive,
  type Place,
  removeArchive,
  type StoredArchive,
} from './places.ts';
import type { OnProgress } from './progress.ts';
import { isAhead, keptOfEachKind } from './retention.ts';
import { readBack } from './verify-backup.ts';

export type PruneOptions = {
  config: Pick<Config, 'home' | 's3Server'>;
  place: Place;
  keep: BackupConfig['keep'];
  timezone: string;
  identities: string[];
  /** Folder for downloads from a bucket. */
  folder: string;
  now: Date;
  isDryRun: boolean;
  onProgress: OnProgress;
};

export type Pruned = {
  kept: StoredArchive[];
  removed: StoredArchive[];
  /** Archives of other shops, or of a lost machine: no available key opens them, and they are left alone. */
  others: StoredArchive[];
  verified: StoredArchive | null;
};

/**
 * Deletes this machine's archives that the retention rules don't keep, oldest first; those dated in the
 * future stay. Before that, reads back the newest archive to stay, and the newest encrypted one if that is
 * another: unless they are sound, the last good one might be deleted. Throws ArchiveError if one is not.
 */
export async function pruneBackups(options: PruneOptions): Promise<Pruned> {
  const { config, place, keep, timezone, now, isDryRun } = options;
  const all = await listArchives(config, place);
  const archives: OwnArchive[] = [];
  for await (const archive of archivesOfOurs(config, place, all, options.identities)) archives.push(archive);
  const others = all.filter(({ location }) => !archives.some((own) => own.location === location));
  const ahead = archives.filter((archive) => isAhead(archive, now));
  const dated = archives.filter((archive) => !ahead.includes(archive));
  const [newest, ...older] = keptOfEachKind(dated, keep, timezone);
  const kept = [...ahead, ...(newest ? [newest, ...older] : [])];
  const removed = archives.filter((archive) => !kept.includes(archive)).reverse();
  if (removed.length === 0 || !newest) return { kept, removed: [], others, verified: null };
  if (isDryRun) return { kept, removed, others, verified: null };
  await requireGood(newest, options);
  const newestEncrypted = [newest, ...older].find(({ isPlain }) => !isPlain);
  if (newestEncrypted && newestEncrypted !== newest) await requireGood(newestEncrypted, options);
  for (const archive of removed) await removeArchive(config, place, archive);
  return { kept, removed, others, verified: newest };
}

/** Prunes several places. A failure in one does not stop the others; the first is thrown at the end. */
export async function prunePlaces(
  places: readonly Place[],
  options: Omit<PruneOptions, 'place'>,
): Promise<(Pruned & { place: Place })[]> {
  const pruned: (Pruned & { place: Place })[] = [];
  const failures: unknown[] = [];
  for (const place of places) {
    await pruneBackups({ ...options, place }).then(
      (one) => pruned.push({ ...one, place }),
      (error) => failures.push(error),
    );
  }
  if (failures.length > 0) throw failures[0];
  return pruned;
}

async function requireGood({ location }: StoredArchive, options: PruneOptions): Promise<void> {
  const { config, folder, identities, now, onProgress } = options;
  const { file, release } = await localCopy(config, location, folder, onProgress, now);
  try {
    const { findings } = await readBack(file, identities, (done, total) =>
      onProgress({ phase: 'verifying', done, total, note: location }),
    );
    if (findings.length === 0) return;
    throw new ArchiveError(
      'damaged',
      `The newest backup, ${location}, is not sound (${findings[0]?.detail}), so no other was taken away. Make a new one: smoocho backup create`,
    );
  } finally {
    await release();
  }
}
