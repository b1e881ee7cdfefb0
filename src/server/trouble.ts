import { type Log, type Trouble, troubleOf } from '../app.ts';
import { ProblemError } from '../contract/problem.ts';

/** How long `/readyz` reports trouble after a request met it. Longer than the interval of watchdogs. */
const REMEMBER_MS = 10_000;
/** Trouble that only writes meet, so that a probe doesn't show it. */
const STOPS_SALES = new Set<string>(['full', 'broken']);
/** Trouble that holds up whatever waits behind it, whoever asked. */
const HOLDS_UP = new Set<string>(['gone', 'starting', 'broken', 'busy', 'unconfirmed']);

/** Database trouble that requests met and that a probe doesn't show. */
export type Troubles = {
  note(trouble: Trouble): void;
  /** The trouble that stops all sales now, as a clause; undefined if none is known. */
  current(): string | undefined;
  /** The trouble that held requests up a moment ago, as a clause; undefined if none did. */
  heldUpBy(): string | undefined;
};

export function openTroubles(now: () => number = performance.now.bind(performance)): Troubles {
  type Met = { at: number; what: string } | undefined;
  let stop: Met;
  let hold: Met;
  const stillOf = (met: Met) => (met && now() - met.at < REMEMBER_MS ? met.what : undefined);
  return {
    note({ kind, what }) {
      const met = { at: now(), what };
      if (STOPS_SALES.has(kind)) stop = met;
      if (HOLDS_UP.has(kind)) hold = met;
    },
    current: () => stillOf(stop),
    heldUpBy: () => stillOf(hold),
  };
}

/**
 * Logs passing trouble of the database and returns its problem; undefined for any other error. The change may have been
 * committed: sent again with its id, it is done once.
 */
export function unavailableProblem(
  error: unknown,
  { log, troubles, fields }: { log: Log; troubles?: Troubles; fields?: object },
): ProblemError | undefined {
  const trouble = troubleOf(error);
  if (!trouble) return undefined;
  troubles?.note(trouble);
  logSeldom(log, trouble, { err: error, ...fields });
  return unavailable(trouble.what);
}

/** The problem for trouble that is known by its clause. */
export const unavailable = (what: string) => new ProblemError('unavailable', { detail: detailOf(what) });

/** While a database is away, every request meets it: a line for each would fill a disk and say nothing new. */
const LOG_EVERY_MS = 10_000;

type Unlogged = { requests: number; fields: object };
const unlogged = new WeakMap<Log, Map<string, Unlogged>>();

/** Logs the first of a kind at once, and what comes within the next ten seconds as one line with a count, that of the last one. */
function logSeldom(log: Log, { what, level }: Trouble, fields: object): void {
  const ofLog = unlogged.get(log) ?? new Map<string, Unlogged>();
  unlogged.set(log, ofLog);
  const known = ofLog.get(what);
  if (known) {
    ofLog.set(what, { requests: known.requests + 1, fields });
    return;
  }
  log[level](fields, what);
  const wait = () => {
    ofLog.set(what, { requests: 0, fields });
    setTimeout(report, LOG_EVERY_MS).unref();
  };
  const report = () => {
    const { requests, fields: last } = ofLog.get(what) as Unlogged;
    ofLog.delete(what);
    if (requests === 0) return;
    log[level]({ ...last, requests, seconds: LOG_EVERY_MS / 1_000 }, what);
    wait();
  };
  wait();
}

const detailOf = (what: string) =>
  `${what[0]?.toUpperCase()}${what.slice(1)} now. Send the same again, with the same id, in a few seconds.`;
