import { withClient } from './migrate.ts';
import { DURABILITY, OLDEST_VERSION } from './requirements.ts';
import { SERVER_PLACE } from './server-lock.ts';
import { readStandby, type StandbySettings } from './standby-watch.ts';

/** A PostgreSQL and the database in it, as it is set up. */
export type DatabaseFacts = {
  /** Such as `18.1`. */
  version: string;
  isTooOld: boolean;
  oldestVersion: number;
  encoding: string;
  /** Its texts are sorted by another version of the system's rules than its indexes were made with. */
  isCollationOld: boolean;
  /** Settings that are off, with which a sale can be lost. */
  durabilityOff: string[];
  /** Another PostgreSQL's copy: nothing can be written. */
  isStandby: boolean;
  maxConnections: number;
  /** Open now, by anybody. */
  connections: number;
  /** Whether this role may make tables, which an upgrade does. */
  canCreate: boolean;
  sizeBytes: number;
  /** This machine's clock less the database's. */
  clockAheadMs: number;
  standby: StandbySettings & { isMissing: boolean };
  /** The server of ours that has run longest on it; null if none runs. */
  server: { since: Date; isElsewhere: boolean } | null;
};

const READ = `
  SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
    current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS "isStandby",
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS "maxConnections",
    (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    coalesce(has_schema_privilege(to_regnamespace('public')::oid, 'CREATE'), false) AS "canCreate",
    pg_database_size(current_database())::float8 AS "sizeBytes",
    (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE name = ANY ($1) AND setting = 'off') AS off`;

/** Both functions came with PostgreSQL 15. */
const IS_COLLATION_OLD = `
  SELECT coalesce(datcollversion <> pg_database_collation_actual_version(oid), false) AS "isOld"
  FROM pg_database WHERE datname = current_database()`;

const CLOCK = 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now';

type Row = Pick<
  DatabaseFacts,
  'version' | 'encoding' | 'isStandby' | 'maxConnections' | 'connections' | 'canCreate' | 'sizeBytes'
> & { number: number; off: string[] };

/** Throws DatabaseUnreachableError, and what PostgreSQL says. */
export const inspectDatabase = (url: string): Promise<DatabaseFacts> =>
  withClient(url, async (client) => {
    await client.query("SET statement_timeout = '10s'");
    const one = async <T>(sql: string, values: unknown[] = []) =>
      (await client.query(sql, values)).rows[0] as T;
    const { number, off, version, ...about } = await one<Row>(READ, [DURABILITY]);
    const isTooOld = Math.floor(number / 10_000) < OLDEST_VERSION;
    const { isOld } = isTooOld ? { isOld: false } : await one<{ isOld: boolean }>(IS_COLLATION_OLD);
    const server = await one<{ since: number | null; isElsewhere: boolean }>(SERVER_PLACE);
    const asked = Date.now();
    const { now } = await one<{ now: number }>(CLOCK);
    return {
      ...about,
      version: version.split(' ')[0] as string,
      isTooOld,
      oldestVersion: OLDEST_VERSION,
      isCollationOld: isOld,
      durabilityOff: off,
      // Halfway between question and answer.
      clockAheadMs: Math.round((asked + Date.now()) / 2 - now),
      standby: await readStandby(client),
      server:
        server.since === null ? null : { since: new Date(server.since), isElsewhere: server.isElsewhere },
    };
  });

/** Why a replica can't be read, in a sentence; null if it can. */
export const replicaProblem = async (url: string): Promise<string | null> => {
  try {
    return await withClient(url, async (client) => {
      const { rows } = await client.query('SELECT pg_is_in_recovery() AS "isStandby"');
      return rows[0].isStandby
        ? null
        : 'DATABASE_REPLICA_URL names no standby, but a PostgreSQL that takes writes.';
    });
  } catch (error) {
    return (error as Error).message;
  }
};
