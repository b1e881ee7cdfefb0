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
  /** For what has to come from a bucket. */
  folder: string;
  now: Date;
  isDryRun: boolean;
  onProgress: OnProgress;
};

export type Pruned = {
  kept: StoredArchive[];
  removed: StoredArchive[];
  /** Of other shops in the same place, or of a machine that is gone: no key at hand opens them, and they are left alone. */
  others: StoredArchive[];
  verified: StoredArchive | null;
};

/**
 * Takes away archives of this box that the rules don't keep, the oldest first; those that are dated after now stay. Before it does,
 * the newest of those that stay is read back, and the newest encrypted one where that is another; it goes on only when they are
 * sound, so that the last good one can't be among those that go. Throws ArchiveError when one is not.
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

/** The same in several places; what fails in one holds up no other, and is thrown when all had their turn. */
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
