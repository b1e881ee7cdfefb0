import { type Log, type Trouble, troubleOf } from '../app.ts';
import { ProblemError } from '../contract/problem.ts';

/** How long `/readyz` reports trouble after a request met it. Longer than the interval of watchdogs. */
const REMEMBER_MS = 10_000;
/** Trouble that only writes meet, so that a probe doesn't show it. */
const STOPS_SALES = new Set<string>(['full', 'broken']);

/** Database trouble that requests met and that a probe doesn't show. */
export type Troubles = {
  note(trouble: Trouble): void;
  /** The trouble that stops all sales now, as a clause; undefined if none is known. */
  current(): string | undefined;
};

export function openTroubles(now: () => number = performance.now.bind(performance)): Troubles {
  let last: { at: number; what: string } | undefined;
  return {
    note({ kind, what }) {
      if (STOPS_SALES.has(kind)) last = { at: now(), what };
    },
    current: () => (last && now() - last.at < REMEMBER_MS ? last.what : undefined),
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
  const { what, level } = trouble;
  troubles?.note(trouble);
  log[level]({ err: error, ...fields }, what);
  return new ProblemError('unavailable', { detail: detailOf(what) });
}

const detailOf = (what: string) =>
  `${what[0]?.toUpperCase()}${what.slice(1)} now. Send the same again, with the same id, in a few seconds.`;
