import { setTimeout as sleep } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import { type BackupConfig, jobEnvironment, readBackupConfig } from '../config.ts';
import { endAttention, raiseAttention } from '../core/attention/attention.ts';
import { lastBackupRuns } from '../core/attention/backup-runs.ts';
import { type Context, type Services, systemActor } from '../core/context.ts';
import { seekLeadership } from '../database/leader-lock.ts';
import { dueAt, type JobState, timesOf } from './due.ts';
import type { Job } from './job.ts';
import { beginJob, finishJob, loadJobStates, scheduleZone, undoJob } from './job-states.ts';
import { backupJobs } from './jobs.ts';
import { type CommandEnd, runCommand } from './run-command.ts';
import { checkOverdue, checkSettings } from './watch-settings.ts';

export type ScheduleTimes = {
  /** Missed jobs wait this long after the start, plus up to `jitterMs` at random: the shop is opening. */
  catchUpMs: number;
  jitterMs: number;
  /** Wait after a failure. */
  retryMs: number;
  /** Maximum runs for one scheduled time: five tries of a nightly backup are over before the shop opens. */
  maxTries: number;
  /** Maximum wait between two checks: job states, the schedule and the clock may change meanwhile. */
  lookMs: number;
  /** Wait between two attempts to become the leader. */
  leaderMs: number;
  /** Time that a command has to clean up when the server stops. */
  graceMs: number;
};

const usualTimes: ScheduleTimes = {
  catchUpMs: 5 * 60_000,
  jitterMs: 5 * 60_000,
  retryMs: 60 * 60_000,
  maxTries: 5,
  lookMs: 60_000,
  leaderMs: 60_000,
  graceMs: 10_000,
};

export type ScheduleApp = Services & {
  orm: Pick<MikroORM, 'em'>;
  databaseUrl: string;
};

export type ScheduleOptions = {
  /** Script, run with this Node for each command: the one that started the server. */
  program: readonly string[];
  jobs?: (config: BackupConfig) => Job[];
  times?: Partial<ScheduleTimes>;
  random?: () => number;
};

export type Schedule = { close(): Promise<void> };

/**
 * Runs jobs at their times, one after the other, each as its own process. Of all servers of this database,
 * one leads and runs them. Jobs that were missed, or stopped with their server, run some minutes after a
 * start. `close` ends a running job within little more than `graceMs`.
 */
export function startSchedule(app: ScheduleApp, options: ScheduleOptions): Schedule {
  const times = { ...usualTimes, ...options.times };
  const startedHere = app.now();
  const catchUpMs = times.catchUpMs + (options.random ?? Math.random)() * times.jitterMs;
  const schedule: Running = {
    app,
    program: options.program,
    jobsOf: options.jobs ?? backupJobs,
    times,
    startedHere,
    catchUpAt: new Date(startedHere.getTime() + catchUpMs),
    config: app.config.backup,
    hasBadConfig: false,
  };
  return seekLeadership(app.databaseUrl, (signal) => follow(schedule, signal), {
    retryMs: times.leaderMs,
    onError: (error) => app.log.warn({ err: error }, 'the schedule could not be looked after; trying again'),
  });
}

type Running = {
  app: ScheduleApp;
  program: readonly string[];
  jobsOf: (config: BackupConfig) => Job[];
  times: ScheduleTimes;
  startedHere: Date;
  catchUpAt: Date;
  /** The last valid settings. */
  config: BackupConfig;
  hasBadConfig: boolean;
};

/** Checks for due jobs and runs them until the signal aborts. */
async function follow(schedule: Running, signal: AbortSignal): Promise<void> {
  const { app, times } = schedule;
  while (!signal.aborted) {
    const waitMs = await look(schedule, signal).catch((error) => {
      app.log.warn({ err: error }, 'the schedule could not be looked at; trying again');
      return times.lookMs;
    });
    if (waitMs > 0) await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** A due job and the time at which it should have run. */
type Due = { job: Job; state: JobState; wanted: Date };

/** Runs one job if one is due. Returns the ms until the next check; 0 after a job, as time has passed. */
async function look(schedule: Running, signal: AbortSignal): Promise<number> {
  const { app, times } = schedule;
  const context = contextOf(app);
  const { em } = context;
  readConfig(schedule);
  const jobs = schedule.jobsOf(schedule.config);
  const [timezone, last] = [await scheduleZone(em), await lastBackupRuns(em)];
  const now = app.now();
  const states = await loadJobStates(em, jobs, last, now);
  const planned = plan(schedule, jobs, states, timezone, now);
  if (planned.due) {
    await run(schedule, planned.due, signal);
    return 0;
  }
  // Wait for missed jobs to run first: a shop that was closed for a week needs no alarm when it opens.
  if (now > schedule.catchUpAt) await checkOverdue(context, jobs, states, timezone);
  await checkSettings(context, schedule.config);
  return Math.min(times.lookMs, Math.max(0, planned.nextAt - now.getTime()));
}

const contextOf = (app: ScheduleApp): Context => ({
  app,
  em: app.orm.em.fork(),
  actor: systemActor('schedule'),
});

/** Reads the settings again, as a command may have changed them. An invalid file keeps the previous ones. */
function readConfig(schedule: Running): void {
  const { app } = schedule;
  try {
    schedule.config = readBackupConfig(app.config.home);
    schedule.hasBadConfig = false;
  } catch (error) {
    if (!schedule.hasBadConfig)
      app.log.error({ err: error }, 'config.json can not be used; backups go on as they were set before');
    schedule.hasBadConfig = true;
  }
}

/** Returns the first job in the list that is due; otherwise when the next one will be, in ms since 1970. */
function plan(
  { times, startedHere, catchUpAt }: Running,
  jobs: Job[],
  states: Map<string, JobState>,
  timezone: string,
  now: Date,
): { due?: Due; nextAt: number } {
  const waits = { ...times, catchUpAt, resumeMs: times.catchUpMs };
  let nextAt = Number.POSITIVE_INFINITY;
  for (const job of jobs) {
    const state = states.get(job.name) as JobState;
    const found = timesOf(job, timezone, now, (name) => states.get(name)?.succeededAt ?? null);
    const at = dueAt(state, found, startedHere, waits);
    if (at === null) continue;
    if (at <= now && found.wanted) return { due: { job, state, wanted: found.wanted }, nextAt };
    nextAt = Math.min(nextAt, at.getTime());
  }
  return { nextAt };
}

/** Runs a job to its end, and notifies the owners if it failed. */
async function run(
  { app, program, times }: Running,
  { job, state, wanted }: Due,
  signal: AbortSignal,
): Promise<void> {
  await beginJob(app.orm.em.fork(), job, state, wanted, app.now());
  const end = await runCommand({
    program,
    argv: job.argv,
    env: jobEnvironment(app.config),
    timeoutMs: job.timeoutMs,
    graceMs: times.graceMs,
    signal,
  });
  const context = contextOf(app);
  // If the connection is lost as well, the run counts as cut off.
  if (end.kind === 'stopped') return await undoJob(context.em, job, state);
  await finishJob(context.em, job, end.kind === 'done', app.now());
  await report(context, app, job, end);
}

async function report(context: Context, app: ScheduleApp, { name, failed, overdue }: Job, end: CommandEnd) {
  if (end.kind === 'failed') {
    const { sentence, code, signal, stderr } = end;
    app.log.error({ job: name, code, signal, stderr }, `${failed.what}: ${sentence}`);
    const { code: attention, severity, what } = failed;
    await raiseAttention(context, { code: attention, severity, detail: `${what}: ${sentence}` });
    return;
  }
  for (const code of [failed.code, overdue?.code]) if (code) await endAttention(context, code);
}
