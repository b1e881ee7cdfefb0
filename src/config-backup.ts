import { isAbsolute } from 'node:path';
import { Cron } from 'croner';
import { ConfigError } from './config-error.ts';
import { checkKnown } from './config-nearest.ts';
import { type Attempt, orThrow } from './config-sources.ts';

/** Settings of scheduled backups and where they go. */
export type BackupConfig = {
  /** When to make a backup, as a cron expression in the first shop's time zone. Null: not scheduled. */
  schedule: string | null;
  /** When to restore the last backup into a temporary database and check it there; cron likewise. */
  drill: string | null;
  /** Retention: the last backup of this many days, weeks and months is kept. */
  keep: { daily: number; weekly: number; monthly: number };
  /** A folder, or `s3://bucket/prefix`. Null: `backups` in the home. */
  to: string | null;
  /** The public half of the owner's recovery key, `age1…`. Null: only this machine can open its backups. */
  recoveryRecipient: string | null;
};

const DEFAULT_KEEP = { daily: 7, weekly: 4, monthly: 12 };
const MAX_KEEP = 1_000;
/** A backup reads the whole database; `* 3 * * *`, meant as once a night, would run sixty. */
const MIN_PERIOD_MINUTES = 15;
/** Enough runs to find the shortest interval. */
const RUNS_LOOKED_AT = 50;
/** Any date works: cron fields repeat. */
const LOOKED_AT_FROM = new Date('2026-01-01T00:00:00Z');

type Fields = Record<string, unknown>;

const FIELDS = ['schedule', 'drill', 'keep', 'to', 'recoveryRecipient'];

/** Parses and validates `backup` of `config.json`. Throws ConfigError, which names the field. */
export function backupConfig(value: unknown, attempt: Attempt = orThrow): BackupConfig {
  const fields = attempt(() => asObject('backup', value, FIELDS, attempt)) ?? {};
  return {
    schedule: attempt(() => asCron('backup.schedule', fields.schedule)) ?? null,
    drill: attempt(() => asCron('backup.drill', fields.drill)) ?? null,
    keep: attempt(() => asKeep(fields.keep)) ?? DEFAULT_KEEP,
    to: attempt(() => asPlace(fields.to)) ?? null,
    recoveryRecipient: attempt(() => asRecipient(fields.recoveryRecipient)) ?? null,
  };
}

/**
 * Parses a five-field cron expression in a time zone (IANA). A fixed time runs once on both nights of a clock change: at the
 * first moment after a gap, and at the first of two. Throws the library's error for an invalid expression.
 */
export const cronOf = (text: string, timezone: string): Cron =>
  new Cron(text, { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard' });

const EXAMPLES: Record<string, string> = {
  backup: '{"schedule": "0 3 * * *"}',
  'backup.keep': '{"daily": 7}',
};

/** Rejects unknown names: a mistyped one would be a backup that is never made. */
function asObject(name: string, value: unknown, known: string[], attempt: Attempt = orThrow): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`${name} must be settings in braces, such as ${EXAMPLES[name]}.`);
  for (const key of Object.keys(value)) attempt(() => checkKnown(name, key, known));
  return value as Fields;
}

function asCron(name: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const given = `${name} is ${JSON.stringify(value)}`;
  if (typeof value !== 'string') throw new ConfigError(`${given}; it must be a text such as "0 3 * * *".`);
  let cron: Cron;
  try {
    cron = cronOf(value, 'UTC');
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '').replace(/\.$/, '');
    // Leave out the library's own field count, which includes seconds and years.
    const why = reason.includes('separated parts') ? '' : ` (${reason})`;
    throw new ConfigError(
      `${given}; it must be cron text of five fields, such as "0 3 * * *" for each night at three${why}.`,
    );
  }
  const times = cron.nextRuns(RUNS_LOOKED_AT, LOOKED_AT_FROM).map((time) => time.getTime());
  if (times.length === 0) throw new ConfigError(`${given}; that time never comes.`);
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  if (Math.min(...gaps) < MIN_PERIOD_MINUTES * 60_000) {
    throw new ConfigError(
      `${given}, which is more often than each ${MIN_PERIOD_MINUTES} minutes. Once a night at three is "0 3 * * *".`,
    );
  }
  return value;
}

function asKeep(value: unknown): BackupConfig['keep'] {
  const fields = asObject('backup.keep', value, Object.keys(DEFAULT_KEEP));
  const count = (name: keyof typeof DEFAULT_KEEP): number => {
    const given = fields[name] ?? DEFAULT_KEEP[name];
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= MAX_KEEP) return given;
    throw new ConfigError(
      `backup.keep.${name} is ${JSON.stringify(given)}; it must be a whole number from 0 to ${MAX_KEEP}.`,
    );
  };
  const keep = { daily: count('daily'), weekly: count('weekly'), monthly: count('monthly') };
  if (keep.daily + keep.weekly + keep.monthly > 0) return keep;
  throw new ConfigError('backup.keep keeps no backup at all. Keep some, such as {"daily": 7}.');
}

/** Requires an absolute folder: the service and the command line run in different ones. */
function asPlace(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const isPlace =
    typeof value === 'string' && (/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/.*)?$/.test(value) || isAbsolute(value));
  if (isPlace) return value;
  throw new ConfigError(
    `backup.to is ${JSON.stringify(value)}; it must be a folder from the root on, such as /mnt/backups, or s3://bucket/prefix.`,
  );
}

/** Bech32 of any key type; whether the key is valid shows when encrypting to it. */
const RECIPIENT = /^age1[02-9ac-hj-np-z]{20,4000}$/;

/** The message leaves the value out: it may be the secret half. */
function asRecipient(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && RECIPIENT.test(value)) return value;
  const isSecret = typeof value === 'string' && /^AGE-/i.test(value.trim());
  throw new ConfigError(
    isSecret
      ? 'backup.recoveryRecipient has the secret half of a key. Take it out of the file and write its public half, which begins with age1.'
      : 'backup.recoveryRecipient is not the public half of a recovery key, which begins with age1.',
  );
}
