import type { App } from '../app.ts';
import { scheduleZone } from '../backup/job-states.ts';
import type { Config } from '../config.ts';
import type { StatusAnswer } from '../contract/command-answers/doctor.ts';
import { openAttention } from '../core/attention/attention.ts';
import { type DiskReader, openDiskReader } from '../core/disk/disk-reader.ts';
import { lookAtStore } from '../core/images/look-at-store.ts';
import { readCondition } from '../core/status/read-condition.ts';
import { readStatus } from '../core/status/read-status.ts';
import { migrationStatus } from '../database/migrate.ts';
import { version } from '../version.ts';
import { readBackupStatus } from './backup-status.ts';
import { readHttps } from './probes/https.ts';
import { readRedis } from './probes/redis.ts';

type Whole = Extract<StatusAnswer, { shops: unknown }>;
/** What is known of an installation without its database. */
export type StatusHere = Pick<Whole, 'version' | 'home' | 'disks' | 'silentDisks' | 'https' | 'redis'>;
export type StatusInDatabase = Omit<Whole, keyof StatusHere>;

export async function readStatusHere(
  config: Config,
  reader: DiskReader = openDiskReader(config),
): Promise<StatusHere> {
  const [{ disks, silent }, { mode, endsAt, problem }, redis] = await Promise.all([
    reader.look(),
    readHttps(config),
    readRedis(config),
  ]);
  return {
    version,
    home: config.home,
    disks,
    silentDisks: silent,
    https: { mode, endsAt: endsAt?.toISOString() ?? null, problem },
    redis,
  };
}

/** The rest, and the time zone in which its times are shown. Throws what the database throws. */
export async function readStatusInDatabase(app: App): Promise<StatusInDatabase & { timezone: string }> {
  const em = app.orm.em.fork();
  const timezone = await scheduleZone(em);
  const now = app.now();
  const { isDrillOverdue: _, ...backup } = await readBackupStatus(em, { config: app.config, timezone, now });
  const { kind, problem } = await lookAtStore(app.images);
  const { devicesPaired, devicesOnline } = await readCondition(em, now);
  return {
    ...(await readStatus({ app, em })),
    schema: (await migrationStatus(app.databaseUrl)).applied.at(-1) ?? '',
    images: { store: kind, problem },
    devices: { paired: devicesPaired, online: devicesOnline },
    backup,
    // A key that was made a moment ago: the server looks at the settings each minute.
    attention: (await openAttention({ app, em })).filter(
      ({ code }) => code !== 'backup_key_missing' || app.config.backup.recoveryRecipient === null,
    ),
    timezone,
  };
}

/** Whether somebody has to do something now. */
export const needsSomebody = ({ backup, attention }: Pick<StatusInDatabase, 'backup' | 'attention'>) =>
  backup.isOverdue || attention.some(({ severity }) => severity === 'problem');
