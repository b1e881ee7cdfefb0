import { expect } from 'chai';
import pg from 'pg';
import { type ServerLock, takeServerLock } from '../../src/database/server-lock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';

describe('the lock of a server', () => {
  let database: TestDatabase;
  let db: pg.Client;
  let lock: ServerLock | undefined;

  before(async () => {
    database = await testDatabase({ migrated: false });
    db = new pg.Client({ connectionString: database.url });
    await db.connect();
  });
  after(async () => {
    await lock?.release();
    await db?.end();
    await database?.drop();
  });

  const connections = async () => {
    const { rows } = await db.query(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'smoocho server'",
    );
    return rows.map(({ pid }) => pid as number);
  };
  const held = async () => {
    const { rows } = await db.query(
      "SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    return rows[0].count as number;
  };

  it('is taken again with one connection, however often the database refuses it', async () => {
    // As with a full table of locks: the connection stays.
    await db.query(`
      CREATE SCHEMA own;
      CREATE SEQUENCE own.tries;
      CREATE FUNCTION own.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN PERFORM nextval('own.tries'); RAISE 'out of shared memory'; END $$`);
    const name = new URL(database.url).pathname.slice(1);
    lock = await takeServerLock(database.url, false, () => {});
    expect(await held()).to.equal(1);
    await db.query(`ALTER DATABASE "${name}" SET search_path = own, pg_catalog, public`);
    await db.query('SELECT pg_terminate_backend($1)', await connections());
    await until(async () => (await db.query('SELECT last_value FROM own.tries')).rows[0].last_value >= 4);
    expect(await connections()).to.have.length.at.most(1);
    await db.query(`ALTER DATABASE "${name}" RESET search_path`);
    await until(async () => (await held()) === 1);
    expect(await connections()).to.have.length(1);
  }).timeout(120_000);
});
