import { type BackupConfig, type Config, ConfigError, changeConfigFile, readConfigFile } from '../config.ts';
import type { Manifest } from './archive/format.ts';

/** Defaults: a backup at 03:00, when no food shop sells, and a drill of the newest one on Sunday at 04:00. */
const USUAL = {
  schedule: '0 3 * * *',
  drill: '0 4 * * 0',
  keep: { daily: 7, weekly: 4, monthly: 12 },
} as const satisfies Partial<BackupConfig>;

/** Writes default `backup` settings into `config.json`. False if it has some already. Throws ConfigError. */
export function ensureBackupSettings(home: string): boolean {
  if (readConfigFile(home).backup !== undefined) return false;
  changeConfigFile(home, (settings) => ({ backup: USUAL, ...settings }));
  return true;
}

/** Changes the given settings, keeps the rest. Throws ConfigError, also for settings that are invalid. */
export function changeBackupSettings(home: string, change: Partial<BackupConfig>): void {
  changeConfigFile(home, (settings) => ({
    ...settings,
    backup: { ...(settings.backup as object | undefined), ...change },
  }));
}

/**
 * Gives a home without them the usual settings, and the recovery key of the machine that the archive is of.
 * Returns why that was not possible, or null: a settings file that is faulty must not stop a restore.
 */
export function adoptBackupSettings(
  { home, backup }: Pick<Config, 'home' | 'backup'>,
  { recoveryRecipient }: Pick<Manifest, 'recoveryRecipient'>,
): string | null {
  try {
    ensureBackupSettings(home);
    if (backup.recoveryRecipient === null && recoveryRecipient !== null)
      changeBackupSettings(home, { recoveryRecipient });
    return null;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}
