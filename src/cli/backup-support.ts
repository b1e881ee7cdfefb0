import { readFileSync } from 'node:fs';
import { type App, systemContext } from '../app.ts';
import { identitiesIn, MISTYPED, recipientOf } from '../backup/archive/encryption.ts';
import type { PlacedSource } from '../backup/create-in-place.ts';
import { BackupRefusedError } from '../backup/errors.ts';
import { findBoxKey } from '../backup/keys.ts';
import type { OpenApp } from '../backup/restore/fill-database.ts';
import type { Config } from '../config.ts';
import { type BackupKind, recordBackupRun } from '../core/attention/backup-runs.ts';
import type { Option } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { failureOf } from './failure.ts';
import { openAppFor } from './open.ts';

export const IDENTITY_OPTION: Option = {
  flags: '--identity <file>',
  description: 'the file with the recovery key; without it, this box’s own key',
};

/** Returns the keys that open archives here: the one in `file`, and this machine's own. Throws UsageError. */
export async function readIdentities(config: Config, file: unknown): Promise<string[]> {
  const named = typeof file === 'string' ? await readIdentityFile(file) : [];
  const own = await findBoxKey(config.home);
  return [...named, ...(own ? [own.identity] : [])];
}

async function readIdentityFile(path: string): Promise<string[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const fault = code === 'ENOENT' ? 'is not there' : `can't be read (${code})`;
    throw new UsageError(`--identity names ${path}, which ${fault}.`);
  }
  const identities = identitiesIn(text);
  if (identities.length === 0)
    throw new UsageError(`${path} has no recovery key in it: a line that begins with AGE-SECRET-KEY-1.`);
  for (const identity of identities)
    if (!(await recipientOf(identity))) throw new UsageError(`${path}: ${MISTYPED}`);
  return identities;
}

type Keep = Config['backup']['keep'];

/** Reads how many backups to keep from `--keep-…`; defaults to the settings. Throws UsageError. */
export function readKeep(usual: Keep, options: Record<string, unknown>): Keep {
  const count = (name: string, value: unknown, otherwise: number): number => {
    if (value === undefined) return otherwise;
    const given = value === '' ? Number.NaN : Number(value);
    if (Number.isInteger(given) && given >= 0 && given <= 1_000) return given;
    throw new UsageError(`--keep-${name} is not a whole number from 0 to 1000.`);
  };
  const keep = {
    daily: count('daily', options.keepDaily, usual.daily),
    weekly: count('weekly', options.keepWeekly, usual.weekly),
    monthly: count('monthly', options.keepMonthly, usual.monthly),
  };
  if (keep.daily + keep.weekly + keep.monthly > 0) return keep;
  throw new UsageError('That would keep no backup at all. Keep some, such as --keep-daily 7.');
}

/** Opens the app on another database, without Redis so that it publishes nothing to running servers. */
export const openAppOn =
  (config: Config): OpenApp =>
  (databaseUrl) =>
    openAppFor(
      { ...config, databaseUrl, replicaUrl: undefined, redisUrl: undefined },
      { migrate: true, isRestoring: true },
    );

export const backupSource = (app: App): PlacedSource => ({
  config: app.config,
  databaseUrl: app.databaseUrl,
  now: app.now,
});

type Ran = { file: string | null; sizeBytes: number | null };

/** Records the outcome of a run, for `status` and the owners. Throws what `work` throws. */
export async function recordRun<T extends Ran>(
  app: App,
  kind: BackupKind,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = app.now();
  const record = (ran: Ran, error: string | null) =>
    recordBackupRun(systemContext(app, 'cli'), { kind, startedAt, endedAt: app.now(), ...ran, error });
  try {
    const ran = await work();
    await record({ file: ran.file, sizeBytes: ran.sizeBytes }, null);
    return ran;
  } catch (error) {
    // Another backup is running and records its own outcome.
    if (error instanceof BackupRefusedError && error.isBusy) throw error;
    // The database itself may have failed.
    await record({ file: null, sizeBytes: null }, failureOf(error).message).catch(() => {});
    throw error;
  }
}
