import type { EntityManager } from '@mikro-orm/postgresql';
import type { BackupKind, LastBackupRuns } from '../core/attention/backup-runs.ts';
import { findFirstShop } from '../core/shops/find-shops.ts';
import { query, queryRow } from '../database/query.ts';
import { type JobState, triesFor } from './due.ts';
import type { Job } from './job.ts';

/** Times as the database writes them, in text. */
type Row = Record<'startedAt' | 'endedAt' | 'succeededAt', string | null> & {
  name: string;
  since: string;
  tries: number;
};

const COLUMNS =
  'name, since, started_at AS "startedAt", ended_at AS "endedAt", succeeded_at AS "succeededAt", tries';

const ADD =
  'INSERT INTO scheduled_jobs (name, since) SELECT unnest($1::text[]), $2 ON CONFLICT (name) DO NOTHING';
const LIST = `SELECT ${COLUMNS} FROM scheduled_jobs WHERE name = ANY ($1)`;

/** Job states by name; a new job begins now. A manual success of a job's kind counts as its own. */
export async function loadJobStates(
  em: EntityManager,
  jobs: readonly Job[],
  last: LastBackupRuns,
  now: Date,
): Promise<Map<string, JobState>> {
  const names = jobs.map(({ name }) => name);
  const find = () => query<Row>(em, LIST, [names]);
  let rows = await find();
  if (rows.length < names.length) {
    await query(em, ADD, [names, now]);
    rows = await find();
  }
  const latest = new Date(now.getTime() + MAX_AHEAD_MS);
  const states = new Map(rows.map((row) => [row.name, stateOf(row, latest)]));
  for (const { name, kind } of jobs) {
    const state = states.get(name);
    if (state && kind) state.succeededAt = newest(state.succeededAt, asPast(startOf(last, kind), latest));
  }
  return states;
}

/**
 * Recorded times further ahead are ignored: a machine without a real-time clock may have recorded 2030, and
 * no job would run.
 */
const MAX_AHEAD_MS = 3_600_000;
const asPast = (value: string | Date | null, latest: Date): Date | null =>
  value === null || new Date(value) > latest ? null : new Date(value);

const startOf = (last: LastBackupRuns, kind: BackupKind) => last[kind].succeeded?.startedAt ?? null;

function newest(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

const stateOf = (row: Row, latest: Date): JobState => ({
  since: asPast(row.since, latest) ?? latest,
  startedAt: asPast(row.startedAt, latest),
  endedAt: asPast(row.endedAt, latest),
  succeededAt: asPast(row.succeededAt, latest),
  tries: row.tries,
});

// A restore begins a new epoch, and runs on the previous machine are not part of it.
const SINCE = `
  SELECT greatest(
    (SELECT max(began_at) FROM shop_epochs WHERE shop_id = $1),
    (SELECT since FROM scheduled_jobs WHERE name = $2)) AS since`;

/** When a job could first have succeeded here: the later of the epoch's start and the job's own. */
export async function waitsSince(em: EntityManager, name: string): Promise<Date | null> {
  const shop = await findFirstShop(em);
  if (!shop) return null;
  const { since } = await queryRow<{ since: string | null }>(em, SINCE, [shop.id, name]);
  return since === null ? null : new Date(since);
}

const SET_STARTED = 'UPDATE scheduled_jobs SET started_at = $2, tries = $3 WHERE name = $1';
const FINISH = `
  UPDATE scheduled_jobs SET ended_at = $2, succeeded_at = CASE WHEN $3 THEN started_at ELSE succeeded_at END
  WHERE name = $1`;

/** Records that a job begins, for the time at which it should have run. */
export async function beginJob(
  em: EntityManager,
  { name }: Job,
  state: JobState,
  wanted: Date,
  now: Date,
): Promise<void> {
  await query(em, SET_STARTED, [name, now, triesFor(state, wanted) + 1]);
}

export async function finishJob(em: EntityManager, { name }: Job, isDone: boolean, now: Date): Promise<void> {
  await query(em, FINISH, [name, now, isDone]);
}

/** Restores the state from before the run: it was stopped with its server, which is not a failure. */
export async function undoJob(
  em: EntityManager,
  { name }: Job,
  { startedAt, tries }: JobState,
): Promise<void> {
  await query(em, SET_STARTED, [name, startedAt, tries]);
}

/** The time zone of schedules: the first shop's, where the machine stands; UTC before there is one. */
export const scheduleZone = async (em: EntityManager): Promise<string> =>
  (await findFirstShop(em))?.timezone ?? 'UTC';
