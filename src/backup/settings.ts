import { type BackupConfig, changeConfigFile, readConfigFile } from '../config.ts';

/** At three at night no food shop sells; on Sunday an hour later the newest backup is restored for trial. */
const USUAL = {
  schedule: '0 3 * * *',
  drill: '0 4 * * 0',
  keep: { daily: 7, weekly: 4, monthly: 12 },
} as const satisfies Partial<BackupConfig>;

/** Writes `backup` into `config.json` where nothing is said of it. False: the owner has decided already. Throws ConfigError. */
export function ensureBackupSettings(home: string): boolean {
  if (readConfigFile(home).backup !== undefined) return false;
  changeConfigFile(home, (settings) => ({ backup: USUAL, ...settings }));
  return true;
}

/** Changes what is named and leaves the rest. Throws ConfigError, also for settings that would be refused. */
export function changeBackupSettings(home: string, change: Partial<BackupConfig>): void {
  changeConfigFile(home, (settings) => ({
    ...settings,
    backup: { ...(settings.backup as object | undefined), ...change },
  }));
}
