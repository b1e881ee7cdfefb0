import pg from 'pg';

const CONNECT_TIMEOUT_MS = 5_000;
/** A machine that lost its power holds its locks until PostgreSQL finds out: 30 + 3 × 10 seconds, not two hours. */
const KEEPALIVES = '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3';

/** A connection that is kept for the locks of its session, and emits `end` when it is lost. Throws what connecting throws. */
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
