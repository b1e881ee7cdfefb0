import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type pg from 'pg';
import { type CommitGate, CommitWaitError, ReadOnlyError } from './commit-gate.ts';
import { openHeldConnection } from './held-connection.ts';
import { query } from './query.ts';
import { namedStandbys, standbysNeeded } from './standby-names.ts';
import { breakOff, endWithin } from './watch-server.ts';

/** What PostgreSQL is and is set to: without names no commit waits for a standby. */
export type StandbySettings = {
  /** `synchronous_standby_names` */
  names: string;
  /** `synchronous_commit`: with `local`, the names say nothing. */
  level: string;
  /** Whether the database is a standby itself, which takes no changes. It may be promoted at any moment. */
  isStandby: boolean;
};

/** A standby that is connected to the primary, as `pg_stat_replication` has it. */
export type ConnectedStandby = { name: string; syncState: string };

export type StandbyState = Omit<StandbySettings, 'isStandby'> & {
  /** Since when commits wait for a standby that does not confirm them; null while they do not. */
  missingSince: Date | null;
  /** Since when the database is known to be a standby itself; null while it is a primary. */
  isStandbySince: Date | null;
  /** Since when the names promise less than they seem to; null while they keep it. */
  weakSince: Date | null;
  /** Null for a role that can't see them, and on a standby. */
  connected: ConnectedStandby[] | null;
  /** Standbys that are named and were not connected for a while. */
  absent: string[];
};

/** Whether writes go through, as far as is known. */
export const takesChanges = ({ missingSince, isStandbySince }: StandbyState): boolean =>
  missingSince === null && isStandbySince === null;

export type StandbyWatch = {
  /** Resolves once it has looked, at once without names on a primary. */
  ready: Promise<void>;
  state(): StandbyState;
  /** Looks within a second: to be called by who saw that the state may be another. */
  lookSoon(): void;
  /**
   * Waits until the standby has everything that is committed; returns at once without one. Call it before answering with a row that
   * was found, not written: after a restart of PostgreSQL rows are visible that the standby never got. Throws CommitWaitError.
   * On a standby it throws ReadOnlyError. Not within a transaction.
   */
  confirm(em: EntityManager): Promise<void>;
  close(): Promise<void>;
};

type Options = {
  now(): Date;
  log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  settings: StandbySettings;
};

/** While names are set, and on a standby. A look is one row of what PostgreSQL has in memory. */
const LOOK_MS = 1_000;
/** On a primary without names: they may be set at any time, without a restart. */
const IDLE_LOOK_MS = 30_000;
/**
 * A standby that hiccups is back within it. Longer, and too much waits: each commit keeps a connection, and a till's request
 * gives up after 10 s.
 */
const PATIENCE_MS = 3_000;
/** A standby that restarts is back within it. While others confirm, nobody waits for this one. */
const ABSENT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5_000;
const END_MS = 2_000;

type CommitSettings = Pick<StandbySettings, 'names' | 'level'>;

const hasNames = ({ names }: CommitSettings) => names.trim() !== '';

const isSynchronous = (settings: CommitSettings) =>
  hasNames(settings) && settings.level !== 'local' && settings.level !== 'off';

/** Levels at which an answered order survives the loss of the primary. */
const SAFE_LEVELS = new Set(['on', 'remote_apply']);
const isWeak = (settings: CommitSettings) => hasNames(settings) && !SAFE_LEVELS.has(settings.level);

/**
 * Looks whether commits wait for a synchronous standby that is gone, and closes the gate while they do; and whether the database
 * is a standby itself. `pg_stat_replication` tells superusers and members of `pg_monitor` at once; any other role sees it by its
 * own backends that wait.
 */
export function watchStandby(url: string, gate: CommitGate, { now, log, settings }: Options): StandbyWatch {
  const closing = new AbortController();
  const { isStandby, ...commits } = settings;
  let state: StandbyState = {
    ...commits,
    missingSince: null,
    isStandbySince: null,
    weakSince: null,
    connected: null,
    absent: [],
  };
  const patience = createPatience();
  const absenceOf = createAbsence();
  const follow = (found: StandbySettings, lateness: boolean, connected: StandbyState['connected']) => {
    const others = isSynchronous(found) && !lateness ? connected : null;
    const absent = absenceOf(others ? absentOf(found.names, others) : []);
    const since = (isSo: boolean, before: Date | null) => (isSo ? (before ?? now()) : null);
    const { names, level } = found;
    const next = {
      names,
      level,
      missingSince: since(lateness, state.missingSince),
      isStandbySince: since(found.isStandby, state.isStandbySince),
      weakSince: since(!found.isStandby && (isWeak(found) || absent.length > 0), state.weakSince),
      connected,
      absent,
    };
    logChanges(log, state, next);
    state = next;
    gate.isStandby = found.isStandby;
    if (lateness) gate.close();
    else gate.open();
  };
  const judge = (look: Look) => {
    const { names, confirming, waiting, connected } = look;
    const isShort = isSynchronous(look) && confirming !== null && confirming < standbysNeeded(names);
    const seen = waiting.map(({ backend, since, ageMs }) => [`${backend} ${since}`, ageMs] as const);
    const late = patience(isShort && !look.isStandby ? [[SHORT, Infinity], ...seen] : seen);
    follow(look, late.length > 0, connected);
    gate.cut(late.filter((key) => key !== SHORT).map((key) => Number.parseInt(key, 10)));
  };
  if (isStandby) follow(settings, false, null);

  const first = Promise.withResolvers<void>();
  const onLook = (look: Look | null) => {
    if (look) judge(look);
    first.resolve();
  };
  const isOn = () => hasNames(state) || state.isStandbySince !== null;
  const { watching, lookSoon } = keepLooking(url, closing.signal, onLook, isOn);
  gate.onReadOnly = lookSoon;
  return {
    ready: isSynchronous(settings) ? first.promise : Promise.resolve(),
    state: () => state,
    lookSoon,
    async confirm(em) {
      if (state.isStandbySince) throw new ReadOnlyError('standby');
      if (!isSynchronous(state)) return;
      if (gate.isClosed) throw new CommitWaitError();
      await query(em, MARK);
    },
    async close() {
      closing.abort();
      await watching;
    },
  };
}

/** One line when something begins, and one when it is over. */
function logChanges(
  log: Options['log'],
  before: StandbyState,
  { names, level, connected, absent, ...now }: StandbyState,
) {
  const begins = (of: 'missingSince' | 'isStandbySince' | 'weakSince') => now[of] && !before[of];
  const ends = (of: 'missingSince' | 'isStandbySince' | 'weakSince') => before[of] && !now[of];
  if (begins('missingSince')) log.error({ names, connected }, MISSING);
  if (ends('missingSince'))
    log.warn({ names, since: before.missingSince }, 'commits are confirmed again; sales are taken');
  if (begins('isStandbySince')) log.error({}, IS_STANDBY);
  if (ends('isStandbySince'))
    log.warn({ since: before.isStandbySince }, 'the database is a primary now; sales are taken');
  if (begins('weakSince')) log.warn({ names, level, absent }, isWeak({ names, level }) ? WEAK : ABSENT);
}

const MISSING =
  'no synchronous standby confirms commits; sales are refused until one does, or synchronous_standby_names is changed';
const IS_STANDBY =
  'the database is a standby and takes no changes; sales are refused until it is promoted, or DATABASE_URL names the primary';
const WEAK =
  'synchronous_standby_names is set, but synchronous_commit is neither on nor remote_apply: a failover may lose answered orders';

const ABSENT = 'a standby that synchronous_standby_names names is not connected; others confirm commits';

/** A commit that changes nothing: it waits for the standby as any other does, behind all that were before it. */
const MARK = "SELECT pg_logical_emit_message(true, 'smoocho', '')";

type Look = StandbySettings & {
  /** Standbys that count now; null for a role that can't see it. */
  confirming: number | null;
  connected: ConnectedStandby[] | null;
  /** Our backends that wait, and since when their statement runs. */
  waiting: { backend: number; since: string; ageMs: number }[];
};

const LOOK = `
  SELECT current_setting('synchronous_standby_names') AS names, current_setting('synchronous_commit') AS level,
    pg_is_in_recovery() AS "isStandby", seen.confirming, seen.connected,
    (SELECT coalesce(json_agg(json_build_object('backend', pid, 'since', query_start,
        'ageMs', extract(epoch FROM clock_timestamp() - query_start) * 1000)), '[]')
      FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()) AS waiting
  FROM (SELECT pg_has_role('pg_read_all_stats', 'USAGE') AND NOT pg_is_in_recovery() AS sees) role
  LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum'))::int AS confirming,
      coalesce(json_agg(json_build_object('name', application_name, 'syncState', sync_state)
        ORDER BY application_name) FILTER (WHERE application_name <> 'pg_basebackup'), '[]') AS connected
    FROM pg_stat_replication) seen ON role.sees`;

/** One look, for a command: too few standbys confirm, or a commit has waited for longer than any does. */
export async function readStandby(client: pg.Client): Promise<StandbySettings & { isMissing: boolean }> {
  const { rows } = await client.query<Look>(LOOK);
  const { names, level, isStandby, confirming, waiting } = rows[0] as Look;
  const isShort = confirming !== null && confirming < standbysNeeded(names);
  const isMissing =
    isSynchronous({ names, level }) && (isShort || waiting.some(({ ageMs }) => ageMs >= PATIENCE_MS));
  return { names, level, isStandby, isMissing: isMissing && !isStandby };
}

/** Looks until `signal` aborts. Keeps its connection while `isOn`: the pool's may all be waiting. */
function keepLooking(
  url: string,
  signal: AbortSignal,
  onLook: (look: Look | null) => void,
  isOn: () => boolean,
): { watching: Promise<void>; lookSoon(): void } {
  let idle = new AbortController();
  const look = async () => {
    let client: pg.Client | undefined;
    while (!signal.aborted) {
      idle = new AbortController();
      try {
        client ??= await openHeldConnection(url, 'smoocho standby');
        const { rows } = await client.query<Look>({ text: LOOK, query_timeout: ANSWER_TIMEOUT_MS } as never);
        onLook(rows[0] as Look);
      } catch {
        onLook(null);
        // The database is gone, which requests report; what was known last holds until it is back.
        if (client) breakOff(client);
        client = undefined;
      }
      if (!isOn() && client) {
        await endWithin(client, END_MS);
        client = undefined;
      }
      // Whoever asks for a look gets it at the next second: each refused write asks.
      await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
      if (isOn()) continue;
      const early = AbortSignal.any([signal, idle.signal]);
      await sleep(IDLE_LOOK_MS - LOOK_MS, undefined, { signal: early, ref: false }).catch(() => {});
    }
    if (client) await endWithin(client, END_MS);
  };
  const watching = look();
  return { watching, lookSoon: () => idle.abort() };
}

const SHORT = 'standby';

/** PostgreSQL compares names without regard to case. */
function absentOf(names: string, connected: ConnectedStandby[]): string[] {
  const there = new Set(connected.map(({ name }) => name.toLowerCase()));
  return namedStandbys(names).filter((name) => !there.has(name.toLowerCase()));
}

/** Gives those names that it has been given each time for `ABSENT_MS`. */
function createAbsence(): (names: string[]) => string[] {
  let firstSeen = new Map<string, number>();
  return (names) => {
    const at = performance.now();
    firstSeen = new Map(names.map((name) => [name, firstSeen.get(name) ?? at]));
    return [...firstSeen].filter(([, since]) => at - since >= ABSENT_MS).map(([name]) => name);
  };
}

/**
 * Gives those keys that it has been given each time for `PATIENCE_MS`: a commit waits for milliseconds on any day. The first time
 * the ages count that come with them: a command, and a server that starts, know at once.
 */
function createPatience(): (seen: (readonly [key: string, ageMs: number])[]) => string[] {
  let firstSeen: Map<string, number> | undefined;
  return (seen) => {
    const at = performance.now();
    const before = firstSeen;
    firstSeen = new Map(seen.map(([key, ageMs]) => [key, before ? (before.get(key) ?? at) : at - ageMs]));
    return [...firstSeen].filter(([, since]) => at - since >= PATIENCE_MS).map(([key]) => key);
  };
}
