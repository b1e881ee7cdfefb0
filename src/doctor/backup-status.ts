import { join } from 'node:path';
import type { EntityManager } from '@mikro-orm/postgresql';
import { isOverdue, nextTime } from '../backup/due.ts';
import { waitsSince } from '../backup/job-states.ts';
import type { Config } from '../config.ts';
import type { BackupStatus } from '../contract/command-answers/doctor.ts';
import { type BackupRun, lastBackupRuns, viewLastBackups } from '../core/attention/backup-runs.ts';
import { findLastRestore } from '../core/epochs/find-epoch.ts';
import { isInUse } from '../core/status/is-in-use.ts';

type Options = { config: Pick<Config, 'home' | 'backup'>; timezone: string; now: Date };

/** What is shown, and what only checks judge. */
export type BackupHistory = {
  status: BackupStatus;
  isDrillOverdue: boolean;
  /** The last failed backup and trial restore, if none succeeded since. */
  failed: Record<'backup' | 'drill', BackupStatus['lastFailure']>;
  /** Whether there is something to lose: see `isInUse`. */
  isInUse: boolean;
};

/** When backups were made, what of, and when the next one is due. */
export async function readBackupHistory(
  em: EntityManager,
  { config: { home, backup }, timezone, now }: Options,
): Promise<BackupHistory> {
  const last = await lastBackupRuns(em);
  const { recoveryRecipient, to, ...schedules } = backup;
  const next = (cron: string | null) => (cron && nextTime(cron, timezone, now)?.toISOString()) || null;
  const isLate = async (cron: string | null, run: BackupRun | null, job: string) => {
    const since = run?.startedAt ?? (await waitsSince(em, job));
    return Boolean(cron && since && isOverdue(cron, timezone, since, now));
  };
  const { succeeded } = last.create;
  const failed = { backup: viewFailure(last.create), drill: viewFailure(last.drill) };
  const status: BackupStatus = {
    ...viewLastBackups(last),
    ...schedules,
    restoredAt: (await findLastRestore(em))?.toISOString() ?? null,
    to: to ?? join(home, 'backups'),
    file: succeeded?.file ?? null,
    sizeBytes: succeeded?.sizeBytes ?? null,
    lastFailure: failed.backup ?? failed.drill,
    hasRecoveryKey: recoveryRecipient !== null,
    nextAt: next(schedules.schedule),
    nextDrillAt: next(schedules.drill),
    isOverdue: await isLate(schedules.schedule, succeeded, 'backup'),
  };
  return {
    status,
    isDrillOverdue: await isLate(schedules.drill, last.drill.succeeded, 'backup drill'),
    failed,
    isInUse: await isInUse(em, now),
  };
}

/** The last failed run, if none succeeded since. */
const viewFailure = ({ succeeded, failed }: { succeeded: BackupRun | null; failed: BackupRun | null }) =>
  failed && (!succeeded || succeeded.startedAt < failed.startedAt)
    ? { at: failed.endedAt.toISOString(), error: failed.error ?? '' }
    : null;
