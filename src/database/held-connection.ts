import pg from 'pg';

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
