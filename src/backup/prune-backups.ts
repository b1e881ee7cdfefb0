import type { BackupConfig, Config } from '../config.ts';
import { ArchiveError } from './errors.ts';
import { listArchives, localCopy, type Place, removeArchive, type StoredArchive } from './places.ts';
import type { OnProgress } from './progress.ts';
import { keptArchives } from './retention.ts';
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

export type Pruned = { kept: StoredArchive[]; removed: StoredArchive[]; verified: StoredArchive | null };

/**
 * Takes away archives that the rules don't keep, the oldest first. Before it does, the newest of those that stay is read back; it
 * goes on only when that one is sound, so that the last good one can't be among those that go. Throws ArchiveError when it is not.
 */
export async function pruneBackups(options: PruneOptions): Promise<Pruned> {
  const { config, place, keep, timezone, isDryRun } = options;
  const archives = await listArchives(config, place);
  const kept = keptArchives(archives, keep, timezone);
  const removed = archives.filter((archive) => !kept.includes(archive)).reverse();
  const [newest] = kept;
  if (removed.length === 0 || !newest) return { kept, removed: [], verified: null };
  if (isDryRun) return { kept, removed, verified: null };
  await requireGood(newest, options);
  for (const archive of removed) await removeArchive(config, place, archive);
  return { kept, removed, verified: newest };
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
