import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { type Context, cliActor, type Services, type SystemActor, systemActor } from './core/context.ts';
import { encryptPlainPhones } from './core/customers/encrypt-phones.ts';
import { type DiskReader, openDiskReader } from './core/disk/disk-reader.ts';
import { entities } from './core/entities.ts';
import { openImages } from './core/images/open-images.ts';
import { checkMasterKey } from './core/keys/check-master-key.ts';
import { type Keyring, openKeyring } from './core/keys/keyring.ts';
import { createCommitGate } from './database/commit-gate.ts';
import { attachEmbedded } from './database/embedded.ts';
import { hasData, requireNoneLost, requireNoOldKey } from './database/embedded-lost.ts';
import { loggedError } from './database/logged-error.ts';
import {
  migrateUp as applyMigrations,
  checkRestored,
  checkSchema,
  isNeverMigrated,
  type MigrationCheck,
  migrationStatus,
  NOTHING_YET,
  migrateDown as revertMigrations,
  SchemaError,
} from './database/migrate.ts';
import { breakConnections, closeOrm, openOrm, type PoolState, poolState } from './database/orm.ts';
import { settledUrl, withSettledPassword } from './database/password-change.ts';
import { patiently, queryRow } from './database/query.ts';
import { openReplica, type Replica } from './database/replica.ts';
import { checkRequirements } from './database/requirements.ts';
import { type ServerLock, takeServerLock } from './database/server-lock.ts';
import { type StandbyWatch, watchStandby } from './database/standby-watch.ts';
import { openLogDestination } from './log-destination.ts';
import { type Bus, openBus } from './redis/bus.ts';
import { type Limits, openLimits } from './redis/limits.ts';

export type Log = Logger;

/** The program without its shells: what the server and the command line both stand on. */
export type App = Services & {
  bus: Bus;
  keys: Keyring;
  limits: Limits;
  orm: MikroORM;
  standby: StandbyWatch;
  /** Null without DATABASE_REPLICA_URL. */
  replica: Replica | null;
  log: Log;
  databaseUrl: string;
  /** Room on the disks of this machine. */
  disk: DiskReader;
  /** Connections to the database of this process. */
  pool(): PoolState;
  /** Asks the database whether it takes changes. Throws its error, also when it doesn't answer in time. */
  askDatabase(withinMs: number): Promise<{ isStandby: boolean }>;
  /** Breaks these off, so that what waits for a database that says nothing fails at once. */
  breakConnections(): void;
  close(): Promise<void>;
};

export type Database = { url: string; release(): Promise<void> };

export type AppOptions = {
  now?: () => Date;
  log?: Log;
  /** Make a database in a fresh home and bring an older schema up to date (`start`, `init`), or only look (everything else). */
  migrate?: boolean;
  /** Set by a restore, the only one allowed to open a half-restored database. */
  isRestoring?: boolean;
};

const requestIds = new AsyncLocalStorage<string>();

/** Puts a request's id into every line that is logged while `work` goes on, also by what knows nothing of requests. */
export const withRequestId = <T>(id: string, work: () => T): T => requestIds.run(id, work);

const requestOf = () => {
  const requestId = requestIds.getStore();
  return requestId === undefined ? {} : { requestId };
};

const STDERR = 2;

/** Logs are JSON lines on stderr: stdout belongs to what a command answers. */
export const createLog = (
  config: Pick<Config, 'logLevel'>,
  destination: DestinationStream = openLogDestination(STDERR),
): Log =>
  pino(
    {
      level: config.logLevel,
      base: null,
      mixin: requestOf,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: loggedError },
    },
    destination,
  );

/** Whether there is a database to open: one's own by URL, or a cluster in the home. */
export const hasDatabase = ({ databaseUrl, home }: Pick<Config, 'databaseUrl' | 'home'>): boolean =>
  Boolean(databaseUrl) || hasData(join(home, 'postgres', 'data'));

/**
 * Whether this home has no database: none was made in it, and none is configured. Throws DatabaseRefusedError if there was one
 * and it is gone.
 */
export function isFresh(config: Pick<Config, 'databaseUrl' | 'home'>): boolean {
  if (hasDatabase(config)) return false;
  const { home } = config;
  requireNoneLost({ home, data: join(home, 'postgres', 'data') });
  return true;
}

/** Throws SchemaError `empty` for a fresh home, without making anything in it, and DatabaseRefusedError as above. */
export function requireNotFresh(config: Pick<Config, 'databaseUrl' | 'home'>): void {
  if (isFresh(config)) throw new SchemaError('empty', NOTHING_YET);
}

type DatabaseOptions = {
  /** A fresh home gets a database: `init`, `start` and a restore. Anything else has nothing to look at there. */
  mayMake?: boolean;
  isRestoring?: boolean;
};

/**
 * The database of this configuration: one's own by URL, else the embedded one, attached to or started. Only a restore makes a new
 * one in the place of one that is gone. Throws SchemaError for a fresh home, DatabaseRefusedError, DatabaseUnreachableError,
 * HomeUnreachableError.
 */
export async function openDatabase(
  config: Config,
  log: Log,
  { isRestoring = false, mayMake = isRestoring }: DatabaseOptions = {},
): Promise<Database> {
  if (config.databaseUrl) {
    return { url: await settledUrl(config.home, config.databaseUrl), release: async () => {} };
  }
  if (!mayMake) requireNotFresh(config);
  const { home, outerHome, secrets } = config;
  return await withSettledPassword(home, secrets.get('postgres-password'), (password) =>
    attachEmbedded({
      home,
      outerHome,
      password,
      isRestoring,
      log: (line) => log.debug(line),
      warn: (line) => log.warn(line),
      onLost: () => log.error('PostgreSQL went away; starting it again'),
    }),
  );
}

/**
 * Opens everything. Throws DatabaseUnreachableError, HomeUnreachableError, SchemaError, DatabaseRefusedError, WrongKeyError.
 */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const log = options.log ?? createLog(config);
  const now = options.now ?? (() => new Date());
  // What is open is closed again, the last one first, also when something after it can't be had.
  const opened: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const database = await openDatabase(config, log, { mayMake: options.migrate === true });
    opened.push(database.release);
    const settings = await prepareSchema(config, database.url, { ...options, log });
    const gate = createCommitGate();
    const onError = (message: string) => log.warn(message);
    const orm = await openOrm(database.url, entities, { poolSize: config.poolSize, onError, gate });
    opened.push(() => closeOrm(orm));
    const standby = watchStandby(database.url, gate, { now, log, settings });
    opened.push(standby.close);
    await standby.ready;
    const replica = config.replicaUrl ? openReplica(config.replicaUrl, { now, log, entities }) : null;
    if (replica) opened.push(replica.close);
    const keys = await openKeyring(orm, { place: config.masterKey, now, log });
    opened.push(keys.close);
    const { id: installation, hasPlainPhones } = await readSetup(orm.em.fork());
    if (hasPlainPhones) await encryptPlainPhones(orm.em.fork(), keys);
    const bus = await openBus(config.redisUrl, installation, log);
    opened.push(bus.close);
    const limits = await openLimits(config.redisUrl, installation);
    opened.push(limits.close);
    const images = openImages({ orm, config, databaseUrl: database.url, log, now });
    opened.push(images.close);
    const disk = openDiskReader(config);
    const pool = () => poolState(orm);
    return {
      config,
      orm,
      log,
      databaseUrl: database.url,
      now,
      standby,
      replica,
      disk,
      pool,
      askDatabase: (withinMs) => askDatabase(orm, standby, withinMs),
      breakConnections: () => breakConnections(orm),
      keys,
      images,
      bus,
      limits,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Sees to it that the database's schema is this program's; gives the server's settings. Throws as `createApp` does. */
async function prepareSchema(
  config: Config,
  url: string,
  { log, migrate, isRestoring }: AppOptions & { log: Log },
) {
  const settings = await checkRequirements(url);
  const status = await migrationStatus(url);
  if (!isRestoring) checkRestored(status);
  if (migrate) await migrateUp(config, url, (line) => log.warn(line));
  else checkSchema(status);
  return settings;
}

async function askDatabase(orm: MikroORM, standby: StandbyWatch, withinMs: number) {
  const found = await patiently(withinMs, () => queryRow<{ isStandby: boolean }>(orm.em.fork(), ASK));
  if (found.isStandby !== (standby.state().isStandbySince !== null)) standby.lookSoon();
  return found;
}

/**
 * Brings the schema up to date; gives the names of what was applied. Throws SchemaError, and before anything is done
 * WrongKeyError for a database that was encrypted with another key, DatabaseRefusedError for an empty one beside an old key.
 */
export async function migrateUp(
  config: Config,
  url: string,
  log: (line: string) => void,
  check?: MigrationCheck,
): Promise<string[]> {
  await checkKeys(config, url);
  return await applyMigrations(url, log, check);
}

async function checkKeys(config: Config, url: string): Promise<void> {
  await checkMasterKey(url, config.masterKey);
  if (!config.databaseUrl && (await isNeverMigrated(url))) requireNoOldKey(config.home);
}

/**
 * Looks whether a database can be set up, before anybody is asked or anything is made. Throws SchemaError for one that is newer or
 * half restored, DatabaseRefusedError, DatabaseUnreachableError, WrongKeyError.
 */
export async function checkReady(config: Config, url: string): Promise<void> {
  await checkRequirements(url);
  const status = await migrationStatus(url);
  checkRestored(status);
  if (status.unknown.length > 0) checkSchema(status);
  await checkKeys(config, url);
}

/** Takes the last `count` migrations back, with the data that only they held. Throws WrongKeyError before that. */
export async function migrateDown(
  config: Config,
  url: string,
  count: number,
  log: (line: string) => void,
): Promise<string[]> {
  await checkMasterKey(url, config.masterKey);
  return await revertMigrations(url, count, log);
}

const ASK = 'SELECT pg_is_in_recovery() AS "isStandby"';

/** `id` is what servers of one installation have in common, and others not. */
const readSetup = (em: EntityManager) =>
  queryRow<{ id: string; hasPlainPhones: boolean }>(
    em,
    'SELECT installation_id AS id, has_plain_phones AS "hasPlainPhones" FROM setup',
  );

/** A context for work that no person asked for over HTTP. */
export const systemContext = (app: App, name: string): Context<SystemActor> => ({
  app,
  em: app.orm.em.fork(),
  actor: name === 'cli' ? cliActor(app.config) : systemActor(name),
});

/** Says to other servers that one runs on this database. Throws AnotherServerError. */
export const holdServerLock = (app: App): Promise<ServerLock> =>
  takeServerLock(app.databaseUrl, app.config.redisUrl !== undefined, () =>
    app.log.error('another server runs on this database, and the two can not tell each other anything'),
  );

export { readMasterKeys, WrongKeyError } from './core/keys/master-key.ts';
export { systemUser } from './database/embedded-user.ts';
export { DatabaseRefusedError, DatabaseUnreachableError, HomeUnreachableError } from './database/errors.ts';
export { messageOf } from './database/logged-error.ts';
export { checkTakesChanges, migrationStatus, SchemaError, withClient } from './database/migrate.ts';
export type { PoolState } from './database/orm.ts';
export {
  isCutOff,
  isNotAllowed,
  isReadOnly,
  isTerminated,
  isUnavailable,
  isUnconfirmed,
} from './database/pg-errors.ts';
export { isPgTrouble, isTrouble, type Trouble, troubleOf } from './database/pg-trouble.ts';
export { AnotherServerError } from './database/server-lock.ts';
export type { Count, Limit } from './redis/limits.ts';
