import { ProblemAnswer } from './errors.ts';

/** The shortest and the longest pause between two tries. */
export type Pauses = { leastMs: number; mostMs: number };

/** A second is not noticed; after half a minute the till of a mended line still feels quick. */
export const usualPauses: Pauses = { leastMs: 1_000, mostMs: 30_000 };

/** However long the server asks to wait: a fault of its own must not keep a day's sales on the till. */
const MOST_TOLD_MS = 60_000;

/** Doubles with each failure, up to the longest; the random half keeps the tills of a shop from coming all at once. */
export function pauseAfter(failures: number, { leastMs, mostMs }: Pauses): number {
  const full = Math.min(mostMs, leastMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}

/** After a failure that says how long to wait, no less than that, and not all tills at the same moment. */
export function pauseFor(error: unknown, failures: number, pauses: Pauses): number {
  const own = pauseAfter(failures, pauses);
  const toldMs = error instanceof ProblemAnswer ? error.retryAfterMs : null;
  if (toldMs === null) return own;
  return Math.max(own, Math.min(toldMs, MOST_TOLD_MS) + Math.random() * pauses.leastMs);
}

/**
 * Does `work` again as long as the server says when, and that is within `timeoutMs`, which all tries share: nothing was done
 * by what it refused. `work` is told how much time it has. Cut short by `signal`.
 */
export async function patiently<T>(
  work: (leftMs: number) => Promise<T>,
  timeoutMs: number,
  pauses: Pauses,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (let failures = 1; ; failures += 1) {
    try {
      return await work(Math.max(1, Math.ceil(end - performance.now())));
    } catch (error) {
      const isTold = error instanceof ProblemAnswer && error.retryAfterMs !== null;
      const pauseMs = pauseFor(error, failures, pauses);
      if (!isTold || signal.aborted || performance.now() + pauseMs >= end) throw error;
      const { over, wake } = nap(pauseMs);
      signal.addEventListener('abort', wake);
      await over;
      signal.removeEventListener('abort', wake);
    }
  }
}

export type Nap = { over: Promise<void>; wake(): void };

/** A pause that can be cut short. */
export function nap(ms: number): Nap {
  let wake = () => {};
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { over, wake };
}
