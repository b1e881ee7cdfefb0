import type { EntitySchema } from '@mikro-orm/core';
import { type EntityClass, MikroORM } from '@mikro-orm/postgresql';
import type pg from 'pg';
import { PreparingClient } from './query.ts';

/** A statement that takes longer than this is stuck: the slowest report needs a fraction of a second. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** Two sales of a shop wait for each other's counter row for milliseconds; seconds mean that something hangs. */
const LOCK_TIMEOUT_MS = 5_000;
/** A year's lines of a small shop in memory rather than on the disk, while a report adds them up. */
const WORK_MEM = '16MB';
/** A connection that says nothing for longer is one whose other end is gone, such as after a power cut there. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Opens the ORM over a migrated database. `entities` come from the caller: this room knows no noun of the shop. */
export async function openOrm(
  url: string,
  entities: (EntityClass<unknown> | EntitySchema)[],
  poolSize: number,
  onError: (message: string) => void,
): Promise<MikroORM> {
  let pool: pg.Pool | undefined;
  const orm = await MikroORM.init({
    clientUrl: url,
    entities,
    // Entities are only ever used in a fork of their own request; a forgotten fork is a bug to be seen at once.
    allowGlobalContext: false,
    validateRequired: false,
    forceUtcTimezone: true,
    pool: { min: 0, max: poolSize },
    driverOptions: {
      Client: PreparingClient,
      onPoolCreated: (created: pg.Pool) => {
        pool = created;
      },
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
      options: `-c timezone=UTC -c statement_timeout=${STATEMENT_TIMEOUT_MS} -c lock_timeout=${LOCK_TIMEOUT_MS} -c work_mem=${WORK_MEM} -c idle_in_transaction_session_timeout=30000`,
    },
    logger: onError,
    debug: false,
  });
  // What goes by `query` connects by itself, but the ORM then still says that it isn't connected.
  await orm.connect();
  if (pool) pools.set(orm, { pool, most: poolSize });
  return orm;
}

/** Connections that are in use and that are free, those that there may be, and the statements that wait for one. */
export type PoolState = { used: number; free: number; most: number; waiting: number };

const pools = new WeakMap<MikroORM, { pool: pg.Pool; most: number }>();

export function poolState(orm: MikroORM): PoolState {
  const { pool, most } = pools.get(orm) ?? {};
  const { totalCount = 0, idleCount = 0, waitingCount = 0 } = pool ?? {};
  return { used: totalCount - idleCount, free: idleCount, most: most ?? 0, waiting: waitingCount };
}
