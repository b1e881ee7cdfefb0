import { setTimeout as sleep } from 'node:timers/promises';
import { checkTakesChanges, isFresh, type Log, migrateUp, migrationStatus, openDatabase } from '../app.ts';
import { createBackup } from '../backup/create-backup.ts';
import { BackupRefusedError } from '../backup/errors.ts';
import { figuresStay } from '../backup/upgrade-schema.ts';
import type { Config } from '../config.ts';
import type { Shell } from './command.ts';
import { exitCodes, RefusedError } from './exit-codes.ts';
import { failureOf } from './failure.ts';
import { commandLog } from './output/command-log.ts';
import { phaseProgress } from './output/progress.ts';

/** Waits for another machine that started at the same moment to back up and migrate; a large shop's backup takes minutes. */
const BUSY_TIMEOUT_MS = 30 * 60_000;
const BUSY_PAUSE_MS = 2_000;

/**
 * Upgrades a database of an older version: makes a backup, then applies all migrations in one transaction that fails if any
 * shop's figures change. Returns the names of the migrations; none for a new or an up-to-date database. Throws RefusedError,
 * with the old schema in place, and DatabaseUnreachableError.
 */
export async function upgradeSchema(
  shell: Pick<Shell, 'tell'>,
  config: Config,
  withoutBackup: boolean,
  log: Log = commandLog(config),
): Promise<string[]> {
  if (isFresh(config)) return [];
  const database = await openDatabase(config, log);
  try {
    for (const late = Date.now() + BUSY_TIMEOUT_MS; ; ) {
      const { applied, pending, unknown, isStandby } = await migrationStatus(database.url);
      if (applied.length === 0 || pending.length === 0 || unknown.length > 0) return [];
      checkTakesChanges({ isStandby });
      shell.tell(`The database is of an older version: ${pending.join(', ')} to come.`);
      try {
        return await upgrade(shell, config, database.url, withoutBackup);
      } catch (error) {
        if (!(error instanceof BackupRefusedError && error.isBusy) || Date.now() > late) throw error;
        shell.tell('Another server is backing it up. Waiting for that one.');
        await sleep(BUSY_PAUSE_MS);
      }
    }
  } finally {
    await database.release();
  }
}

async function upgrade(
  shell: Pick<Shell, 'tell'>,
  config: Config,
  url: string,
  withoutBackup: boolean,
): Promise<string[]> {
  const file = withoutBackup ? null : await backUp(shell, config, url);
  try {
    const done = await migrateUp(config, url, shell.tell, figuresStay());
    shell.tell('It is up to date.');
    return done;
  } catch (error) {
    if (error instanceof BackupRefusedError) throw error;
    const { exitCode, message } = failureOf(error);
    // The upgrade did not fail here, the database went away. Starting the server again may work.
    if (exitCode === exitCodes.databaseUnreachable) throw error;
    throw new RefusedError(
      `The database could not be brought up to date and stays as it was (${message}). Go on with the version before${file ? `; a backup of today is in ${file}` : ''}.`,
    );
  }
}

async function backUp(shell: Pick<Shell, 'tell'>, config: Config, databaseUrl: string): Promise<string> {
  const { onProgress, stop } = phaseProgress();
  try {
    const { file } = await createBackup({ config, databaseUrl, now: () => new Date() }, { onProgress });
    stop();
    shell.tell(`A backup was made first: ${file}`);
    return file;
  } catch (error) {
    stop();
    if (!(error instanceof BackupRefusedError) || error.isBusy) throw error;
    throw new RefusedError(
      `${error.message} The database has to be brought up to date, and is backed up first. To go on without one, add --without-backup.`,
    );
  }
}
