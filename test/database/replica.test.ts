import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EntityManager } from '@mikro-orm/postgresql';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { entities } from '../../src/core/entities.ts';
import { exportData } from '../../src/core/export/export-data.ts';
import { findShop } from '../../src/core/shops/find-shops.ts';
import { query } from '../../src/database/query.ts';
import { openReplica, type Replica } from '../../src/database/replica.ts';
import { replicaReason } from '../../src/database/replica-reason.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import {
  type DebianPostgres,
  requireDebianPostgres,
  startDebianPostgres,
} from '../support/debian-postgres.ts';
import { givenProduct, givenShop, saleOf, signedIn, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { OWNER, type StandbyPair, startStandbyPair } from '../support/standby-pair.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { onTerminal, requireTerminal } from '../support/terminal.ts';

const VERSION = 15;

describe('a replica that answers reports', function () {
  this.timeout(120_000);
  let pair: StandbyPair;
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  const opened: Replica[] = [];

  before(async function () {
    requireDebianPostgres(this, VERSION);
    pair = await startStandbyPair(VERSION);
    test = await startTestApp({
      database: pair.database,
      env: { DATABASE_REPLICA_URL: pair.url(pair.standby, OWNER) },
    });
    shop = await givenShop(test, 'REPL');
    product = await givenProduct(shop);
  });
  afterEach(async () => {
    for (const replica of opened.splice(0)) await replica.close();
  });
  after(async () => {
    await test?.close();
    await pair?.close();
  });

  const sell = async () =>
    expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
  const report = async () => (await shop.manager.get(`${shop.path}/reports/sales`)).body;
  const soldBy = async () => (await report()).totals.orders as number;
  const exportedOrders = async () => {
    const context = { ...systemContext(test.app, 'test'), app: test.app };
    const found = await findShop(context.em, shop.id);
    const request = { what: 'sales', span: { from: null, to: null }, format: 'csv' } as const;
    return await exportData(context, found, request, { begin: async () => {}, write: async () => {} });
  };
  const onStandby = (text: string) => pair.sqlOn(pair.standby, text);
  const unusedFor = async () => {
    const body = (await (await fetch(`${test.url}/readyz`)).json()) as Ready;
    return body.details.replica.unusedFor;
  };
  type Ready = { details: { replica: { unusedFor: string | null } } };

  const own = (url: string, options: object = {}) => {
    const replica = openReplica(url, { now: () => new Date(), log: { warn() {} }, entities, ...options });
    opened.push(replica);
    return replica;
  };
  const em = () => systemContext(test.app, 'test').em;
  /** Which server answers. */
  const answeredBy = (replica: Replica) =>
    replica.read(em(), async (reading) => {
      const [row] = await query<{ isStandby: boolean }>(reading, 'SELECT pg_is_in_recovery() AS "isStandby"');
      return row?.isStandby ? 'replica' : 'primary';
    });
  const refusalOf = async (url: string) => {
    const error = await own(url)
      .check(em())
      .then(
        () => null,
        (thrown: Error) => thrown,
      );
    return [error?.name, error?.message];
  };

  it('says until when it is complete, also while it is behind and in a table of CSV', async () => {
    await sell();
    await until(async () => (await soldBy()) === 1);
    await onStandby('SELECT pg_wal_replay_pause()');
    const pausedAt = Date.now();
    await sell();
    const soldAt = Date.now();
    const behind = await report();
    expect(behind.totals.orders).to.equal(1);
    expect(Date.parse(behind.asOf)).to.be.below(soldAt);
    const table = await shop.manager.get(`${shop.path}/reports/sales`, { accept: 'text/csv' });
    expect(Date.parse(table.headers.get('x-as-of') as string)).to.be.within(pausedAt - 10_000, soldAt);
    const exported = await exportedOrders();
    expect(exported.rows).to.equal(1);
    expect(Date.parse(exported.asOf)).to.be.below(soldAt);
    await onStandby('SELECT pg_wal_replay_resume()');
    await until(async () => (await soldBy()) === 2);
    expect((await exportedOrders()).rows).to.equal(2);
    expect(await unusedFor()).to.equal(null);
  });

  it('leaves it to the primary once it is too far behind, and has all of a primary where nothing is sold', async () => {
    const replica = own(pair.url(pair.standby, OWNER), { maxBehindMs: 500 });
    await onStandby('SELECT pg_wal_replay_pause()');
    await sell();
    await until(async () => (await answeredBy(replica)) === 'primary');
    expect(replica.state().unusedFor).to.equal('it is too far behind');
    await onStandby('SELECT pg_wal_replay_resume()');
    await until(async () => (await answeredBy(replica)) === 'replica');
    // The last commit is longer ago than it may be behind.
    const asked = Date.now();
    await until(() => Date.now() - asked > 1_000);
    const before = Date.now();
    const asOf = await replica.read(em(), async (_, each) => each);
    expect([await answeredBy(replica), asOf.getTime() >= before]).to.deep.equal(['replica', true]);
  });

  it('is as far behind as it is, whatever its clock says', async () => {
    // One system has one clock: a role of the replica's finds another one before it.
    const db = await pair.database.connect();
    await db.query(`CREATE SCHEMA fast; GRANT USAGE ON SCHEMA fast TO public;
      CREATE FUNCTION fast.clock_timestamp() RETURNS timestamptz LANGUAGE sql
      AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$`);
    await pair.sql(
      "CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET search_path = 'fast', 'pg_catalog', 'public'",
    );
    const fast = own(pair.url(pair.standby, 'hasty'));
    const asOf = () => fast.read(em(), async (_, each) => each);
    await until(async () => (await answeredBy(fast)) === 'replica');
    await onStandby('SELECT pg_wal_replay_pause()');
    const pausedAt = Date.now();
    try {
      await sell();
      expect(await answeredBy(fast)).to.equal('replica');
      expect((await asOf()).getTime()).to.be.within(pausedAt - 10_000, Date.now());
    } finally {
      await onStandby('SELECT pg_wal_replay_resume()');
    }
  });

  it('is not waited for again and again when it says nothing, and used again later', async () => {
    const proxy = await startTcpProxy(pair.url(pair.standby));
    const url = new URL(pair.url(pair.standby, OWNER));
    url.port = String(proxy.port);
    const replica = own(url.href, { restMs: 1_500 });
    try {
      expect(await answeredBy(replica)).to.equal('replica');
      proxy.pause();
      const begun = performance.now();
      expect(await answeredBy(replica)).to.equal('primary');
      const waitedMs = performance.now() - begun;
      // Longer than a probe takes, and shorter than a statement may.
      expect(waitedMs).to.be.within(500, 5_000);
      const again = performance.now();
      expect(await answeredBy(replica)).to.equal('primary');
      expect(performance.now() - again).to.be.below(waitedMs);
      proxy.resume();
      await until(async () => (await answeredBy(replica)) === 'replica');
      expect(replica.state().unusedFor).to.equal(null);
    } finally {
      await replica.close();
      opened.length = 0;
      await proxy.close();
    }
  });

  it('asks the primary when it is gone, and says so in /readyz and on a terminal', async function () {
    requireTerminal(this);
    pair.standby.crash();
    await sell();
    const { totals } = await report();
    const { body } = await shop.cashier.get(`${shop.path}/orders?limit=200`);
    expect(totals.orders).to.equal(body.data.length);
    expect(await unusedFor()).to.equal('nothing answers at its address');
    // A command on a terminal says so in a sentence, above a table that says until when it is complete.
    const env = {
      SMOOCHO_HOME: test.home,
      DATABASE_URL: pair.database.url,
      LOG_LEVEL: 'warn',
      DATABASE_REPLICA_URL: pair.url(pair.standby, OWNER),
    };
    const command = onTerminal(['report', 'sales', '--shop', 'REPL'], env);
    expect(await command.ends()).to.equal(0);
    expect(command.output()).to.match(
      /^Note: the primary answers in place of the replica \(nothing answers at its address\)\.\n.*complete until 20\d\d-/,
    );
    // Nor does it keep a server from starting.
    const other = await startTestApp({
      beside: test,
      env: { DATABASE_REPLICA_URL: pair.url(pair.standby, OWNER) },
    });
    await other.close();
    pair.standby.start();
  });

  it('says why it is not used, in the log with the error, and tells no address and no password', async () => {
    const lines: object[] = [];
    const url = new URL(pair.url(pair.standby, 'nobody-here'));
    url.password = 'a-secret';
    const stranger = own(url.href, { log: { warn: (fields: object) => lines.push(fields) } });
    expect(await answeredBy(stranger)).to.equal('primary');
    expect(stranger.state().unusedFor).to.equal('its role may not connect');
    expect(JSON.stringify(lines)).to.include('nobody-here').and.not.include('a-secret');
    expect(lines).to.have.length(1);

    const reasonOf = (fields: object) => replicaReason(Object.assign(new Error('of a test'), fields));
    expect(reasonOf({ code: '28P01' })).to.equal('its password is wrong');
    expect(reasonOf({ code: 'ENOTFOUND' })).to.equal('the name in its address is not known');
    expect(reasonOf({ message: 'timeout expired' })).to.equal('it does not answer in time');
    expect(reasonOf({ message: 'of a kind that nobody knows at db.example' })).to.not.include('db.example');
  });

  it('asks the primary when a file of its address is gone, uses it once that is back, and closes', async () => {
    const caFile = join(tempFolder(), 'ca.pem');
    const url = new URL(pair.url(pair.standby, OWNER));
    url.searchParams.set('sslmode', 'disable');
    url.searchParams.set('sslrootcert', caFile);
    const em = () => test.app.orm.em.fork();
    const readBy = async (reading: EntityManager) =>
      (await query<{ isStandby: boolean }>(reading, 'SELECT pg_is_in_recovery() AS "isStandby"'))[0]
        ?.isStandby;
    const replica = own(url.href, { restMs: 0 });
    try {
      expect(await replica.read(em(), readBy)).to.equal(false);
      await replica.close();
      writeFileSync(caFile, '');
      await until(async () => (await replica.read(em(), readBy)) === true);
    } finally {
      await replica.close();
      removeFolder(dirname(caFile));
    }
  });

  it('is not used when it was promoted, and keeps no server from starting', async () => {
    const promoted = await startTestApp({ beside: test, env: { DATABASE_REPLICA_URL: pair.database.url } });
    try {
      const { status, body } = await clientOf(promoted.url).get('/readyz');
      expect([status, body.details.replica.unusedFor]).to.deep.equal([200, 'it is a primary and no standby']);
      const manager = await signedIn(promoted, shop.emails.manager);
      expect((await manager.get(`${shop.path}/reports/sales`)).status).to.equal(200);
    } finally {
      await promoted.close();
    }
  });

  it('is refused at the start when it is of another database', async () => {
    const START = 'DATABASE_REPLICA_URL can not be used: ';
    const END = '. Name a streaming standby of the database in DATABASE_URL, or leave it out.';
    let other: DebianPostgres | undefined;
    try {
      other = await startDebianPostgres(VERSION);
      const refused = await Promise.all([
        refusalOf(other.url('postgres')),
        refusalOf(pair.standby.url('postgres')),
      ]);
      expect(refused).to.deep.equal([
        ['DatabaseRefusedError', `${START}it is no copy of that PostgreSQL${END}`],
        ['DatabaseRefusedError', `${START}it is another database of that PostgreSQL${END}`],
      ]);
      const env = { DATABASE_REPLICA_URL: other.url('postgres') };
      const started = await startTestApp({ beside: test, env }).then(
        () => 'started',
        (error: Error) => error.name,
      );
      expect(started).to.equal('DatabaseRefusedError');
    } finally {
      other?.stop();
    }
  });
});
