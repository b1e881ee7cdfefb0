import { setTimeout as sleep } from 'node:timers/promises';

type Bounds = {
  /** What was read is good for so long. */
  goodForMs: number;
  /** After so long a scrape goes on without it. */
  withinMs: number;
};

/**
 * Reads something now and then for whoever scrapes: once at a time, however many ask, and undefined where it fails or takes
 * too long. What comes late is there for the next one.
 */
export function createReading<T>(
  read: () => Promise<T>,
  { goodForMs, withinMs }: Bounds,
): () => Promise<T | undefined> {
  let last: { at: number; value: Promise<T | undefined>; isDone: boolean } | undefined;
  return async () => {
    const at = performance.now();
    if (!last || (last.isDone && at - last.at >= goodForMs)) {
      const begun = { at, isDone: false, value: read().catch(() => undefined) };
      last = begun;
      void begun.value.finally(() => {
        begun.isDone = true;
      });
    }
    return await Promise.race([last.value, sleep(withinMs, undefined, { ref: false })]);
  };
}
