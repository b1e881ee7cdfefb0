import { createLog, migrationStatus, openDatabase, withClient } from './app.ts';
import type { Config } from './config.ts';
import { checkRequirements } from './database/requirements.ts';
import { connectRedis } from './redis/connect.ts';

/** Whether a part that the settings name can be reached and used, with a sentence that says so or why not. */
export type Connection = {
  id: 'database' | 'replica' | 'redis' | 'image-store';
  state: 'ok' | 'problem' | 'skipped';
  detail: string;
};

type Outcome = Omit<Connection, 'id'>;

const ok = (detail: string): Outcome => ({ state: 'ok', detail });
const problem = (detail: string): Outcome => ({ state: 'problem', detail });
const skipped = (detail: string): Outcome => ({ state: 'skipped', detail });

/**
 * Tries every part that the settings name, each for some seconds at most. The embedded PostgreSQL is started for it where there is
 * one, and none is made; the image store gets a file that is taken away again. `explain` turns an error into its sentence.
 */
export async function checkConnections(
  config: Config,
  hasCluster: boolean,
  explain: (error: unknown) => string,
): Promise<Connection[]> {
  const tried = async (id: Connection['id'], work: () => Promise<Outcome>): Promise<Connection> => {
    try {
      return { id, ...(await work()) };
    } catch (error) {
      return { id, ...problem(explain(error)) };
    }
  };
  return await Promise.all([
    tried('database', () => tryDatabase(config, hasCluster)),
    tried('replica', () => tryReplica(config)),
    tried('redis', () => tryRedis(config)),
    tried('image-store', () => tryImageStore(config)),
  ]);
}

async function tryDatabase(config: Config, hasCluster: boolean): Promise<Outcome> {
  if (!config.databaseUrl && !hasCluster)
    return skipped('The embedded PostgreSQL is made when a shop is set up.');
  const database = await openDatabase(config, createLog({ ...config, logLevel: 'silent' }));
  try {
    await checkRequirements(database.url);
    const { applied, pending, unknown } = await migrationStatus(database.url);
    if (unknown.length > 0)
      return problem('It was made by a newer smoocho. Install that version, or a newer one.');
    if (applied.length === 0) return ok('It answers; nothing is set up in it yet.');
    return ok(
      pending.length === 0 ? 'It answers.' : 'It answers; the next start brings its schema up to date.',
    );
  } finally {
    await database.release();
  }
}

async function tryReplica({ replicaUrl }: Config): Promise<Outcome> {
  if (!replicaUrl) return skipped('None is named.');
  return await withClient(replicaUrl, async (client) => {
    const { rows } = await client.query('SELECT pg_is_in_recovery() AS "isStandby"');
    if (rows[0].isStandby) return ok('It answers.');
    return problem(
      'DATABASE_REPLICA_URL names no standby, but a database of its own: reports would be of that one.',
    );
  });
}

async function tryRedis({ redisUrl }: Config): Promise<Outcome> {
  if (!redisUrl) return skipped('None is named: one server process runs on the database.');
  let reason = 'it says nothing';
  const redis = connectRedis(redisUrl, {
    warn: (fields) => {
      reason = reasonIn(fields);
    },
    info: () => {},
  });
  const failed = new Promise<false>((resolve) => redis.once('error', () => resolve(false)));
  const ready = new Promise<true>((resolve) => redis.once('ready', () => resolve(true)));
  try {
    const answers = (await Promise.race([ready, failed])) && (await redis.ping()) === 'PONG';
    if (answers) return ok('It answers.');
    return problem(`Redis can't be used (${reason}). Is it running, and is REDIS_URL right?`);
  } finally {
    redis.disconnect();
  }
}

const reasonIn = (fields: object) => String((fields as { reason?: unknown }).reason ?? 'it failed');

async function tryImageStore(config: Config): Promise<Outcome> {
  if (!config.s3) return skipped('Pictures are in the home.');
  const { checkStore } = await import('./storage/check-store.ts');
  const findings = await checkStore('minio', config);
  return findings.length === 0
    ? ok('It keeps, gives and takes away.')
    : problem(findings.map(({ detail }) => detail).join(' '));
}
