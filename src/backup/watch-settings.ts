import type { BackupConfig } from '../config.ts';
import type { AttentionCode } from '../contract/attention.ts';
import { type AttentionContext, endAttention, raiseAttention } from '../core/attention/attention.ts';
import { wallClock } from '../core/shops/business-day.ts';
import { isOverdue, type JobState } from './due.ts';
import type { Job } from './job.ts';

/** Raises and ends the notices of jobs that have not succeeded for too long. */
export async function checkOverdue(
  context: AttentionContext,
  jobs: readonly Job[],
  states: Map<string, JobState>,
  timezone: string,
): Promise<void> {
  const now = context.app.now();
  for (const { name, schedule, overdue } of jobs) {
    if (!overdue || !('cron' in schedule)) continue;
    const { code, severity, what } = overdue;
    const { succeededAt, since } = states.get(name) as JobState;
    const last = succeededAt ?? since;
    if (isOverdue(schedule.cron, timezone, last, now)) {
      const { date, time } = wallClock(last, timezone);
      await raiseAttention(context, {
        code,
        severity,
        detail: `No ${what} since ${date} ${time.slice(0, 5)}.`,
      });
    } else await endAttention(context, code);
  }
}

/** Raised by a schedule only, so nothing else ends them when the schedule is removed. */
const ofSchedule: AttentionCode[] = ['backup_overdue', 'backup_prune_failed', 'images_gc_failed'];

const KEY_MISSING =
  'Backups can only be opened by this box: they are worth nothing when it burns. Make a recovery key: smoocho backup key create';

/** Raises and ends notices about the settings: backups that only this machine opens, removed schedules. */
export async function checkSettings(
  context: AttentionContext,
  { schedule, drill, recoveryRecipient }: BackupConfig,
): Promise<void> {
  const end = (code: AttentionCode) => endAttention(context, code);
  if (schedule !== null && recoveryRecipient === null)
    await raiseAttention(context, { code: 'backup_key_missing', severity: 'warning', detail: KEY_MISSING });
  else await end('backup_key_missing');
  if (schedule === null) for (const code of ofSchedule) await end(code);
  if (drill === null) await end('drill_overdue');
}
