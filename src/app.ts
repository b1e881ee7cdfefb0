import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { type Context, type Services, type SystemActor, systemActor } from './core/context.ts';
import { entities } from './core/entities.ts';
import { type Keyring, openKeyring } from './core/keys/keyring.ts';
import { attachEmbedded } from './database/embedded.ts';
import { checkSchema, migrateUp, migrationStatus } from './database/migrate.ts';
import { openOrm } from './database/orm.ts';
import { queryRow } from './database/query.ts';
import { checkRequirements } from './database/requirements.ts';
import { type ServerLock, takeServerLock } from './database/server-lock.ts';
import { type Bus, openBus } from './redis/bus.ts';
import { openLimits } from './redis/limits.ts';

export type Log = Logger;

/** The program without its shells: what the server and the command line both stand on. */
export type App = Services & {
  bus: Bus;
  keys: Keyring;
  orm: MikroORM;
  log: Log;
  databaseUrl: string;
  close(): Promise<void>;
};

export type Database = { url: string; release(): Promise<void> };

type AppOptions = {
  now?: () => Date;
  log?: Log;
  /** Bring an older schema up to date (`start`, `init`), or only look whether it is (everything else). */
  migrate?: boolean;
};

/** Logs are JSON lines on stderr: stdout belongs to what a command answers. */
export const createLog = (config: Config): Log =>
  pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );

/** The database of this configuration: one's own by URL, else the embedded one, attached to or started. */
export async function openDatabase(config: Config, log: Log): Promise<Database> {
  if (config.databaseUrl) return { url: config.databaseUrl, release: async () => {} };
  return await attachEmbedded({
    home: config.home,
    outerHome: config.outerHome,
    password: config.secrets.get('postgres-password'),
    log: (line) => log.debug(line),
    onLost: () => log.error('PostgreSQL went away; starting it again'),
  });
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
    const database = await openDatabase(config, log);
    opened.push(database.release);
    await checkRequirements(database.url);
    if (options.migrate) await migrateUp(database.url, (line) => log.warn(line));
    else checkSchema(await migrationStatus(database.url));
    const orm = await openOrm(database.url, entities, config.poolSize, (message) => log.warn(message));
    opened.push(() => orm.close());
    const keys = await openKeyring(orm, { place: config.masterKey, now, log });
    opened.push(keys.close);
    const installation = config.redisUrl ? await installationOf(orm.em.fork()) : '';
    const bus = await openBus(config.redisUrl, installation, log);
    opened.push(bus.close);
    const limits = await openLimits(config.redisUrl, installation);
    opened.push(limits.close);
    return { config, orm, log, databaseUrl: database.url, now, keys, bus, limits, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What servers of one installation have in common, and others not. */
const installationOf = async (em: EntityManager) =>
  (await queryRow<{ id: string }>(em, 'SELECT installation_id AS id FROM setup')).id;

/** A context for work that no person asked for over HTTP. */
export const systemContext = (app: App, name: string): Context<SystemActor> => ({
  app,
  em: app.orm.em.fork(),
  actor: systemActor(name),
});

/** Says to other servers that one runs on this database. Throws AnotherServerError. */
export const holdServerLock = (app: App): Promise<ServerLock> =>
  takeServerLock(app.databaseUrl, app.config.redisUrl !== undefined, () =>
    app.log.error('another server runs on this database, and the two can not tell each other anything'),
  );

export { DatabaseUnreachableError, HomeUnreachableError } from './database/errors.ts';
export { migrateDown, migrateUp, migrationStatus, SchemaError, withClient } from './database/migrate.ts';
export { DatabaseRefusedError } from './database/requirements.ts';
export { AnotherServerError } from './database/server-lock.ts';
