import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type pg from 'pg';
import { type CommitGate, CommitWaitError } from './commit-gate.ts';
import { openHeldConnection } from './held-connection.ts';
import { query } from './query.ts';
import { breakOff, endWithin } from './watch-server.ts';

/** What PostgreSQL is set to: without names no commit waits for a standby. */
export type StandbySettings = {
  /** `synchronous_standby_names` */
  names: string;
  /** `synchronous_commit`: with `local`, the names say nothing. */
  level: string;
};

/** Since when commits wait for a standby that does not confirm them; null while they do not. */
export type StandbyState = StandbySettings & { missingSince: Date | null };

export type StandbyWatch = {
  /** Resolves once it has looked, at once without names. */
  ready: Promise<void>;
  state(): StandbyState;
  /**
   * Waits until the standby has everything that is committed; returns at once without one. Call it before answering with a row that
   * was found, not written: after a restart of PostgreSQL rows are visible that the standby never got. Throws CommitWaitError.
   * Not within a transaction.
   */
  confirm(em: EntityManager): Promise<void>;
  close(): Promise<void>;
};

type Options = {
  now(): Date;
  log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  settings: StandbySettings;
};

/** While names are set. A look is one row of what PostgreSQL has in memory. */
const LOOK_MS = 1_000;
/** While none are: they may be set at any time, without a restart. */
const IDLE_LOOK_MS = 30_000;
/**
 * A standby that hiccups is back within it. Longer, and too much waits: each commit keeps a connection, and a till's request
 * gives up after 10 s.
 */
const PATIENCE_MS = 3_000;
const ANSWER_TIMEOUT_MS = 5_000;
const END_MS = 2_000;

const isSynchronous = ({ names, level }: StandbySettings) =>
  names.trim() !== '' && level !== 'local' && level !== 'off';

/**
 * Looks whether commits wait for a synchronous standby that is gone, and closes the gate while they do. `pg_stat_replication` tells
 * superusers and members of `pg_monitor` at once; any other role sees it by its own backends that wait.
 */
export function watchStandby(url: string, gate: CommitGate, { now, log, settings }: Options): StandbyWatch {
  const closing = new AbortController();
  const { signal } = closing;
  let state: StandbyState = { ...settings, missingSince: null };
  const patience = createPatience();

  const judge = ({ names, level, confirming, waiting }: Look) => {
    const isOn = isSynchronous({ names, level });
    const isShort = isOn && confirming !== null && confirming < standbysNeeded(names);
    const seen = waiting.map(({ backend, since, ageMs }) => [`${backend} ${since}`, ageMs] as const);
    const late = patience(isShort ? [[SHORT, Infinity], ...seen] : seen);
    const missingSince = late.length === 0 ? null : (state.missingSince ?? now());
    if (missingSince && !gate.isClosed) {
      gate.close();
      log.error({ names, waiting: waiting.length }, MISSING);
    }
    if (!missingSince && gate.isClosed) {
      gate.open();
      log.warn({ names, since: state.missingSince }, 'commits are confirmed again; sales are taken');
    }
    state = { names, level, missingSince };
    gate.cut(late.filter((key) => key !== SHORT).map((key) => Number.parseInt(key, 10)));
  };

  const first = Promise.withResolvers<void>();
  const onLook = (look: Look | null) => {
    if (look) judge(look);
    first.resolve();
  };
  const watching = keepLooking(url, signal, onLook, () => isSynchronous(state));
  return {
    ready: isSynchronous(settings) ? first.promise : Promise.resolve(),
    state: () => state,
    async confirm(em) {
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

const MISSING =
  'no synchronous standby confirms commits; sales are refused until one does, or synchronous_standby_names is changed';

/** A commit that changes nothing: it waits for the standby as any other does, behind all that were before it. */
const MARK = "SELECT pg_logical_emit_message(true, 'smoocho', '')";

type Look = StandbySettings & {
  /** Standbys that count now; null for a role that can't see it. */
  confirming: number | null;
  /** Our backends that wait, and since when their statement runs. */
  waiting: { backend: number; since: string; ageMs: number }[];
};

const LOOK = `
  SELECT current_setting('synchronous_standby_names') AS names, current_setting('synchronous_commit') AS level,
    CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN (
      SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) END AS confirming,
    (SELECT coalesce(json_agg(json_build_object('backend', pid, 'since', query_start,
        'ageMs', extract(epoch FROM clock_timestamp() - query_start) * 1000)), '[]')
      FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()) AS waiting`;

/** One look, for a command: too few standbys confirm, or a commit has waited for longer than any does. */
export async function readStandby(client: pg.Client): Promise<StandbySettings & { isMissing: boolean }> {
  const { rows } = await client.query<Look>(LOOK);
  const { names, level, confirming, waiting } = rows[0] as Look;
  const isShort = confirming !== null && confirming < standbysNeeded(names);
  const isMissing =
    isSynchronous({ names, level }) && (isShort || waiting.some(({ ageMs }) => ageMs >= PATIENCE_MS));
  return { names, level, isMissing };
}

/** Looks until `signal` aborts. Keeps its connection while `isOn`: the pool's may all be waiting. */
async function keepLooking(
  url: string,
  signal: AbortSignal,
  onLook: (look: Look | null) => void,
  isOn: () => boolean,
): Promise<void> {
  let client: pg.Client | undefined;
  while (!signal.aborted) {
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
    await sleep(isOn() ? LOOK_MS : IDLE_LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
  }
  if (client) await endWithin(client, END_MS);
}

const SHORT = 'standby';

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

/** How many standbys have to confirm: `FIRST 2 (a, b, c)`, `ANY 2 (…)`, `2 (…)`; a list alone means one. */
export const standbysNeeded = (names: string): number =>
  Number(/^\s*(?:(?:first|any)\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1);
