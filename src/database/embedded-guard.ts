import { Client } from 'pg';
import { NotYet } from './embedded-run.ts';
import { WrongPasswordError } from './errors.ts';
import { isNotLetIn } from './pg-errors.ts';

/**
 * Shared by every process that is attached; held alone by the one that stops the server. "Smoo" in ASCII.
 * Advisory locks are per database: the guards meet in `postgres`, so that `smoocho` may be renamed at a restore.
 */
const ATTACHED_KEY = 0x536d6f6f;
const CONNECT_TIMEOUT_MS = 5_000;
/** Blocked only while another process stops the server, which ends the connection. */
const LOCK_TIMEOUT_MS = 10_000;

/** The connection that says for as long as it lives: this process uses the server. */
export type Guard = {
  onLost(listener: () => void): void;
  /**
   * Whether others are attached; when not, none can be until `end`. `lost`: the connection broke
   * before that was known.
   */
  letGo(): Promise<'last' | 'not last' | 'lost'>;
  end(): void;
};

/**
 * Throws NotYet when the server is going down or not up yet, DatabaseUnreachableError when trying
 * again is no use.
 */
export async function openGuard(port: number, password: string): Promise<Guard> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'smoocho',
    password,
    database: 'postgres',
    ssl: false,
    application_name: 'smoocho guard',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: LOCK_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
    options: `-c lock_timeout=${LOCK_TIMEOUT_MS} -c statement_timeout=0 -c idle_session_timeout=0`,
  });
  let isLost = false;
  let tell: (() => void) | undefined;
  const lose = () => {
    if (isLost) return;
    isLost = true;
    tell?.();
  };
  client.on('error', lose);
  client.on('end', lose);
  const end = () => {
    tell = undefined;
    void client.end().catch(() => {});
  };
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock_shared($1)', [ATTACHED_KEY]);
  } catch (error) {
    end();
    throw explain(error as Error);
  }
  return {
    onLost(listener) {
      tell = listener;
      if (isLost) listener();
    },
    async letGo() {
      tell = undefined;
      if (isLost) return 'lost';
      return await isLast(client).then(
        (last) => (last ? 'last' : 'not last'),
        () => 'lost',
      );
    },
    end,
  };
}

async function isLast(client: Client): Promise<boolean> {
  await client.query('SELECT pg_advisory_unlock_shared($1)', [ATTACHED_KEY]);
  const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS alone', [ATTACHED_KEY]);
  return rows[0]?.alone === true;
}

function explain(error: Error): Error {
  if (!isNotLetIn(error)) return new NotYet(error.message);
  return new WrongPasswordError(
    'The embedded PostgreSQL refuses the password in secrets/postgres-password: put that file back from a copy of the home. Without one, move the folder postgres of the home away, and restore a backup of the shop with its recovery key: smoocho restore FILE --identity KEY-FILE',
  );
}
