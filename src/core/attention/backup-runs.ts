import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import type { AttentionCode, LastBackups } from '../../contract/attention.ts';
import { query } from '../../database/query.ts';
import { type AttentionContext, endAttention, fitText, raiseAttention } from './attention.ts';

/** `create` makes a backup and reads it back, `verify` reads one back, `drill` makes a trial restore. */
export type BackupKind = 'create' | 'verify' | 'drill';

export type BackupRun = {
  kind: BackupKind;
  startedAt: Date;
  endedAt: Date;
  /** A path, or a URL without secrets. */
  file: string | null;
  sizeBytes: number | null;
  /** Why it failed, in a sentence; null on success. */
  error: string | null;
};

/** What a failed run raises, and the text before its reason. A success ends both codes. */
export const runAttention = {
  create: { failed: 'backup_failed', overdue: 'backup_overdue', what: 'The backup failed' },
  drill: { failed: 'drill_failed', overdue: 'drill_overdue', what: 'The trial of the last backup failed' },
} as const satisfies Partial<
  Record<BackupKind, { failed: AttentionCode; overdue: AttentionCode; what: string }>
>;

/** Kept per kind: hourly backups of a week. */
const KEPT_RUNS = 200;
const MAX_TEXT = 1_000;

const INSERT = `
  INSERT INTO backup_runs (id, kind, started_at, ended_at, file, size_bytes, error) VALUES ($1, $2, $3, $4, $5, $6, $7)`;

/** Sorts times in the future last: a run recorded with the clock a year ahead would count as the newest for a year. */
const NEWEST_FIRST = `started_at > now() + interval '1 hour', started_at DESC`;

const PRUNE = `
  DELETE FROM backup_runs r USING (
    SELECT id, row_number() OVER (ORDER BY ${NEWEST_FIRST}) AS place,
      row_number() OVER (PARTITION BY error IS NULL ORDER BY ${NEWEST_FIRST}) AS place_of_its_end
    FROM backup_runs WHERE kind = $1) ranked
  WHERE ranked.id = r.id AND ranked.place > ${KEPT_RUNS} AND ranked.place_of_its_end > 1`;

/**
 * Records the result of a backup, verification or trial restore, whoever started it: a person, cron or a server's schedule. A
 * failed `create` or `drill` raises attention, a success ends it. The last success of each kind is kept however many failures
 * follow.
 */
export async function recordBackupRun(context: AttentionContext, run: BackupRun): Promise<void> {
  const { kind, startedAt, endedAt, sizeBytes } = run;
  const shorten = (text: string | null) => (text === null ? null : fitText(text, MAX_TEXT));
  const [file, error] = [shorten(run.file), shorten(run.error)];
  await query(context.em, INSERT, [uuidv7(), kind, startedAt, endedAt, file, sizeBytes, error]);
  await query(context.em, PRUNE, [kind]);
  // A manual check may be of any old file.
  if (kind === 'verify') return;
  const codes = runAttention[kind];
  if (error !== null) {
    const detail = `${codes.what}: ${error}`;
    await raiseAttention(context, { code: codes.failed, severity: 'problem', detail });
  } else {
    for (const code of [codes.failed, codes.overdue]) await endAttention(context, code);
  }
}

/** The last success and the last failure of each kind. */
export type LastBackupRuns = Record<BackupKind, { succeeded: BackupRun | null; failed: BackupRun | null }>;

const LAST = `
  SELECT DISTINCT ON (kind, error IS NULL) kind, started_at AS "startedAt", ended_at AS "endedAt", file,
    size_bytes::float8 AS "sizeBytes", error
  FROM backup_runs ORDER BY kind, error IS NULL, ${NEWEST_FIRST}`;

/** Timestamps are PostgreSQL text. */
type Row = Omit<BackupRun, 'startedAt' | 'endedAt'> & { startedAt: string; endedAt: string };

export async function lastBackupRuns(em: EntityManager): Promise<LastBackupRuns> {
  const found = await query<Row>(em, LAST);
  const rows = found.map(
    (row): BackupRun => ({ ...row, startedAt: new Date(row.startedAt), endedAt: new Date(row.endedAt) }),
  );
  const last = (kind: BackupKind) => ({
    succeeded: rows.find((run) => run.kind === kind && run.error === null) ?? null,
    failed: rows.find((run) => run.kind === kind && run.error !== null) ?? null,
  });
  return { create: last('create'), verify: last('verify'), drill: last('drill') };
}

/** All three kinds read a backup back, so each counts as verified. */
export function viewLastBackups(last: LastBackupRuns): LastBackups {
  const endOf = (kind: BackupKind) => last[kind].succeeded?.endedAt ?? null;
  const verified = [endOf('create'), endOf('verify'), endOf('drill')].filter((time) => time !== null);
  const newest = verified.toSorted((a, b) => b.getTime() - a.getTime())[0] ?? null;
  return {
    lastCreatedAt: endOf('create')?.toISOString() ?? null,
    lastVerifiedAt: newest?.toISOString() ?? null,
    lastDrillAt: endOf('drill')?.toISOString() ?? null,
  };
}
