import type { ConnectionOptions } from 'node:tls';
import type { EntitySchema } from '@mikro-orm/core';
import { type EntityClass, MikroORM } from '@mikro-orm/postgresql';
import { CompiledQuery, type DatabaseConnection } from 'kysely';
import pg from 'pg';
import type { CommitGate } from './commit-gate.ts';
import { gatedClient } from './gated-client.ts';
import { PreparingClient } from './query.ts';
import { breakOff } from './watch-server.ts';

/** How long what a connection does may take, in ms. */
export type DatabaseTimeouts = { connectMs: number; statementMs: number };

const usualTimeouts: DatabaseTimeouts = {
  connectMs: 5_000,
  /** A statement that takes longer than this is stuck: the slowest report needs a fraction of a second. */
  statementMs: 15_000,
};
/** Two sales of a shop wait for each other's counter row for milliseconds; seconds mean that something hangs. */
const LOCK_TIMEOUT_MS = 5_000;
/** A year's lines of a small shop in memory rather than on the disk, while a report adds them up. */
const WORK_MEM = '16MB';
/** Beyond the statement's own limit: a connection that says nothing then has nobody at its other end, as after a power cut. */
const ANSWER_MARGIN_MS = 2_000;

/** A server that is there confirms the end of a connection within milliseconds. */
const END_MS = 2_000;

type Options = {
  poolSize: number;
  onError(message: string): void;
  /** Keeps writes off a database whose commits wait. */
  gate?: CommitGate;
  timeouts?: DatabaseTimeouts;
  /** False: connects with the first statement, and need not be there before. */
  isConnected?: boolean;
};

/** Opens the ORM over a migrated database. `entities` come from the caller: this room knows no noun of the shop. */
export async function openOrm(
  url: string,
  entities: (EntityClass<unknown> | EntitySchema)[],
  { poolSize, onError, gate, timeouts = usualTimeouts, isConnected = true }: Options,
): Promise<MikroORM> {
  const { connectMs, statementMs } = timeouts;
  let pool: pg.Pool | undefined;
  const clients = new Set<pg.Client>();
  const orm = await MikroORM.init({
    clientUrl: url,
    entities,
    // Entities are only ever used in a fork of their own request; a forgotten fork is a bug to be seen at once.
    allowGlobalContext: false,
    validateRequired: false,
    forceUtcTimezone: true,
    pool: { min: 0, max: poolSize },
    ...(gate && { onReserveConnection: followGate(gate) }),
    driverOptions: {
      ssl: tlsOf(url),
      Client: gate ? gatedClient(gate) : PreparingClient,
      onPoolCreated: (created: pg.Pool) => {
        pool = created;
        pool.on('connect', (client) => clients.add(client as pg.Client & pg.PoolClient));
        pool.on('remove', (client) => clients.delete(client as pg.Client & pg.PoolClient));
      },
      connectionTimeoutMillis: connectMs,
      query_timeout: statementMs + ANSWER_MARGIN_MS,
      // A rented server compiles statements that it thinks are long, for a second each. None of ours are: the embedded one doesn't.
      options: `-c timezone=UTC -c jit=off -c statement_timeout=${statementMs} -c lock_timeout=${LOCK_TIMEOUT_MS} -c work_mem=${WORK_MEM} -c idle_in_transaction_session_timeout=30000`,
    },
    logger: onError,
    debug: false,
  });
  // What goes by `query` connects by itself, but the ORM then still says that it isn't connected.
  if (isConnected) await orm.connect();
  if (pool) pools.set(orm, { pool, most: poolSize, clients });
  return orm;
}

/**
 * TLS settings of a URL as the driver reads them. The ORM takes no parameters from a URL: without this, its connections would
 * be in plain text whatever `sslmode` says.
 */
function tlsOf(url: string): boolean | ConnectionOptions {
  // Its types know of a boolean alone.
  const ssl = new pg.Client({ connectionString: url }).ssl as boolean | ConnectionOptions;
  // The driver makes the key non-enumerable, and the ORM copies only enumerable settings.
  return typeof ssl === 'object' && ssl.key !== undefined ? { ...ssl, key: ssl.key } : ssl;
}

/** Makes a connection read-only, or writable again, as it is taken out of the pool. PostgreSQL then says what is a write. */
function followGate(gate: CommitGate): (connection: unknown) => Promise<void> {
  const readOnly = new WeakSet<DatabaseConnection>();
  return async (reserved) => {
    const connection = reserved as DatabaseConnection;
    if (readOnly.has(connection) === gate.isClosed) return;
    const { isClosed } = gate;
    const set = isClosed ? 'SET default_transaction_read_only = on' : 'RESET default_transaction_read_only';
    // What throws here would keep its place in the pool; the next statement fails over the same broken connection.
    await connection.executeQuery(CompiledQuery.raw(set)).then(
      () => (isClosed ? readOnly.add(connection) : readOnly.delete(connection)),
      () => {},
    );
  };
}

/** Connections that are in use and that are free, those that there may be, and the statements that wait for one. */
export type PoolState = { used: number; free: number; most: number; waiting: number };

const pools = new WeakMap<MikroORM, { pool: pg.Pool; most: number; clients: Set<pg.Client> }>();

export function poolState(orm: MikroORM): PoolState {
  const { pool, most } = pools.get(orm) ?? {};
  const { totalCount = 0, idleCount = 0, waitingCount = 0 } = pool ?? {};
  return { used: totalCount - idleCount, free: idleCount, most: most ?? 0, waiting: waitingCount };
}

/** Breaks every connection off, so that what waits for an answer fails at once. The next statement makes a new one. */
export function breakConnections(orm: MikroORM): void {
  for (const client of pools.get(orm)?.clients ?? []) breakOff(client);
}

/** Closes every connection, and breaks those off whose server doesn't confirm it: one that is gone never does. */
export async function closeOrm(orm: MikroORM): Promise<void> {
  const late = setTimeout(breakConnections, END_MS, orm);
  try {
    await orm.close();
  } finally {
    clearTimeout(late);
  }
}
