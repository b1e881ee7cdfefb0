import { type Log, type Trouble, troubleOf } from '../app.ts';
import { ProblemError } from '../contract/problem.ts';

/** How long trouble that stops all sales counts as there, after a request met it. Longer than watchdogs pause. */
const REMEMBER_MS = 10_000;
/** What a statement that only reads doesn't meet. */
const STOPS_SALES = new Set<string>(['full', 'broken']);

/** Trouble of the database that requests met, and that asking it something does not show. */
export type Troubles = {
  note(trouble: Trouble): void;
  /** What stops all sales now, as a clause; undefined: nothing that is known. */
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
 * The answer to a request that met passing trouble of the database, which is logged; undefined for any other error. The change
 * may be there in the end: sent again under its id, it is there once.
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
