import pg from 'pg';
import { DatabaseUnreachableError } from './errors.ts';
import { isBreak, isCutOff, isDiskFull, isNoDatabase } from './pg-errors.ts';
import { breakOff, endWithin, type WatchTimes, watchServer } from './watch-server.ts';

const END_MS = 5_000;

/**
 * Connects, runs `work` and closes the connection. A statement has no time limit while its server accepts connections. Throws
 * what `work` throws, and DatabaseUnreachableError when the connection fails or breaks.
 */
export async function useClient<T>(
  config: pg.ClientConfig & { connectionString: string },
  work: (client: pg.Client) => Promise<T>,
  times?: WatchTimes,
): Promise<T> {
  let isBroken = false;
  const connect = async () => {
    const client = new pg.Client(config);
    // The query in flight rejects a little later and reports the error.
    client.on('error', () => {
      isBroken = true;
    });
    await client.connect();
    return client;
  };
  const { host, port } = new pg.Client(config);
  const place = `the database at ${host}:${port}`;
  const client = await connect()
    // While a restore swaps two databases, PostgreSQL refuses whoever connects to either name.
    .catch((error) => (isNoDatabase(error) ? connect() : Promise.reject(error)))
    .catch((error) => {
      throw new DatabaseUnreachableError(
        `The${place.slice(3)} can't be reached (${reasonOf(error)}). ${mendOf(error)}`,
        { cause: error },
      );
    });
  let isGone = false;
  const onGone = () => {
    isGone = true;
    breakOff(client);
  };
  const watch = watchServer(config.connectionString, onGone, times);
  try {
    return await work(client);
  } catch (error) {
    if (!isCutOff(error) && !(isBroken && isBreak(error))) throw error;
    throw new DatabaseUnreachableError(
      `The connection to ${place} broke (${isGone ? 'it answers nobody any more' : reasonOf(error)}). See whether it runs, and try again.`,
      { cause: error },
    );
  } finally {
    await watch.stop();
    await endWithin(client, END_MS);
  }
}

function mendOf(error: unknown): string {
  const reason = reasonOf(error);
  if (isDiskFull(error)) return 'Free some room on its disk, and try again.';
  if (/no encryption|SSL off/.test(reason))
    return 'It wants TLS: put ?sslmode=verify-full behind its address in DATABASE_URL.';
  if (/certificate|altname/i.test(reason)) {
    return 'Name the file of its authority behind its address in DATABASE_URL, ?sslmode=verify-full&sslrootcert=/path/to/ca.pem, and call it by the name that its certificate has.';
  }
  return 'Is it running, and is DATABASE_URL right?';
}

const reasonOf = (error: unknown) => (error as Error).message || String(error);
