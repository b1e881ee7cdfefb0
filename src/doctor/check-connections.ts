import { createLog, isFresh, migrationStatus, openDatabase } from '../app.ts';
import type { Config } from '../config.ts';
import { replicaProblem } from '../database/inspect.ts';
import { checkRequirements } from '../database/requirements.ts';
import { readRedis } from './probes/redis.ts';

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
    tried('database', () => tryDatabase(config)),
    tried('replica', () => tryReplica(config)),
    tried('redis', () => tryRedis(config)),
    tried('image-store', () => tryImageStore(config)),
  ]);
}

async function tryDatabase(config: Config): Promise<Outcome> {
  if (isFresh(config)) return skipped('The embedded PostgreSQL is made when a shop is set up.');
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
  const fault = await replicaProblem(replicaUrl);
  return fault === null ? ok('It answers.') : problem(fault);
}

async function tryRedis(config: Config): Promise<Outcome> {
  const { isConfigured, problem: fault } = await readRedis(config);
  if (!isConfigured) return skipped('None is named: one server process runs on the database.');
  return fault === null
    ? ok('It answers.')
    : problem(`Redis can't be used (${fault}). Is it running, and is REDIS_URL right?`);
}

async function tryImageStore(config: Config): Promise<Outcome> {
  if (!config.s3) return skipped('Pictures are in the home.');
  const { checkStore } = await import('../storage/check-store.ts');
  const findings = await checkStore('minio', config);
  return findings.length === 0
    ? ok('It keeps, gives and takes away.')
    : problem(findings.map(({ detail }) => detail).join(' '));
}
