import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable } from '../database/pg-errors.ts';

/** A deadlock shows after a second of waiting: more tries than these would be longer than a till waits. */
const MAX_TRIES = 5;
/** Long enough for the others to be done, each time longer; who met once should not meet again at once. */
const PAUSE_MS = 20;

/**
 * Does work again that PostgreSQL undid because of others at work (40001, 40P01): whoever asked sees it only as time.
 * `work` is one statement or one transaction, so that nothing of a failed try is left.
 */
export async function retrying<T>(work: () => Promise<T>, random: () => number = Math.random): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error) || tried === MAX_TRIES) throw error;
      await sleep(PAUSE_MS * 2 ** (tried - 1) * (0.5 + random()));
    }
  }
}
