import { setTimeout as sleep } from 'node:timers/promises';
import { HEARTBEAT_MS, keepChecking, openHeldConnection } from './held-connection.ts';
import { endWithin } from './watch-server.ts';

/** Held by the one process of a database that runs its schedule. "Smol" in ASCII. */
const LEADER_KEY = 0x536d6f6c;
/** The longest time without a leader once the lock is free. */
const RETRY_MS = 60_000;
/** A connection to a dead server never finishes closing. */
const END_TIMEOUT_MS = 2_000;

type Options = {
  /** Between two tries to become the leader. */
  retryMs?: number;
  /** Between two checks of the connection. */
  heartbeatMs?: number;
  /** The database is unreachable, or `work` threw; it is retried. */
  onError(error: unknown): void;
};

export type Leadership = { close(): Promise<void> };

/**
 * Runs `work` in one process of all that call this, on any machine, using a session lock of the database. Aborts the signal of
 * `work` on `close` and when the lock is lost with its connection: `work` must stop then, as another process may begin. Without
 * the lock it retries every `retryMs`. `close` waits for `work` to end.
 */
export function seekLeadership(
  url: string,
  work: (signal: AbortSignal) => Promise<void>,
  { retryMs = RETRY_MS, heartbeatMs = HEARTBEAT_MS, onError }: Options,
): Leadership {
  const closing = new AbortController();
  const seek = async () => {
    while (!closing.signal.aborted) {
      await lead(url, work, heartbeatMs, closing.signal).catch(onError);
      await sleep(retryMs, undefined, { signal: closing.signal, ref: false }).catch(() => {});
    }
  };
  const seeking = seek();
  return {
    async close() {
      closing.abort();
      await seeking;
    },
  };
}

/** Leads until the lock is lost, `work` ends or `closing` aborts; returns at once when another process leads. */
async function lead(
  url: string,
  work: (signal: AbortSignal) => Promise<void>,
  heartbeatMs: number,
  closing: AbortSignal,
): Promise<void> {
  const client = await openHeldConnection(url, 'smoocho schedule');
  const term = new AbortController();
  const end = () => term.abort();
  client.once('end', end);
  closing.addEventListener('abort', end);
  const stopChecking = keepChecking(client, heartbeatMs);
  try {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS "isMine"', [LEADER_KEY]);
    if (closing.aborted) end();
    if (rows[0].isMine && !term.signal.aborted) await work(term.signal);
  } finally {
    stopChecking();
    closing.removeEventListener('abort', end);
    await endWithin(client, END_TIMEOUT_MS);
  }
}
