import { expect } from 'chai';
import { createLog, systemContext, withRequestId } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { raiseAttention } from '../../src/core/attention/attention.ts';
import { recordBackupRun } from '../../src/core/attention/backup-runs.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { connectEar, until } from '../support/feed-ear.ts';
import { readSamples, sampleOf, scrape } from '../support/metrics-parts.ts';
import { ask } from '../support/raw-http.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { givenWorld, type World } from '../support/world.ts';

describe('GET /metrics', () => {
  let test: TestApp;
  let world: World;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    world = await givenWorld(test, 'MTRX');
    shop = world.shop;
  });
  after(() => test.close());

  it('counts requests by the names of routes, however many ids, paths and methods are made up', async () => {
    const labels = { route: 'getProduct', method: 'GET' };
    const count = async (more: Record<string, string>) =>
      sampleOf(await scrape(test.url), 'smoocho_http_requests_total', { ...labels, ...more }) ?? 0;
    const before = [await count({ status: '200' }), await count({ status: '404' })];
    await shop.cashier.get(`${shop.path}/products/${world.sundae.id}`);
    const authorization = `Bearer ${shop.cashier.token}`;
    await ask(test.url, `${shop.path}/products/${world.sundae.id}`, { authorization }, { method: 'HEAD' });
    for (let n = 0; n < 3; n += 1) await shop.cashier.get(`${shop.path}/products/${crypto.randomUUID()}`);
    for (let n = 0; n < 50; n += 1) await ask(test.url, `/made/up/${crypto.randomUUID()}`);
    for (const method of ['PATCH', 'PROPFIND', 'M-SEARCH']) await ask(test.url, '/made-up', {}, { method });
    expect(await count({ status: '200' })).to.equal((before[0] ?? 0) + 1);
    expect(await count({ status: '404' })).to.equal((before[1] ?? 0) + 3);

    const samples = await scrape(test.url);
    const requests = samples.filter(({ name }) => name === 'smoocho_http_requests_total');
    expect(sampleOf(samples, 'smoocho_http_requests_total', { route: 'none', method: 'GET' })).to.equal(50);
    expect(sampleOf(samples, 'smoocho_http_requests_total', { route: 'none', method: 'other' })).to.equal(3);
    expect(sampleOf(samples, 'smoocho_http_requests_total', { ...labels, method: 'HEAD' })).to.equal(1);
    expect(requests.length).to.be.below(30);
    const timed = sampleOf(samples, 'smoocho_http_request_duration_seconds_count', { route: 'getProduct' });
    expect(timed).to.equal(sampleOf(samples, 'smoocho_http_requests_total', { route: 'getProduct' }));
  });

  it('counts what is not in the route table by a name, too', async () => {
    const others = ['healthz', 'readyz', 'metrics', 'openapi', 'ca', 'caPem'];
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/openapi.json', '/ca', '/ca.pem'])
      await ask(test.url, path);
    const samples = await scrape(test.url);
    for (const route of others)
      expect(sampleOf(samples, 'smoocho_http_requests_total', { route }), route).to.be.above(0);
  });

  it('says nothing of whose figures they are', async () => {
    await ask(test.url, `${shop.path}/products?phone=9876543210`);
    const { text } = await ask(test.url, '/metrics');
    const { rows } = await world.db.query('SELECT name, code FROM shops');
    const people = await world.db.query('SELECT name, email FROM users');
    const secrets = [...rows, ...people.rows].flatMap((row) => Object.values(row) as string[]);
    expect(secrets.length).to.be.above(5);
    for (const secret of [...secrets, shop.id, '9876543210']) expect(text).to.not.include(secret);
    expect(text).to.not.match(/[\da-f]{8}-[\da-f]{4}-/);
    for (const { labels } of readSamples(text)) {
      for (const key of Object.keys(labels)) expect(key).to.not.match(/shop|user|email|path|address/);
    }
  });

  it('reads what is low, sold, backed up and needs the owner', async () => {
    await givenItem(shop, { name: 'Cones', quantity: 3, reorderLevel: 5 });
    const context = () => systemContext(test.app, 'test');
    const at = new Date(Date.now() - 3_600_000);
    await raiseAttention(context(), { code: 'drill_overdue', severity: 'warning', detail: 'For days.' });
    await recordBackupRun(context(), {
      kind: 'create',
      startedAt: at,
      endedAt: new Date(),
      file: '/mnt/one.smoocho',
      sizeBytes: 1,
      error: null,
    });
    // One that has not read them yet.
    const beside = await startTestApp({ beside: test });
    const samples = await scrape(beside.url);
    await beside.close();
    const expected: [name: string, labels: Record<string, string>, value: number][] = [
      ['smoocho_database_up', {}, 1],
      ['smoocho_low_stock_items', {}, 1],
      ['smoocho_orders_24h', { status: 'completed' }, 2],
      ['smoocho_orders_24h', { status: 'open' }, 0],
      ['smoocho_attention', { severity: 'warning' }, 1],
      ['smoocho_attention', { severity: 'problem' }, 0],
      ['smoocho_backup_last_success_timestamp_seconds', { kind: 'drill' }, 0],
      ['smoocho_image_store_up', { store: 'filesystem' }, 1],
      ['smoocho_database_connections_max', {}, 8],
      ['smoocho_disk_up', { place: 'home' }, 1],
      ['smoocho_processes', { state: 'counted' }, 1],
      ['smoocho_processes', { state: 'silent' }, 0],
    ];
    for (const [name, labels, value] of expected)
      expect(sampleOf(samples, name, labels), `${name} ${JSON.stringify(labels)}`).to.equal(value);
    const made = sampleOf(samples, 'smoocho_backup_last_success_timestamp_seconds', { kind: 'create' });
    expect(made).to.be.closeTo(at.getTime() / 1000, 1);
    const sold = sampleOf(samples, 'smoocho_last_order_timestamp_seconds') ?? 0;
    expect(Date.now() / 1000 - sold).to.be.within(-1, 60);
    const disk = (name: string) => sampleOf(samples, `smoocho_disk_${name}_bytes`, { place: 'home' }) ?? 0;
    expect(disk('size')).to.be.above(disk('free'));
    expect(disk('free')).to.be.above(0);
  });

  it('counts devices on the feed, and how far behind they are', async () => {
    const ear = await connectEar(test.url, { token: shop.cashier.token, shopId: shop.id });
    const before = await scrape(test.url);
    const { body } = await shop.cashier.post(`${shop.path}/orders`, saleOf(await givenProduct(shop)));
    await until(() => ear.events.some(({ data }) => (data as { id?: string }).id === body.id));
    const samples = await scrape(test.url);
    expect(sampleOf(samples, 'smoocho_sockets')).to.equal(1);
    const events = (all: typeof samples) => sampleOf(all, 'smoocho_feed_delay_seconds_count') ?? 0;
    expect(events(samples)).to.be.above(events(before));
    expect(sampleOf(samples, 'smoocho_feed_lag_seconds')).to.be.within(0, 10);
    ear.socket.disconnect();
    await until(async () => sampleOf(await scrape(test.url), 'smoocho_sockets') === 0);
    expect(sampleOf(await scrape(test.url), 'smoocho_feed_lag_seconds')).to.equal(0);
  });

  it('answers HEAD, and says what else it takes', async () => {
    const head = await ask(test.url, '/metrics', {}, { method: 'HEAD' });
    expect([head.status, head.text]).to.deep.equal([200, '']);
    const { status, code, headers } = await ask(test.url, '/metrics', {}, { method: 'POST' });
    expect([status, code, headers.allow]).to.deep.equal([405, 'method_not_allowed', 'HEAD, GET']);
  });

  it('is still read when requests are at their limit', async () => {
    const busy = await startTestApp({ env: { REQUESTS_PER_SECOND: '1' } });
    try {
      const flood = await Promise.all(Array.from({ length: 20 }, () => ask(busy.url, '/api/openapi.json')));
      expect(flood.some(({ status }) => status === 429)).to.equal(true);
      const samples = await scrape(busy.url);
      expect(sampleOf(samples, 'smoocho_http_requests_total', { status: '429' })).to.be.above(0);
    } finally {
      await busy.close();
    }
  });
});

describe('GET /metrics while the database is gone', function () {
  this.timeout(120_000);
  let around: TestApp;
  let proxy: TcpProxy;
  let test: TestApp;

  before(async () => {
    around = await startTestApp();
    await givenShop(around, 'GONE');
    proxy = await startTcpProxy(around.database.url);
    const url = new URL(around.database.url);
    url.port = String(proxy.port);
    test = await startTestApp({ beside: around, env: { DATABASE_URL: url.href } });
  });
  after(async () => {
    proxy.accept();
    await test.close();
    await proxy.close();
    await around.close();
  });

  const expectGone = async () => {
    const startedAt = performance.now();
    const samples = await scrape(test.url);
    expect(performance.now() - startedAt).to.be.below(9_000);
    expect(sampleOf(samples, 'smoocho_database_up')).to.equal(0);
    for (const name of [
      'smoocho_low_stock_items',
      'smoocho_orders_24h',
      'smoocho_last_order_timestamp_seconds',
    ])
      expect(sampleOf(samples, name), name).to.equal(undefined);
    expect(sampleOf(samples, 'smoocho_http_requests_total')).to.be.above(0);
    expect(sampleOf(samples, 'smoocho_disk_up', { place: 'home' })).to.equal(1);
  };
  const untilUp = () =>
    until(async () => sampleOf(await scrape(test.url), 'smoocho_database_up') === 1, 40_000);

  it('says so, and everything else, when it takes no connection', async () => {
    await clientOf(test.url).get('/healthz');
    await untilUp();
    expect(sampleOf(await scrape(test.url), 'smoocho_low_stock_items')).to.equal(0);
    proxy.refuse();
    await until(async () => sampleOf(await scrape(test.url), 'smoocho_database_up') === 0, 20_000);
    await expectGone();
    proxy.accept();
    await untilUp();
  });

  it('says so when it is too slow, and leaves no statement behind', async () => {
    await untilUp();
    const db = await around.database.connect();
    await db.query('BEGIN');
    await db.query('LOCK TABLE backup_runs IN ACCESS EXCLUSIVE MODE');
    await until(async () => sampleOf(await scrape(test.url), 'smoocho_database_up') === 0, 20_000);
    await expectGone();
    const waiting = async () => {
      const { rows } = await db.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%lowStock%'",
      );
      return rows[0].n as number;
    };
    await until(async () => (await waiting()) === 0);
    await db.query('ROLLBACK');
    await untilUp();
  });
});

describe('the log', () => {
  it('names the request in each line that one caused', async () => {
    const lines: string[] = [];
    const config = loadConfig({ home: '/nowhere' }, { LOG_LEVEL: 'debug' });
    const log = createLog(config, { write: (line) => void lines.push(line) });
    const test = await startTestApp({ log });
    try {
      const shop = await givenShop(test, 'LOGS');
      const { headers } = await shop.owner.get(shop.path);
      const logged = lines.map((line) => JSON.parse(line));
      const own = logged.filter(({ requestId }) => requestId === headers.get('x-request-id'));
      expect(own.map(({ msg, status, method }) => [msg, status, method])).to.deep.equal([
        ['request', 200, 'GET'],
      ]);
    } finally {
      await test.close();
    }
  });

  it('names it where the program knows nothing of requests, too', async () => {
    const lines: string[] = [];
    const log = createLog(loadConfig({ home: '/nowhere' }, {}), { write: (line) => void lines.push(line) });
    await Promise.all(
      ['one', 'two'].map((id) =>
        withRequestId(id, async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          log.warn({ of: id }, 'later');
        }),
      ),
    );
    log.warn({ of: 'none' }, 'outside');
    const logged = lines.map((line) => JSON.parse(line));
    expect(logged.map(({ requestId = 'none', of }) => [requestId, of]).sort()).to.deep.equal([
      ['none', 'none'],
      ['one', 'one'],
      ['two', 'two'],
    ]);
  });
});
