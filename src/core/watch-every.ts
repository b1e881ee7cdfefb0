import { setTimeout as sleep } from 'node:timers/promises';

export type Watch = {
  /** Resolves when the look that is under way has ended; there is none after it. */
  close(): Promise<void>;
};

/** Looks at once and then each `everyMs`, until it is closed. A look that fails goes to `onFault`, and is tried again the next time. */
export function watchEvery(
  everyMs: number,
  look: () => Promise<void>,
  onFault: (error: unknown) => void,
): Watch {
  const closing = new AbortController();
  const watching = (async () => {
    while (!closing.signal.aborted) {
      await look().catch(onFault);
      await sleep(everyMs, undefined, { signal: closing.signal, ref: false }).catch(() => {});
    }
  })();
  return {
    async close() {
      closing.abort();
      await watching;
    },
  };
}
