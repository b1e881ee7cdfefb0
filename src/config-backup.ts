import { isAbsolute } from 'node:path';
import { Cron } from 'croner';
import { ConfigError } from './config-error.ts';

/** What of backups the server does by itself, and where they go. */
export type BackupConfig = {
  /** Cron text, by the clock of the first shop: when a backup is made. Null: not by the server. */
  schedule: string | null;
  /** Cron text likewise: when the last backup is restored into a database that is thrown away, and checked there. */
  drill: string | null;
  /** How many backups are kept: the last one of so many days, weeks and months. */
  keep: { daily: number; weekly: number; monthly: number };
  /** A folder, or `s3://bucket/prefix`. Null: `backups` in the home. */
  to: string | null;
  /** The public half of the owner's recovery key, `age1…`. Null: only this box can open its backups. */
  recoveryRecipient: string | null;
};

const DEFAULT_KEEP = { daily: 7, weekly: 4, monthly: 12 };
const MAX_KEEP = 1_000;
/** A backup reads all that there is; `* 3 * * *`, meant as once a night, would be sixty of them. */
const MIN_PERIOD_MINUTES = 15;
/** Enough to see the shortest time between two. */
const RUNS_LOOKED_AT = 50;
/** Any day does: the fields of cron repeat. */
const LOOKED_AT_FROM = new Date('2026-01-01T00:00:00Z');

type Fields = Record<string, unknown>;

/** The object `backup` of `config.json`, checked. Throws ConfigError, which names the field. */
export function backupConfig(value: unknown): BackupConfig {
  const fields = asObject('backup', value, ['schedule', 'drill', 'keep', 'to', 'recoveryRecipient']);
  return {
    schedule: asCron('backup.schedule', fields.schedule),
    drill: asCron('backup.drill', fields.drill),
    keep: asKeep(fields.keep),
    to: asPlace(fields.to),
    recoveryRecipient: asRecipient(fields.recoveryRecipient),
  };
}

/**
 * Cron text of five fields in a zone (IANA). A fixed time of the day runs once in both nights of a clock change: at the first
 * moment after a gap, and at the first of two. Throws what the library throws for a text that is none.
 */
export const cronOf = (text: string, timezone: string): Cron =>
  new Cron(text, { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard' });

/** A name that is mistyped would be a backup that is never made. */
function asObject(name: string, value: unknown, known: string[]): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`${name} must be settings in braces, such as {"schedule": "0 3 * * *"}.`);
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange === undefined) return value as Fields;
  throw new ConfigError(
    `${name} has ${JSON.stringify(strange)}, which is no setting. It may have ${known.join(', ')}.`,
  );
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
    // The library counts fields of its own, for seconds and years.
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

/** A service and a person at a terminal stand in different folders: a relative one would mean two. */
function asPlace(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const isPlace =
    typeof value === 'string' && (/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/.*)?$/.test(value) || isAbsolute(value));
  if (isPlace) return value;
  throw new ConfigError(
    `backup.to is ${JSON.stringify(value)}; it must be a folder from the root on, such as /mnt/backups, or s3://bucket/prefix.`,
  );
}

/** Bech32, of a key of any kind: whether it is a good one, whoever encrypts to it finds out. */
const RECIPIENT = /^age1[02-9ac-hj-np-z]{20,4000}$/;

/** Without the value in the message: it may be the secret half. */
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
