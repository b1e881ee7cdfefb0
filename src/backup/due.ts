import { cronOf } from '../config.ts';
import type { Job } from './job.ts';

/** Past runs of a job. */
export type JobState = {
  /** When the schedule first saw it. */
  since: Date;
  /** Start of the last run. */
  startedAt: Date | null;
  /** End of the last run; null, or before `startedAt`, if that run was cut off. */
  endedAt: Date | null;
  /** Start of the last run that succeeded. */
  succeededAt: Date | null;
  /** Number of runs for the scheduled time that `startedAt` belongs to. */
  tries: number;
};

export type Waits = {
  /** Runs that were due before the server started wait until then. */
  catchUpAt: Date;
  /** Wait after the end of a failed run. */
  retryMs: number;
  /** Wait after the start of a run that was cut off, for example by a crash. */
  resumeMs: number;
  /** Maximum runs for one scheduled time; after that, the next one is awaited. */
  maxTries: number;
};

const later = (time: Date, ms: number) => new Date(time.getTime() + ms);

/** The last time at or before `now` at which a cron schedule runs in a time zone; null if there is none. */
export const lastTime = (cron: string, timezone: string, now: Date): Date | null =>
  // The library's reference time is exclusive.
  cronOf(cron, timezone).previousRuns(1, later(now, 1))[0] ?? null;

/** The next time after `now` at which it runs. */
export const nextTime = (cron: string, timezone: string, now: Date): Date | null =>
  cronOf(cron, timezone).nextRun(now);

/**
 * Returns when a job runs next: at or before `now` means at once, null means that nothing is planned.
 * `wanted` is the last time at which it should have run, `next` the one after that. A run counts for the
 * times up to its start, as later orders are not in it.
 */
export function dueAt(
  state: Pick<JobState, 'startedAt' | 'endedAt' | 'succeededAt' | 'tries'>,
  { wanted, next }: { wanted: Date | null; next: Date | null },
  startedHere: Date,
  { catchUpAt, retryMs, resumeMs, maxTries }: Waits,
): Date | null {
  const { startedAt, endedAt, succeededAt } = state;
  if (wanted === null || (succeededAt !== null && succeededAt >= wanted)) return next;
  const tries = triesFor(state, wanted);
  if (startedAt === null || tries === 0) return wanted <= startedHere ? catchUpAt : wanted;
  if (tries >= maxTries) return next;
  const hasEnded = endedAt !== null && endedAt >= startedAt;
  return hasEnded ? later(endedAt, retryMs) : later(startedAt, resumeMs);
}

/** Number of runs of a job for a scheduled time. */
export const triesFor = (
  { startedAt, tries }: Pick<JobState, 'startedAt' | 'tries'>,
  wanted: Date,
): number => (startedAt !== null && startedAt >= wanted ? tries : 0);

/** Number of past runs to look at. The longest gap between two counts, as a schedule may skip weekends. */
const PERIODS_LOOKED_AT = 8;

/** Whether the last success (or `since`, if none) is longer ago than twice the longest gap between runs. */
export function isOverdue(cron: string, timezone: string, succeededOrSince: Date, now: Date): boolean {
  const times = cronOf(cron, timezone)
    .previousRuns(PERIODS_LOOKED_AT, later(now, 1))
    .map((time) => time.getTime());
  const periods = times.slice(1).map((time, i) => (times[i] as number) - time);
  return periods.length > 0 && now.getTime() - succeededOrSince.getTime() > 2 * Math.max(...periods);
}

/** The last and next time at which a job should run; after another job, the last is that one's success. */
export function timesOf(
  { schedule }: Job,
  timezone: string,
  now: Date,
  succeededAtOf: (name: string) => Date | null,
): { wanted: Date | null; next: Date | null } {
  if ('after' in schedule) return { wanted: succeededAtOf(schedule.after), next: null };
  const { cron } = schedule;
  return { wanted: lastTime(cron, timezone, now), next: nextTime(cron, timezone, now) };
}
