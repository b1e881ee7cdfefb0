import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type WatchTimes = {
  everyMs: number;
  /** Timeout of a probe: a small machine that writes a backup to an SD card takes seconds. */
  answerMs: number;
  /** Failed probes in a row before the server counts as gone. */
  misses: number;
};

const usualTimes: WatchTimes = { everyMs: 15_000, answerMs: 15_000, misses: 3 };

export type ServerWatch = { stop(): Promise<void> };

/**
 * Calls `onGone` once a database server accepts no connections. Probes it over connections of its own instead of timing a
 * statement: indexing a large table may take any time.
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

/** Whether the server responds; an error such as too many connections or an unknown database counts. */
async function answers(url: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
  let client: pg.Client;
  try {
    client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: withinMs,
      application_name: 'smoocho watch',
    });
  } catch {
    // A file of its TLS that is gone, or is being replaced, says nothing about the server.
    return true;
  }
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

/** Closes a connection, and breaks it off after `timeoutMs` if its server is gone. */
export async function endWithin(client: pg.Client, timeoutMs: number): Promise<void> {
  const late = setTimeout(breakOff, timeoutMs, client);
  await client.end().catch(() => {});
  clearTimeout(late);
}

/** Destroys the connection, so that pending queries fail at once. */
export const breakOff = (client: pg.Client) =>
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
