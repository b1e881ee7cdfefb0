import pg from 'pg';
import { migrateUp } from '../../src/database/migrate.ts';
import type { TestDatabase } from './database.ts';
import { type DebianPostgres, startDebianPostgres } from './debian-postgres.ts';
import { until } from './feed-ear.ts';

export const STANDBY = 's1';
/** A role as a hoster gives it: owner of its database and nothing else, so that it can't see who replicates. */
export const OWNER = 'shopkeeper';

/** A primary and a streaming standby, with a migrated database. */
export type StandbyPair = {
  primary: DebianPostgres;
  standby: DebianPostgres;
  /** The database on the primary, by the role `OWNER`. */
  database: TestDatabase;
  /** The same as superuser, and on the standby. */
  url(server: DebianPostgres, user?: string): string;
  /** One statement on the primary, or on a server, as superuser; gives its rows. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  sqlOn(server: DebianPostgres, text: string): Promise<Record<string, unknown>[]>;
  /** Sets `synchronous_standby_names`. */
  name(names: string): Promise<void>;
  /** Until the standby confirms commits. */
  untilConfirming(): Promise<void>;
  close(): Promise<void>;
};

const DATABASE = 'shop';

export async function startStandbyPair(version = 15, settings: string[] = []): Promise<StandbyPair> {
  const primary = await startDebianPostgres(version, settings);
  let standby: DebianPostgres | undefined;
  const clients: pg.Client[] = [];
  const url = (server: DebianPostgres, user = 'smoocho') => {
    const address = new URL(server.url(DATABASE));
    address.username = user;
    return address.href;
  };
  const sqlOn = async (server: DebianPostgres, text: string) => {
    const client = new pg.Client({ connectionString: server.url('postgres') });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const sql = (text: string) => sqlOn(primary, text);
  const close = async () => {
    for (const client of clients) await client.end().catch(() => {});
    standby?.stop();
    primary.stop();
  };
  try {
    await sql(`CREATE ROLE ${OWNER} LOGIN`);
    await sql(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`);
    standby = await startDebianPostgres(version, settings, { primary, name: STANDBY });
    await migrateUp(url(primary, OWNER));
  } catch (error) {
    await close();
    throw error;
  }
  const SYNC = "SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')";
  const unsupported = () => Promise.reject(new Error('This database is not cloned.'));
  return {
    primary,
    standby,
    url,
    sql,
    sqlOn,
    close,
    database: {
      url: url(primary, OWNER),
      async connect() {
        const client = new pg.Client({ connectionString: url(primary, OWNER) });
        // The primary is killed under it.
        client.on('error', () => {});
        await client.connect();
        clients.push(client);
        return client;
      },
      copy: unsupported,
      empty: unsupported,
      drop: async () => {},
    },
    async name(names) {
      await sql(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
      await sql('SELECT pg_reload_conf()');
    },
    untilConfirming: () => until(async () => (await sql(SYNC)).length > 0, 30_000),
  };
}
