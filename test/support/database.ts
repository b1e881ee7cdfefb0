import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { attachEmbedded, type EmbeddedServer } from '../../src/database/embedded.ts';
import { migrateUp, withClient } from '../../src/database/migrate.ts';
import { removeFolder, tempFolder } from './temp.ts';

const TEMPLATE = 'smoocho_template';

/** Where the server is, for those of the run's processes that didn't start it. */
const ADDRESS = 'TEST_SERVER_URL';

/** Five suites at a time, each with one or two servers of eight connections, and what they start. */
const MAX_CONNECTIONS = 250;

/**
 * Copies the files. By default PostgreSQL writes each page of the template to its log and compresses it: measured on 2 cores, 200 to
 * 500 ms of processor time per database, where the files take 15 ms in memory and 100 to 300 ms on a disk.
 */
const CLONE = 'STRATEGY FILE_COPY';

let server: EmbeddedServer | undefined;
let home: string | undefined;

export async function startDatabaseServer(): Promise<void> {
  home = tempFolder();
  server = await attachEmbedded({ home, password: randomUUID(), maxConnections: MAX_CONNECTIONS });
  process.env[ADDRESS] = server.url;
  await withClient(server.url, async (client) => {
    // Whatever creates a database without CLONE, as a restore does, would compress each of its pages for the log.
    await client.query('ALTER ROLE smoocho SET wal_compression = off');
    await client.query(`CREATE DATABASE ${TEMPLATE} ${CLONE}`);
  });
  await migrateUp(urlOf(TEMPLATE));
}

export async function stopDatabaseServer(): Promise<void> {
  await server?.release();
  if (home) removeFolder(home);
}

function urlOf(name: string): string {
  const address = process.env[ADDRESS];
  if (!address) throw new Error('The database server of the tests is not running.');
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}

export type TestDatabase = {
  url: string;
  connect(): Promise<pg.Client>;
  /** Copies its current state, as a backup would. Ends the connections of `connect`; there may be no others. */
  copy(): Promise<TestDatabase>;
  drop(): Promise<void>;
  /** Recreates it without tables. */
  empty(): Promise<void>;
};

/** An empty database of the newest schema (or, with `migrated: false`, of none). */
export const testDatabase = ({ migrated = true } = {}): Promise<TestDatabase> =>
  createDatabase(migrated ? TEMPLATE : null);

async function createDatabase(template: string | null): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = urlOf('smoocho');
  await withClient(admin, (client) =>
    client.query(`CREATE DATABASE ${name} ${template ? `TEMPLATE ${template}` : ''} ${CLONE}`),
  );
  const clients: pg.Client[] = [];
  const disconnect = () => Promise.all(clients.splice(0).map((client) => client.end()));
  return {
    url: urlOf(name),
    async connect() {
      const client = new pg.Client({ connectionString: urlOf(name), options: '-c timezone=UTC' });
      await client.connect();
      clients.push(client);
      return client;
    },
    async copy() {
      await disconnect();
      return await createDatabase(name);
    },
    async empty() {
      await disconnect();
      await dropDatabase(admin, name);
      await withClient(admin, (client) => client.query(`CREATE DATABASE ${name} ${CLONE}`));
    },
    async drop() {
      await disconnect();
      await dropDatabase(admin, name);
    },
  };
}

const OBJECT_IN_USE = '55006';
const SESSIONS = `
  SELECT concat_ws(', ', application_name, state, wait_event, backend_start, left(query, 200)) AS session
  FROM pg_stat_activity WHERE datname = $1`;

/**
 * Drops without FORCE, so that a leaked connection fails the test with its last query. PostgreSQL itself waits five seconds for
 * closed connections; on a busy disk one that writes its last row takes longer.
 */
async function dropDatabase(admin: string, name: string): Promise<void> {
  await withClient(admin, async (client) => {
    for (const late = Date.now() + 20_000; ; ) {
      try {
        await client.query(`DROP DATABASE ${name}`);
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== OBJECT_IN_USE) throw error;
        const { rows } = await client.query<{ session: string }>(SESSIONS, [name]);
        if (Date.now() > late)
          throw new Error(`${name} is still used by:\n${rows.map((row) => row.session).join('\n')}`);
      }
    }
  });
}
