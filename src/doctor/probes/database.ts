import { type Database, DatabaseRefusedError, isFresh, type Log, openDatabase } from '../../app.ts';
import type { Config } from '../../config.ts';
import { databaseAddress } from '../../database/address.ts';
import { type DatabaseFacts as Inspected, inspectDatabase, replicaProblem } from '../../database/inspect.ts';

export type ConnectionFacts = {
  kind: 'embedded' | 'external';
  /** Without a password; null for an embedded one that can't be had. */
  address: string | null;
  /** Null when the database can't be had. */
  url: string | null;
  /** Why not, in a sentence. */
  problem: string | null;
  /** The folder of an embedded one is gone, though a shop was set up in it. */
  isGone: boolean;
  /** The newest backup where they go, by its path or address; null where none is found. */
  newestBackup: string | null;
};

export type DatabaseFacts = Inspected & {
  poolSize: number;
  /** Null without DATABASE_REPLICA_URL, or when it answers. */
  replicaProblem: string | null;
  hasReplica: boolean;
};

/** Opens the database as every command does, but makes none. `onOpen` gets what is to be closed. */
export async function connect(
  config: Config,
  log: Log,
  newestBackup: string | null,
  onOpen: (database: Database) => void,
): Promise<ConnectionFacts> {
  const kind = config.databaseUrl ? 'external' : 'embedded';
  const away = (error: unknown): ConnectionFacts => ({
    kind,
    address: config.databaseUrl ? databaseAddress(config.databaseUrl) : null,
    url: null,
    problem: (error as Error).message,
    isGone: error instanceof DatabaseRefusedError,
    newestBackup,
  });
  try {
    // Throws for data that are gone; what was never there is told before.
    isFresh(config);
    const database = await openDatabase(config, log);
    onOpen(database);
    await inspectDatabase(database.url);
    const { url } = database;
    return { kind, address: databaseAddress(url), url, problem: null, isGone: false, newestBackup };
  } catch (error) {
    return away(error);
  }
}

export async function readDatabase({ url }: ConnectionFacts, config: Config): Promise<DatabaseFacts> {
  const { poolSize, replicaUrl } = config;
  return {
    ...(await inspectDatabase(url as string)),
    poolSize,
    hasReplica: replicaUrl !== undefined,
    replicaProblem: replicaUrl === undefined ? null : await replicaProblem(replicaUrl),
  };
}
