import { cronOf } from '../config.ts';
import type { Job } from './job.ts';

/** What is known of a job's runs. */
export type JobState = {
  /** When the schedule first saw it. */
  since: Date;
  /** Of the last run. */
  startedAt: Date | null;
  /** Null, or before `startedAt`, when that run was cut off. */
  endedAt: Date | null;
  /** When the last run that succeeded was started. */
  succeededAt: Date | null;
  /** Runs for the time that `startedAt` was for. */
  tries: number;
};

export type Waits = {
  /** What was due before the server started waits until then. */
  catchUpAt: Date;
  /** After a run that failed. */
  retryMs: number;
  /** After a run that was cut off, as by a crash. */
  resumeMs: number;
  /** For one time; then the next one has to come. */
  maxTries: number;
};

const later = (time: Date, ms: number) => new Date(time.getTime() + ms);

/** The last time at or before `now` for which cron text has a run, in a zone; null when there was none. */
export const lastTime = (cron: string, timezone: string, now: Date): Date | null =>
  // The library's is before its reference and never at it.
  cronOf(cron, timezone).previousRuns(1, later(now, 1))[0] ?? null;

/** The next time after `now`. */
export const nextTime = (cron: string, timezone: string, now: Date): Date | null =>
  cronOf(cron, timezone).nextRun(now);

/**
 * When a job runs next, at or before `now` for at once; null when nothing is planned. `wanted` is the last time for which it
 * should have run, `next` the one after that. A run counts for the times up to its start: what is sold after that is not in it.
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

/** How often a job was run for a time. */
export const triesFor = (
  { startedAt, tries }: Pick<JobState, 'startedAt' | 'tries'>,
  wanted: Date,
): number => (startedAt !== null && startedAt >= wanted ? tries : 0);

/** Of so many times between runs the longest counts: a schedule may leave out weekends. */
const PERIODS_LOOKED_AT = 8;

/** Whether nothing succeeded for twice as long as there should be between two runs. `since` when there was no success. */
export function isOverdue(cron: string, timezone: string, succeededOrSince: Date, now: Date): boolean {
  const times = cronOf(cron, timezone)
    .previousRuns(PERIODS_LOOKED_AT, later(now, 1))
    .map((time) => time.getTime());
  const periods = times.slice(1).map((time, i) => (times[i] as number) - time);
  return periods.length > 0 && now.getTime() - succeededOrSince.getTime() > 2 * Math.max(...periods);
}

/** The last time for which a job should have run, and the next; of one that follows another, that one's last success. */
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
