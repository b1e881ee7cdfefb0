import type { Context } from './context.ts';
import { newId } from './ids.ts';

type Turn = { by: string; until: number };

/** A look at the store is cheap, and others are done within a few of them. */
const LOOK_MS = 25;

/**
 * Does `work` while no other tab or program on the same store does, and at most `longestMs` later all the same: whoever
 * has the turn for longer has crashed.
 */
export async function inTurn<T>(
  { store, now }: Pick<Context, 'store' | 'now'>,
  key: string,
  longestMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const by = newId(now());
  // By this program's own patience too: a clock that was set back must not make it wait for days.
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const isOver = waitedMs >= longestMs;
    const turn = (await store.update(key, (value) => {
      const taken = value as Turn | undefined;
      return taken && taken.until > now() && !isOver ? taken : { by, until: now() + longestMs };
    })) as Turn;
    if (turn.by === by) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  try {
    return await work();
  } finally {
    await store.update(key, (value) => ((value as Turn | undefined)?.by === by ? undefined : value));
  }
}
