import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createLog } from '../../src/app.ts';
import type { Config } from '../../src/config.ts';
import type { Attention } from '../../src/contract/attention.ts';
import type { SignedIn } from '../../src/contract/auth.ts';
import type { Order } from '../../src/contract/orders.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { smoocho, startCli } from '../support/cli.ts';
import { type Answer, type Client, clientOf } from '../support/client.ts';
import { requireDebianPostgres } from '../support/debian-postgres.ts';
import { givenProduct, givenShop, PASSWORD, saleOf, type TestShop } from '../support/factories.ts';
import { connectEar, type Ear, until } from '../support/feed-ear.ts';
import { sampleOf, scrape } from '../support/metrics-parts.ts';
import { OWNER, STANDBY, type StandbyPair, startStandbyPair } from '../support/standby-pair.ts';
import { allOf } from '../support/till-checks.ts';

type Ready = { status: string; details: { database: string; synchronousStandby: object } };

const VERSION = 15;
/** What waits is cut after 3 s and a look or two; on a busy machine later, but before the 17 s of any other statement. */
const ANSWERED_MS = 14_000;
const UNAVAILABLE = 'urn:smoocho:problem:unavailable';

/** Two seconds, and what a busy machine adds. */
const PROMOTED_MS = 4_000;

/** Backends of the program that wait for the standby. */
const WAITING = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = '${OWNER}'`;

/** Each waits for standbys to come and go: a usual run does what acknowledges orders. */
function inTheLongRun(test: Mocha.Context): void {
  if (process.env.FAILOVERS) return;
  console.log('    skipped: FAILOVERS=3 has the time for it');
  test.skip();
}

describe('a synchronous standby that is gone', function () {
  this.timeout(120_000);
  let pair: StandbyPair;
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let logged: Record<string, unknown>[];
  const ears: Ear[] = [];

  before(async function () {
    requireDebianPostgres(this, VERSION);
    pair = await startStandbyPair(VERSION);
    await pair.name(STANDBY);
    await pair.untilConfirming();
    logged = [];
    const log = createLog({ logLevel: 'warn' } as Config, {
      write: (line: string) => void logged.push(JSON.parse(line)),
    });
    test = await startTestApp({ database: pair.database, log });
    shop = await givenShop(test, 'SYNC');
    product = await givenProduct(shop);
  });
  afterEach(async () => {
    for (const { socket } of ears.splice(0)) socket.disconnect();
  });
  after(async () => {
    await test?.close();
    await pair?.close();
  });

  const place = (till: Client, sale: object): Promise<Answer> => till.post(`${shop.path}/orders`, sale);
  const ready = async () => {
    const answer = await fetch(`${test.url}/readyz`);
    return { status: answer.status, body: (await answer.json()) as Ready };
  };
  const renew = ({ refreshToken }: { refreshToken: string }, attempt = 'attempt-of-a-till') =>
    clientOf(test.url).post('/api/auth/refresh', { refreshToken, attempt });
  const attentionOf = async (client: Client) => (await client.get('/api/attention')).body.data as Attention[];
  const untilReady = (status: number) => until(async () => (await ready()).status === status, 20_000);
  const waiting = async () => (await pair.sql(WAITING))[0]?.n as number;
  const bringBack = async () => {
    pair.standby.start();
    await pair.untilConfirming();
    await untilReady(200);
  };

  it('is named by /readyz while all is well', async () => {
    const { status, body } = await ready();
    expect(status).to.equal(200);
    expect(body.details.synchronousStandby).to.deep.equal({
      names: STANDBY,
      level: 'on',
      missingSince: null,
    });
  });

  it('leaves writes unavailable in time and reads as they were; each order is there once when it is back', async () => {
    const ear = await connectEar(test.url, { token: shop.owner.token, shopId: shop.id });
    ears.push(ear);
    const before = (await allOf<Order>(shop.cashier, `${shop.path}/orders`)).length;
    const login = { email: shop.emails.cashier, password: PASSWORD };
    const signedInBefore = (await clientOf(test.url).post('/api/auth/login', login)).body as SignedIn;
    pair.standby.crash();

    const begun = performance.now();
    const sales = Array.from({ length: 20 }, () => saleOf(product));
    const first = await Promise.all(sales.map((sale) => place(shop.cashier, sale)));
    expect(performance.now() - begun).to.be.below(ANSWERED_MS);
    expect(first.map(({ status, body }) => [status, body.type])).to.deep.equal(
      sales.map(() => [503, UNAVAILABLE]),
    );
    expect(first.map(({ headers }) => headers.get('retry-after'))).to.include('5');

    // What comes next waits for nothing, and leaves nothing waiting.
    const left = await waiting();
    const next = Array.from({ length: 100 }, () => saleOf(product));
    const nextBegun = performance.now();
    for (const answer of await Promise.all(next.map((sale) => place(shop.cashier, sale)))) {
      expect([answer.status, answer.body.type]).to.deep.equal([503, UNAVAILABLE]);
    }
    // One after the other they would have waited for minutes.
    expect(performance.now() - nextBegun).to.be.below(10_000);
    expect(left).to.be.within(1, test.app.config.poolSize);
    expect(await waiting()).to.be.within(left, test.app.config.poolSize);
    expect((await shop.cashier.get(`${shop.path}/products`)).status).to.equal(200);
    expect((await shop.manager.get(`${shop.path}/reports/sales`)).status).to.equal(200);

    const { status, body } = await ready();
    expect([status, body.status]).to.deep.equal([503, 'the synchronous standby of the database is missing']);
    const { data } = (await shop.owner.get('/api/attention')).body;
    expect(data.map((one: { code: string }) => one.code)).to.deep.equal(['standby_missing']);
    expect(data[0].detail).to.include(`named in synchronous_standby_names (${STANDBY})`);
    const measured = async () => {
      const samples = await scrape(test.url);
      const problems = sampleOf(samples, 'smoocho_attention', { severity: 'problem' });
      return [problems, sampleOf(samples, 'smoocho_standby_missing')];
    };
    expect(await measured()).to.deep.equal([1, 1]);
    await until(() => ear.attention.length === 1);
    expect(ear.attention[0]?.data).to.deep.equal(data[0]);
    const errors = logged.filter(({ level }) => level === 50);
    expect(errors.map(({ msg }) => msg)).to.deep.equal([
      'no synchronous standby confirms commits; sales are refused until one does, or synchronous_standby_names is changed',
    ]);

    // 120 orders were refused: a line for each would fill a disk.
    const refused = logged.filter(({ msg }) => /confirms no change/.test(String(msg)));
    expect(refused.length).to.be.within(1, 4);
    expect(refused[0]).to.include({ method: 'POST', path: `${shop.path}/orders` });
    for (const { err } of refused) expect(err).to.not.have.property('stack');

    // Who is signed in stays so, and can read on after a quarter of an hour.
    const renewed = await renew(signedInBefore);
    expect([renewed.status, renewed.body.refreshToken]).to.deep.equal([200, signedInBefore.refreshToken]);
    const reader = clientOf(test.url, renewed.body.accessToken);
    expect((await reader.get(`${shop.path}/products`)).status).to.equal(200);
    expect(
      (await renew({ refreshToken: `${signedInBefore.refreshToken.slice(0, -43)}${'A'.repeat(43)}` })).status,
    ).to.equal(503);

    await bringBack();
    // What was renewed without being written down is renewed as ever, and is good once.
    const later = await renew(signedInBefore);
    expect(later.status).to.equal(200);
    expect(later.body.refreshToken).to.not.equal(signedInBefore.refreshToken);
    expect((await clientOf(test.url, later.body.accessToken).get(`${shop.path}/products`)).status).to.equal(
      200,
    );
    expect((await renew(signedInBefore, 'another-attempt-1')).status).to.equal(401);
    for (const sale of [...sales, ...next]) {
      expect((await place(shop.cashier, sale)).status).to.be.oneOf([200, 201]);
    }
    const bills = await allOf<Order>(shop.cashier, `${shop.path}/orders`);
    const all = [...sales, ...next].map(({ id }) => id);
    expect(bills.length).to.equal(before + all.length);
    expect(bills.map(({ id }) => id)).to.include.members(all);
    await until(() => ear.attention.length === 2);
    expect(ear.attention[1]?.data.endedAt).to.be.a('string');
    expect(ear.attention[1]?.data.detail).to.match(/confirmed again, and sales are taken/);
    expect((await shop.owner.get('/api/attention')).body.data).to.deep.equal([]);
    expect(await measured()).to.deep.equal([0, 0]);
  });

  it('is missing under its name alone: who is connected in its place is named', async () => {
    await pair.name('s9');
    const other = await startTestApp({
      beside: test,
      env: { DATABASE_URL: pair.url(pair.primary) },
    });
    try {
      const [found] = await attentionOf(clientOf(other.url, shop.owner.token as string));
      expect(found?.code).to.equal('standby_missing');
      expect(found?.detail).to.include(`Connected under other names: ${STANDBY}.`);
      expect(found?.detail).to.not.include('Start the standby again');
    } finally {
      await other.close();
      await pair.name(STANDBY);
      await pair.untilConfirming();
      await untilReady(200);
    }
  });

  it('promises less with another synchronous_commit, of which owners are warned', async () => {
    const codes = async () =>
      (await attentionOf(shop.owner)).map(({ code, severity }) => `${severity} ${code}`);
    try {
      for (const level of ['remote_write', 'local']) {
        logged.length = 0;
        await pair.sql(`ALTER SYSTEM SET synchronous_commit = '${level}'`);
        await pair.sql('SELECT pg_reload_conf()');
        await until(async () => (await attentionOf(shop.owner))[0]?.detail.includes(level) === true);
        expect(await codes()).to.deep.equal(['warning standby_weak']);
        expect((await ready()).status).to.equal(200);
      }
    } finally {
      await pair.sql('ALTER SYSTEM RESET synchronous_commit');
      await pair.sql('SELECT pg_reload_conf()');
    }
    await until(async () => (await codes()).length === 0);
  });

  it('keeps no server from stopping', async function () {
    inTheLongRun(this);
    pair.standby.crash();
    const other = await startTestApp({ beside: test });
    const placed = clientOf(other.url, shop.cashier.token as string).post(
      `${shop.path}/orders`,
      saleOf(product),
    );
    await until(async () => (await waiting()) > 0);
    const begun = performance.now();
    await other.close();
    expect(performance.now() - begun).to.be.below(ANSWERED_MS);
    expect((await placed.catch(() => ({ status: 0 }))).status).to.be.oneOf([0, 503]);
    await bringBack();
  });

  it('has no order answered that is found on the primary alone', async () => {
    pair.standby.crash();
    const sale = saleOf(product);
    expect((await place(shop.cashier, sale)).status).to.equal(503);
    // PostgreSQL shows after a restart what waited, whether the standby has it or not.
    pair.primary.crash();
    pair.primary.start();
    await until(async () => (await shop.cashier.get(`${shop.path}/orders/${sale.id}`)).status === 200);
    const again = await place(shop.cashier, sale);
    expect([again.status, again.body.type]).to.deep.equal([503, UNAVAILABLE]);
    await bringBack();
    expect((await place(shop.cashier, sale)).status).to.equal(200);
  });

  it('has no shift answered that is found on the primary alone', async () => {
    pair.standby.crash();
    const body = { id: uuidv7(), openingFloat: '100.00' };
    const openShift = () => shop.cashier.post(`${shop.path}/shifts`, body);
    expect((await openShift()).status).to.equal(503);
    pair.primary.crash();
    pair.primary.start();
    await until(async () => (await shop.cashier.get(`${shop.path}/shifts/${body.id}/report`)).status === 200);
    // Nobody waits any more, so that nobody knows that the standby is missing.
    await untilReady(200);
    const again = await openShift();
    expect([again.status, again.body.type]).to.deep.equal([503, UNAVAILABLE]);
    await bringBack();
    expect((await openShift()).status).to.equal(200);
  });

  it('has no order answered whose wait an administrator cancelled', async () => {
    pair.standby.crash();
    const sale = saleOf(product);
    const placed = place(shop.cashier, sale);
    await until(async () => (await waiting()) > 0);
    await pair.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    const answer = await placed;
    expect([answer.status, answer.body.type]).to.deep.equal([503, UNAVAILABLE]);
    await bringBack();
    expect((await place(shop.cashier, sale)).status).to.equal(200);
  });

  it('is found by a server that starts, and by one that nobody uses, where the role may see it', async function () {
    inTheLongRun(this);
    pair.standby.crash();
    const url = pair.url(pair.primary);
    const other = await startTestApp({ beside: test, env: { DATABASE_URL: url } });
    const status = async () => (await fetch(`${other.url}/readyz`)).status;
    try {
      expect(await status()).to.equal(503);
      pair.standby.start();
      await until(async () => (await status()) === 200, 20_000);
      pair.standby.crash();
      await until(async () => (await status()) === 503, 20_000);
      // Of two that are named, one is enough; that the other is gone is said after half a minute.
      pair.standby.start();
      await pair.name('ANY 1 (s1, "s2")');
      const owner = clientOf(other.url, shop.owner.token as string);
      await until(async () => (await attentionOf(owner))[0]?.code === 'standby_weak', 60_000);
      expect((await attentionOf(owner))[0]?.detail).to.match(/^s2 is named in /);
      await pair.name(STANDBY);
      await until(async () => (await attentionOf(owner)).length === 0, 20_000);
      pair.standby.crash();
    } finally {
      await other.close();
    }
    await bringBack();
  });

  it('is not waited for once its name is taken away', async function () {
    inTheLongRun(this);
    pair.standby.crash();
    expect((await place(shop.cashier, saleOf(product))).status).to.equal(503);
    await pair.name('');
    await untilReady(200);
    expect((await place(shop.cashier, saleOf(product))).status).to.equal(201);
    await pair.name(STANDBY);
    pair.standby.start();
    await pair.untilConfirming();
  });

  // The last one: the pair is none after it.
  it('is told from a primary when a server is pointed at it, and sells within two seconds once it is promoted', async () => {
    const url = pair.url(pair.standby, OWNER);
    logged.length = 0;
    const other = await startTestApp({ beside: test, env: { DATABASE_URL: url }, log: test.app.log });
    const till = clientOf(other.url, shop.cashier.token as string);
    const sale = saleOf(product);
    const stateOf = async () => {
      const answer = await fetch(`${other.url}/readyz`);
      const { status, details } = (await answer.json()) as Ready;
      return [answer.status, status, details.database];
    };
    const metric = async () => sampleOf(await scrape(other.url), 'smoocho_database_standby');
    try {
      expect(await stateOf()).to.deep.equal([
        503,
        'the database is a standby, which takes no changes until it is promoted',
        'standby',
      ]);
      expect(await metric()).to.equal(1);
      const refused = await till.post(`${shop.path}/orders`, sale);
      expect([refused.status, refused.body.type]).to.deep.equal([503, UNAVAILABLE]);
      expect(refused.body.detail).to.match(/^The database takes no change, as it is a standby now\./);
      expect((await till.get(`${shop.path}/products`)).status).to.equal(200);
      const [found] = await attentionOf(clientOf(other.url, shop.owner.token as string));
      expect([found?.code, found?.severity]).to.deep.equal(['database_standby', 'problem']);
      expect(logged.filter(({ level }) => level === 50).map(({ msg }) => msg)).to.deep.equal([
        'the database is a standby and takes no changes; sales are refused until it is promoted, or DATABASE_URL names the primary',
      ]);
      await commandsSay(url);

      await pair.name('');
      pair.primary.crash();
      pair.standby.promote();
      const promotedAt = performance.now();
      await until(async () => (await stateOf())[0] === 200);
      expect(performance.now() - promotedAt).to.be.below(PROMOTED_MS);
      expect(await stateOf()).to.deep.equal([200, 'ready', 'primary']);
      expect((await till.post(`${shop.path}/orders`, sale)).status).to.equal(201);
      await until(async () => (await metric()) === 0);
      expect(performance.now() - promotedAt).to.be.below(PROMOTED_MS);
      expect(await attentionOf(clientOf(other.url, shop.owner.token as string))).to.deep.equal([]);
    } finally {
      await other.close();
    }
  });

  /** What the command line says of a standby. */
  async function commandsSay(url: string): Promise<void> {
    const env = { SMOOCHO_HOME: test.home, DATABASE_URL: url };
    const status = await smoocho(['status'], { ...env, LOG_LEVEL: 'info' });
    // A server says it in a line of JSON.
    expect(status.stderr).to.match(/^Error: the database is a standby.*\n$/);
    expect([status.code, status.stdout]).to.satisfy(
      ([code, text]: [number, string]) => code === 4 && /PROBLEM .*\n.*is a standby that was not/.test(text),
    );
    const init = await smoocho(['init', '--yes'], env);
    expect(init.code, init.stderr).to.equal(6);
    expect(init.stderr).to.include('The database is a standby, in which nothing can be set up.');
    const args = ['--host=127.0.0.1', '--port=0', '--https-port=0'];
    const server = await startCli(
      args,
      env,
      /The database in DATABASE_URL is a standby, which takes no changes/,
    );
    expect(server.child.exitCode).to.equal(null);
    await server.stop();
  }
});
