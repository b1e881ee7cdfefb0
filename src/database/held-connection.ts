import pg from 'pg';
import { breakOff } from './watch-server.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** PostgreSQL frees the locks of a machine that lost power after 30 + 3 × 10 seconds, not two hours. */
const KEEPALIVES = '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3';

/** Opens a connection that holds session locks; emits `end` when it is lost. Throws pg's connection error. */
export async function openHeldConnection(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    application_name: name,
    options: `${KEEPALIVES} -c idle_session_timeout=0`,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A connection that says nothing is noticed within 25 s; PostgreSQL needs 60 s to notice its end, and only then frees the lock. */
export const HEARTBEAT_MS = 10_000;
/** In heartbeats: tolerates a machine that is busy for a while. */
const HEARTBEAT_PATIENCE = 1.5;

/** Breaks the connection off when it stops answering, so that it emits `end`. Returns how to stop that. */
export function keepChecking(client: pg.Client, everyMs = HEARTBEAT_MS): () => void {
  let late: NodeJS.Timeout | undefined;
  const answered = () => {
    clearTimeout(late);
    late = undefined;
  };
  const timer = setInterval(() => {
    // One at a time: pg is going to refuse a second query on a connection.
    if (late) return;
    late = setTimeout(breakOff, everyMs * HEARTBEAT_PATIENCE, client);
    client.query('SELECT').then(answered, () => {
      answered();
      breakOff(client);
    });
  }, everyMs).unref();
  const stop = () => clearInterval(timer);
  client.once('end', stop);
  return stop;
}
