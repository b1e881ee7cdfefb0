import { requireNotFresh } from '../../app.ts';
import { nextTime } from '../../backup/due.ts';
import { scheduleZone } from '../../backup/job-states.ts';
import { describePlace, findPlace, listArchives } from '../../backup/places.ts';
import { changeBackupSettings, ensureBackupSettings } from '../../backup/settings.ts';
import { type BackupConfig, type Config, readBackupConfig } from '../../config.ts';
import { readKeep } from '../backup-support.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { clockIn } from '../output/clock.ts';

export const backupSchedule: Command = {
  name: 'backup schedule',
  summary: 'Set when a running server makes a backup by itself, or show it',
  arguments: [
    {
      name: 'cron',
      description: 'such as "0 3 * * *", each night at three by the shop’s clock',
      isOptional: true,
    },
  ],
  options: [
    {
      flags: '--drill <cron>',
      description: 'when the newest one is restored for trial, such as "0 4 * * 0"',
    },
    { flags: '--to <place>', description: 'where they go: a folder, or s3://bucket/prefix' },
    { flags: '--keep-daily <number>', description: 'how many days’ backups stay; likewise the two below' },
    { flags: '--keep-weekly <number>', description: 'weeks' },
    { flags: '--keep-monthly <number>', description: 'months' },
    { flags: '--off', description: 'make none by itself' },
  ],
  example: 'smoocho backup schedule "0 3 * * *" --drill "0 4 * * 0"',
  async run(shell, options, [cron]) {
    const { home } = shell.config;
    if (options.off && (cron !== undefined || options.drill !== undefined))
      throw new UsageError('--off leaves no time to set: name one of the two.');
    requireNotFresh(shell.config);
    const change = readChange(readBackupConfig(home), options, cron);
    if (typeof options.to === 'string') change.to = await reachablePlace(shell.config, options.to);
    if (Object.keys(change).length > 0) {
      ensureBackupSettings(home);
      changeBackupSettings(home, change);
    }
    const backup = readBackupConfig(home);
    await shell.withApp(async (app) => {
      const timezone = await scheduleZone(app.orm.em.fork());
      const next = (text: string | null) =>
        (text && nextTime(text, timezone, app.now())?.toISOString()) || null;
      const nextAt = next(backup.schedule);
      const nextDrillAt = next(backup.drill);
      const clock = clockIn(timezone);
      shell.print(
        nextAt
          ? `A running server makes the next backup at ${clock(nextAt)} (${timezone}), into ${backup.to ?? 'the folder backups of the home'}.`
          : 'No backup is made by itself. Make them with cron: smoocho backup create',
        nextDrillAt
          ? `It restores the newest one for trial at ${clock(nextDrillAt)}.`
          : 'None is restored for trial by itself: smoocho backup verify --latest --deep',
        `Of the last ${backup.keep.daily} days, ${backup.keep.weekly} weeks and ${backup.keep.monthly} months, one each stays.`,
      );
      if (typeof options.to === 'string' && backup.to?.startsWith('s3:'))
        shell.say(
          'The server needs S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY, too: in its environment, or as s3Endpoint … in config.json.',
        );
      shell.give({ ...backup, timezone, nextAt, nextDrillAt });
    });
    return undefined;
  },
};

/** Returns the absolute place, as the server runs in another folder. Fails now, not at night, if it can't be reached. */
async function reachablePlace(config: Config, to: string): Promise<string> {
  const place = findPlace(config, to);
  await listArchives(config, place);
  return describePlace(place);
}

function readChange(
  { keep }: BackupConfig,
  options: Record<string, unknown>,
  cron: string | undefined,
): Partial<BackupConfig> {
  const counts = [options.keepDaily, options.keepWeekly, options.keepMonthly];
  return {
    ...(options.off ? { schedule: null, drill: null } : {}),
    ...(cron === undefined ? {} : { schedule: cron }),
    ...(options.drill === undefined ? {} : { drill: options.drill as string }),
    ...(counts.every((count) => count === undefined) ? {} : { keep: readKeep(keep, options) }),
  };
}
