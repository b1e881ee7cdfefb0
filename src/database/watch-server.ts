import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type WatchTimes = {
  everyMs: number;
  /** How long a connection may take: a small machine that writes a backup to an SD card takes seconds. */
  answerMs: number;
  /** So often in a row nobody answers before it counts as gone. */
  misses: number;
};

const usualTimes: WatchTimes = { everyMs: 15_000, answerMs: 15_000, misses: 3 };

export type ServerWatch = { stop(): Promise<void> };

/**
 * Calls `onGone` once the server of a database answers nobody any more. An index of a large table takes as long as it takes: it
 * is the server that is asked, over connections of its own, and not a statement that is timed.
 */
export function watchServer(url: string, onGone: () => void, times: WatchTimes = usualTimes): ServerWatch {
  const stopper = new AbortController();
  const watching = watch(url, onGone, times, stopper.signal);
  return {
    async stop() {
      stopper.abort();
      await watching;
    },
  };
}

async function watch(url: string, onGone: () => void, times: WatchTimes, signal: AbortSignal): Promise<void> {
  for (let missed = 0; missed < times.misses; ) {
    await sleep(times.everyMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    missed = (await answers(url, times.answerMs, signal)) ? 0 : missed + 1;
  }
  if (!signal.aborted) onGone();
}

/** Whether it says anything; that it has too many connections, or knows no such database, is an answer. */
async function answers(url: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: withinMs,
    application_name: 'smoocho watch',
  });
  client.on('error', () => {});
  const giveUp = () => breakOff(client);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    return true;
  } catch (error) {
    return 'severity' in (error as object);
  } finally {
    signal.removeEventListener('abort', giveUp);
    await endWithin(client, withinMs);
  }
}

/** Closes a connection; one to a server that is gone doesn't keep whoever closes it. */
export async function endWithin(client: pg.Client, timeoutMs: number): Promise<void> {
  const late = setTimeout(breakOff, timeoutMs, client);
  await client.end().catch(() => {});
  clearTimeout(late);
}

/** What waits for an answer fails at once. */
export const breakOff = (client: pg.Client) =>
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
