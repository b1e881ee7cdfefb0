import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { isFresh, type Log } from '../app.ts';
import { scheduleZone } from '../backup/job-states.ts';
import { type Config, ConfigError, isDemoHome } from '../config.ts';
import type { CheckResult } from '../contract/command-answers/doctor.ts';
import { openDiskReader } from '../core/disk/disk-reader.ts';
import { entities } from '../core/entities.ts';
import { migrationStatus, NOTHING_YET, SchemaError } from '../database/migrate.ts';
import { closeOrm, openOrm } from '../database/orm.ts';
import { readBackupHistory } from './backup-status.ts';
import { checks } from './checks.ts';
import { collectClosing } from './closing.ts';
import { attempt, attemptWith, type Fact, type KnownFacts, OF_DEMO } from './facts.ts';
import { readBackups } from './probes/backups.ts';
import { type ConnectionFacts, connect, readDatabase } from './probes/database.ts';
import { readHome } from './probes/home.ts';
import { readHttps } from './probes/https.ts';
import { readImages } from './probes/images.ts';
import { readKeyFacts } from './probes/keys.ts';
import { readMachine } from './probes/machine.ts';
import { readNetwork } from './probes/network.ts';
import { readRedis } from './probes/redis.ts';
import { readServerFacts } from './probes/server.ts';
import { readService } from './probes/service.ts';
import { readSettings } from './probes/settings.ts';
import { readShops } from './probes/shops.ts';

export type DoctorContext = {
  home: string;
  /** The settings, or why they are refused. */
  config: Config | ConfigError;
  log: Log;
  now(): Date;
  /** The environment that the settings were read with, if not this process's. */
  env?: Record<string, string | undefined>;
};

/**
 * Reads all facts of an installation, as many as can be had, and makes nothing that is not there. Throws SchemaError `empty`
 * where nothing is set up.
 */
export async function readFacts(context: DoctorContext): Promise<KnownFacts> {
  const { home, config, log, now, env } = context;
  requireSomething(config);
  const closing = collectClosing();
  try {
    const settings: Fact<Config> =
      config instanceof ConfigError
        ? { missing: 'The settings are refused: see the check settings.' }
        : { is: config };
    const backups = await attemptWith(settings, 'The place of the backups', readBackups);
    const newestBackup = 'is' in backups ? backups.is.target.newest : null;
    const connection = await attemptWith(settings, 'The database', (known) =>
      connect(known, log, newestBackup, ({ release }) => closing.add(release)),
    );
    const open = usable(connection);
    const schema = await attemptWith(open, 'The schema', ({ url }) => migrationStatus(url as string));
    if ('is' in schema && schema.is.applied.length === 0) throw nothingHere();
    const em = await attemptWith(current(open, schema), 'The database', async ({ url }) => {
      const orm = await openForReading(url as string, log);
      closing.add(() => closeOrm(orm));
      return () => orm.em.fork();
    });
    const withShops = <T>(what: string, read: (em: EntityManager, config: Config) => Promise<T>) =>
      attemptWith(em, what, (fork) => read(fork(), config as Config));
    const database = await attemptWith(open, 'The database', (known) =>
      readDatabase(known, config as Config),
    );
    const backupHistory = await withShops('The backups', (fork, known) => readHistory(fork, known, now()));
    const inUse = 'is' in backupHistory && backupHistory.is.isInUse;
    const withConfig = <T>(what: string, read: (config: Config) => Promise<T>) =>
      attemptWith(settings, what, read);
    // One after the other: of a small machine that has trouble already.
    return {
      machine: await attempt('The machine', readMachine),
      service: await attempt('systemd', readService),
      home: await attempt('The home', () => readHome(home, now())),
      settings: await attempt('The settings', () => readSettings(home, config, env)),
      disks: await withConfig('The disks', (known) => openDiskReader(known).look(true)),
      https: await withConfig('HTTPS', readHttps),
      redis: await withConfig('Redis', readRedis),
      network: await withConfig('The network', readNetwork),
      connection,
      database,
      schema,
      keys: await withConfig('The keys', (known) => readKeyFacts(known, connection)),
      shops: await withShops('The shops', (fork) => readShops(fork, home, now())),
      server: await attemptWith(database, 'The server', ({ server }) =>
        readServerFacts(config as Config, server, inUse),
      ),
      ...(isDemoHome(home) ? { backupHistory: OF_DEMO, backups: OF_DEMO } : { backupHistory, backups }),
      images: await withShops('The pictures', readImages),
    };
  } finally {
    await closing.closeAll();
  }
}

async function readHistory(em: EntityManager, config: Config, now: Date) {
  return await readBackupHistory(em, { config, timezone: await scheduleZone(em), now });
}

export const examine = (facts: KnownFacts, now: Date): CheckResult[] =>
  checks.map((check) => check.examine(facts, now));

const nothingHere = () => new SchemaError('empty', NOTHING_YET);

function requireSomething(config: Config | ConfigError): void {
  if (config instanceof ConfigError) return;
  let isEmpty = false;
  try {
    isEmpty = isFresh(config);
  } catch {
    // There was a database, which the check of it says.
  }
  if (isEmpty) throw nothingHere();
}

const usable = (connection: Fact<ConnectionFacts>): Fact<ConnectionFacts> =>
  'is' in connection && connection.is.url === null
    ? { missing: 'The database can not be reached: see the check database.' }
    : connection;

/** What is read of shops needs the tables of this version. */
function current(open: Fact<ConnectionFacts>, schema: KnownFacts['schema']): Fact<ConnectionFacts> {
  if ('missing' in schema) return schema;
  const { pending, unknown, isHalfRestored } = schema.is;
  return pending.length + unknown.length > 0 || isHalfRestored
    ? { missing: 'The tables are not those of this version: see the check schema.' }
    : open;
}

const openForReading = (url: string, log: Log): Promise<MikroORM> =>
  openOrm(url, entities, { poolSize: 2, onError: (message) => log.debug(message) });
