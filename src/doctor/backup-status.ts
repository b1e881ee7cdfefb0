import { join } from 'node:path';
import type { EntityManager } from '@mikro-orm/postgresql';
import { isOverdue, nextTime } from '../backup/due.ts';
import { waitsSince } from '../backup/job-states.ts';
import type { Config } from '../config.ts';
import type { BackupStatus } from '../contract/command-answers/doctor.ts';
import { type BackupRun, lastBackupRuns, viewLastBackups } from '../core/attention/backup-runs.ts';
import { findLastRestore } from '../core/epochs/find-epoch.ts';

type Options = { config: Pick<Config, 'home' | 'backup'>; timezone: string; now: Date };

/** When backups were made, what of, and when the next one is due. `isDrillOverdue` is the same of the trial restore. */
export async function readBackupStatus(
  em: EntityManager,
  { config: { home, backup }, timezone, now }: Options,
): Promise<BackupStatus & { isDrillOverdue: boolean }> {
  const last = await lastBackupRuns(em);
  const { recoveryRecipient, to, ...schedules } = backup;
  const next = (cron: string | null) => (cron && nextTime(cron, timezone, now)?.toISOString()) || null;
  const isLate = async (cron: string | null, run: BackupRun | null, job: string) => {
    const since = run?.startedAt ?? (await waitsSince(em, job));
    return Boolean(cron && since && isOverdue(cron, timezone, since, now));
  };
  const { succeeded } = last.create;
  const failure = [last.create, last.drill].map(failureOf).find((run) => run !== null);
  return {
    ...viewLastBackups(last),
    ...schedules,
    restoredAt: (await findLastRestore(em))?.toISOString() ?? null,
    to: to ?? join(home, 'backups'),
    file: succeeded?.file ?? null,
    sizeBytes: succeeded?.sizeBytes ?? null,
    lastFailure: failure ? { at: failure.endedAt.toISOString(), error: failure.error ?? '' } : null,
    hasRecoveryKey: recoveryRecipient !== null,
    nextAt: next(schedules.schedule),
    nextDrillAt: next(schedules.drill),
    isOverdue: await isLate(schedules.schedule, succeeded, 'backup'),
    isDrillOverdue: await isLate(schedules.drill, last.drill.succeeded, 'backup drill'),
  };
}

/** The last failed run, if none succeeded since. */
const failureOf = ({ succeeded, failed }: { succeeded: BackupRun | null; failed: BackupRun | null }) =>
  failed && (!succeeded || succeeded.startedAt < failed.startedAt) ? failed : null;
