import type { EntitySchema } from '@mikro-orm/core';
import type { EntityClass, EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { DatabaseRefusedError } from './errors.ts';
import { closeOrm, openOrm } from './orm.ts';
import { isNotAllowed, isUnavailable } from './pg-errors.ts';
import { isTrouble } from './pg-trouble.ts';
import { patiently, query, queryRow } from './query.ts';
import { replicaReason } from './replica-reason.ts';

/** A streaming standby that answers what only reads, and may be a little behind. */
export type Replica = {
  /**
   * Runs `work` on the replica, or on the primary when the replica is gone, slow or too far behind, and after an error there. What
   * `work` reads has everything that was committed until `asOf`. `work` may run twice: it only reads.
   */
  read<T>(primary: EntityManager, work: (em: EntityManager, asOf: Date) => Promise<T>): Promise<T>;
  /**
   * Throws DatabaseRefusedError if it is of another database. One that can't be reached is no error, and neither is one that was
   * promoted: after a failover a server has to start.
   */
  check(primary: EntityManager): Promise<void>;
  state(): ReplicaState;
  close(): Promise<void>;
};

/** `unusedFor`: why the primary answers in its place; null while it is used, and before it was needed. */
export type ReplicaState = { unusedFor: string | null; asOf: Date | null };

type Options = {
  now(): Date;
  log: { warn(fields: object, message: string): void };
  entities: (EntityClass<unknown> | EntitySchema)[];
  maxBehindMs?: number;
  restMs?: number;
};

/** Reports run two at a time (`server/routes/reports`); each may need a second connection for its snapshot. */
const POOL_SIZE = 4;
/** One on the same network says how far it is within milliseconds. */
const PROBE_MS = 1_000;
/** A report takes a fraction of a second. Longer, and the primary has to answer before a client gives up, after 10 s. */
const REPORT_MS = 4_000;
/** Replication is behind by milliseconds. By seconds, it is stuck or catches up, and figures of today would lack sales. */
const MAX_BEHIND_MS = 10_000;
/** Pause after it was gone or slow, so that requests do not wait for it one after the other. */
const REST_MS = 30_000;
const PROMOTED = 'it is a primary and no standby';

export function openReplica(
  url: string,
  { now, log, entities, maxBehindMs = MAX_BEHIND_MS, restMs = REST_MS }: Options,
): Replica {
  let opened: Promise<MikroORM> | undefined;
  let restsUntil = -Infinity;
  let state: ReplicaState = { unusedFor: null, asOf: null };

  const open = () => {
    opened ??= openOrm(url, entities, {
      poolSize: POOL_SIZE,
      onError: (message) => log.warn({}, message),
      timeouts: { connectMs: PROBE_MS, statementMs: REPORT_MS },
      isConnected: false,
    }).catch((error: unknown) => {
      // Such as a file of its address that is gone: it may come back.
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const leave = (reason: string, err?: unknown) => {
    if (state.unusedFor !== reason)
      log.warn({ reason, ...(err ? causeOf(err) : {}) }, 'the primary answers in place of the replica');
    state = { ...state, unusedFor: reason };
  };
  /** Null if the primary can't say where it is: it is gone, or a standby itself. That is no fault of the replica. */
  const probe = async (primary: EntityManager): Promise<(Probe & { at: Date }) | null> => {
    const at = now();
    const position = await queryRow<Position>(primary, POSITION).catch(() => null);
    if (!position) return null;
    const { lsn, system, database, clock } = position;
    const em = (await open()).em.fork();
    const [row] = await patiently(PROBE_MS, () => query<Probe>(em, PROBE, [lsn, system, database, clock]));
    return { ...(row as Probe), at };
  };
  /** Until when it has everything; null if it is not to be used. */
  const freshness = async (primary: EntityManager): Promise<Date | null> => {
    const found = await probe(primary);
    if (!found) return null;
    const fault = faultOf(found) ?? (found.isFollowing ? null : 'it receives nothing from its primary');
    const behindMs = found.hasAll ? 0 : Math.max(0, found.behindMs ?? Infinity);
    const reason = fault ?? (behindMs > maxBehindMs ? 'it is too far behind' : null);
    if (reason) leave(reason);
    return reason ? null : new Date(found.at.getTime() - behindMs);
  };
  const attempt = async <T>(
    primary: EntityManager,
    work: (em: EntityManager, asOf: Date) => Promise<T>,
  ): Promise<{ result: T } | null> => {
    if (performance.now() < restsUntil) return null;
    let isFound = false;
    try {
      const asOf = await freshness(primary);
      if (!asOf) return null;
      isFound = true;
      const result = await work((await open()).em.fork(), asOf);
      if (state.unusedFor) log.warn({}, 'the replica answers again');
      state = { unusedFor: null, asOf };
      return { result };
    } catch (error) {
      // A shop of this moment isn't there yet, and a statement may be cancelled for what is replayed: the primary knows better.
      const isOfWork = isFound && (!isUnavailable(error) || isTrouble(error, 'undone', 'locked'));
      if (isOfWork && !isNotAllowed(error)) return null;
      restsUntil = performance.now() + restMs;
      leave(replicaReason(error), error);
      return null;
    }
  };

  return {
    async read(primary, work) {
      const asOf = now();
      const answered = await attempt(primary, work);
      return answered ? answered.result : await work(primary, asOf);
    },
    async check(primary) {
      const found = await probe(primary).catch((error) => leave(replicaReason(error), error));
      const fault = found && strangerOf(found);
      if (found && !found.isStandby && !fault) leave(PROMOTED);
      if (fault) {
        throw new DatabaseRefusedError(
          `DATABASE_REPLICA_URL can not be used: ${fault}. Name a streaming standby of the database in DATABASE_URL, or leave it out.`,
        );
      }
    },
    state: () => state,
    async close() {
      const orm = await opened?.catch(() => undefined);
      if (orm) await closeOrm(orm);
    },
  };
}

/** Of an error, for the log: its sentence may name the address and the role, and never the password. */
const causeOf = (error: unknown) => {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code, error: message };
};

type Position = { lsn: string; system: string; database: number; clock: string };

/**
 * What others see is in the log on the disk; further on may be what no standby gets before. The time is the primary's, as are
 * those of the commits that the replica replays: its own clock may be another.
 */
const POSITION = `
  SELECT pg_current_wal_flush_lsn()::text AS lsn, clock_timestamp()::text AS clock, (SELECT system_identifier::text FROM pg_control_system()) AS system,
    (SELECT oid::int8 FROM pg_database WHERE datname = current_database())::float8 AS database`;

type Probe = {
  isStandby: boolean;
  isSameSystem: boolean;
  isSameDatabase: boolean;
  isFollowing: boolean;
  /** Whether it has replayed what the primary had. Its last commit alone says nothing: a shop may sell nothing for hours. */
  hasAll: boolean;
  /** Since the last commit that it has, by the primary's clock; null before the first. */
  behindMs: number | null;
};

const PROBE = `
  SELECT pg_is_in_recovery() AS "isStandby",
    (SELECT system_identifier::text FROM pg_control_system()) = $2 AS "isSameSystem",
    EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND oid::int8 = $3::int8) AS "isSameDatabase",
    EXISTS (SELECT FROM pg_stat_wal_receiver) AS "isFollowing",
    coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) AS "hasAll",
    extract(epoch FROM $4::timestamptz - pg_last_xact_replay_timestamp())::float8 * 1000 AS "behindMs"`;

/** Why it can not be a replica of this primary, however far it is behind. */
const faultOf = (found: Probe): string | null => strangerOf(found) ?? (found.isStandby ? null : PROMOTED);

/** Why it is of another database. */
function strangerOf({ isSameSystem, isSameDatabase }: Probe): string | null {
  if (!isSameSystem) return 'it is no copy of that PostgreSQL';
  return isSameDatabase ? null : 'it is another database of that PostgreSQL';
}
