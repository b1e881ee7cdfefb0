import { BackupRefusedError } from '../../backup/errors.ts';
import { scheduleZone } from '../../backup/job-states.ts';
import { allPlaces, backupsFolder, describePlace, findPlace } from '../../backup/places.ts';
import { type Pruned, prunePlaces } from '../../backup/prune-backups.ts';
import { withDatabases } from '../../backup/restore/databases.ts';
import { dropExpired } from '../../backup/restore/undo-restore.ts';
import { readIdentities, readKeep } from '../backup-support.ts';
import type { Command } from '../command.ts';
import { phaseProgress } from '../output/progress.ts';

export const backupPrune: Command = {
  name: 'backup prune',
  summary: 'Take away old backups, once the newest one was read back and is sound',
  options: [
    { flags: '--keep-daily <number>', description: 'the last one of so many days (default 7)' },
    { flags: '--keep-weekly <number>', description: 'of so many weeks (default 4)' },
    { flags: '--keep-monthly <number>', description: 'of so many months (default 12)' },
    {
      flags: '--to <place>',
      description:
        'a folder, or s3://bucket/prefix (default: where backups go, and the folder backups of the home)',
    },
    { flags: '--dry-run', description: 'only say what would go' },
  ],
  example: 'smoocho backup prune --keep-daily 7 --keep-weekly 4 --keep-monthly 12',
  async run(shell, options) {
    await shell.withApp(async (app) => {
      const { config } = app;
      const places = typeof options.to === 'string' ? [findPlace(config, options.to)] : allPlaces(config);
      const { onProgress, stop } = phaseProgress();
      try {
        const pruned = await prunePlaces(places, {
          config,
          keep: readKeep(config.backup.keep, options),
          timezone: await scheduleZone(app.orm.em.fork()),
          identities: await readIdentities(config, undefined),
          folder: backupsFolder(config.home),
          now: app.now(),
          isDryRun: options.dryRun === true,
          onProgress,
        });
        const databases = options.dryRun ? [] : await dropOldDatabases(app.databaseUrl, app.now());
        stop();
        for (const { place, ...one } of pruned)
          shell.say(...describe(one, describePlace(place), options.dryRun === true));
        if (databases.length > 0)
          shell.say(
            'What a restore replaced more than 7 days ago is gone, too: it can not be undone any more.',
          );
        shell.give({
          kept: pruned.flatMap(({ kept }) => kept.map(({ location }) => location)),
          others: pruned.flatMap(({ others }) => others.map(({ location }) => location)),
          removed: pruned.flatMap(({ removed }) => removed.map(({ location }) => location)),
          verified: pruned[0]?.verified?.location ?? null,
          databasesDropped: databases,
        });
      } finally {
        stop();
      }
    });
    return undefined;
  },
};

/** A role without the right to manage databases can't have kept any from a restore. */
async function dropOldDatabases(url: string, now: Date): Promise<string[]> {
  try {
    return await withDatabases(url, (databases) => dropExpired(databases, now));
  } catch (error) {
    if (error instanceof BackupRefusedError) return [];
    throw error;
  }
}

function describe({ kept, removed, others, verified }: Pruned, place: string, isDryRun: boolean): string[] {
  const left =
    others.length > 0
      ? [`${others.length} more in ${place} are not this box’s, or of a key that it has no more, and stay.`]
      : [];
  if (removed.length === 0) return [`Nothing to take away: ${kept.length} in ${place} stay.`, ...left];
  return [
    ...left,
    ...(verified ? [`Read back, and sound: ${verified.location}`] : []),
    `${isDryRun ? 'Would take away' : 'Took away'} ${removed.length}, ${kept.length} stay:`,
    ...removed.map(({ location }) => `  ${location}`),
  ];
}
