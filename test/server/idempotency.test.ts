import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { routes } from '../../src/contract/index.ts';
import { KEPT_HOURS, MAX_KEPT, makeRoom } from '../../src/core/idempotency/kept-responses.ts';
import { requestHashOf } from '../../src/core/request-hash.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Answer, type Client, clientOf, JSON_TYPE } from '../support/client.ts';
import { eventsOf, PASSWORD, signedIn } from '../support/factories.ts';
import { buildersOf, contentOf, leastRole, prepare, urlOf } from '../support/valid-requests.ts';
import { watchChanges, watcherOf } from '../support/watched-changes.ts';
import { givenPerson, givenWorld, type World } from '../support/world.ts';

const HOUR_MS = 60 * 60 * 1000;

describe('an Idempotency-Key', function () {
  this.timeout(120_000);
  let test: TestApp;
  let own: World;
  let db: pg.Client;
  let now: Date | undefined;
  let changes: ReturnType<typeof watcherOf>;

  before(async () => {
    test = await startTestApp({ now: () => now ?? new Date() });
    own = await givenWorld(test, 'OWN');
    db = own.db;
    await watchChanges(db);
    changes = watcherOf(db);
  });
  beforeEach(() => {
    now = undefined;
  });
  after(() => test.close());

  const post = (client: Client, path: string, body: unknown, key: string) =>
    client.send('POST', path, {
      body: JSON.stringify(body),
      headers: { ...JSON_TYPE, 'idempotency-key': key },
    });
  const products = () => `${own.shop.path}/products`;
  const newProduct = (name = randomUUID()) => ({ name, price: '10.00' });
  const codeOf = ({ status, body }: Answer) => `${status} ${body.type?.split(':').at(-1)}`;
  const countOf = async (name: string) =>
    (await db.query('SELECT count(*)::int FROM products WHERE name = $1', [name])).rows[0].count;
  const keptUnder = async (key: string) =>
    (await db.query('SELECT * FROM idempotency_keys WHERE key = $1', [key])).rows;

  for (const route of routes.filter(({ repeat }) => repeat === 'key')) {
    it(`does ${route.name} once and answers the same, and is of one request`, async () => {
      for (const build of buildersOf(route)) {
        const { request, token } = await prepare(own, route, build);
        // Of the setup token, whoever sends it.
        if (leastRole(route, request) === 'nobody') continue;
        const client = clientOf(test.url, token);
        const { body, headers } = contentOf(request);
        const key = randomUUID();
        const send = (sent = body) =>
          client.send('POST', urlOf(route, request.params, request.query), {
            body: sent,
            headers: { ...headers, 'idempotency-key': key },
          });
        const first = await send();
        expect(Object.keys(route.responses), first.text).to.include(String(first.status));
        await changes();
        const again = await send();
        expect([again.status, again.text]).to.deep.equal([first.status, first.text]);
        expect(await changes(), 'it was done again').to.deep.equal([]);
        expect(again.headers.get('etag')).to.equal(first.headers.get('etag'));

        const other = await await build(own, await givenPerson(own, 'owner'));
        if (JSON.stringify(other) === JSON.stringify(request)) continue;
        const conflict = await client.send('POST', urlOf(route, other.params, other.query), {
          ...contentOf(other),
          headers: { ...contentOf(other).headers, 'idempotency-key': key },
        });
        expect(codeOf(conflict), conflict.text).to.equal('409 idempotency_conflict');
        expect(conflict.body.detail).to.equal(
          'Another request was sent with this Idempotency-Key. A new request needs a new key.',
        );
      }
    });
  }

  it('lets one of many at once do it, and the others answer what it did', async () => {
    const [product, key] = [newProduct(), randomUUID()];
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(own.shop.manager, products(), product, key)),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).to.equal(1);
    expect(answers[0]?.status).to.equal(201);
    expect(await countOf(product.name)).to.equal(1);
    const created = await eventsOf(test, own.shop.id, 'product_created');
    expect(created.filter(({ data }) => data.name === product.name)).to.have.length(1);
  });

  it('holds across processes: the second one waits for the first', async () => {
    const beside = await startTestApp({ beside: test });
    const manager = clientOf(beside.url, own.shop.manager.token);
    const [product, key] = [newProduct(), randomUUID()];
    const clients = [own.shop.manager, manager, own.shop.manager, manager];
    const answers = await Promise.all(clients.map((client) => post(client, products(), product, key)));
    await beside.close();
    expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
    expect(await countOf(product.name)).to.equal(1);
  });

  it('keeps nothing of what was refused: mended, it goes through under the same key', async () => {
    const key = randomUUID();
    const sku = randomUUID();
    await own.shop.manager.post(products(), { ...newProduct(), sku });
    const product = newProduct();
    expect(codeOf(await post(own.shop.manager, products(), { name: '' }, key))).to.equal(
      '422 invalid_request',
    );
    expect(codeOf(await post(own.shop.manager, products(), { ...product, sku }, key))).to.equal(
      '409 already_exists',
    );
    expect((await post(own.shop.manager, products(), product, key)).status).to.equal(201);
    expect(await countOf(product.name)).to.equal(1);
  });

  it('commits with the work: where one can not be written, the other is not', async () => {
    const [product, key] = [newProduct(), randomUUID()];
    await db.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION fail()`);
    const told = test.app.bus.tell;
    let tellings = 0;
    test.app.bus.tell = () => {
      tellings += 1;
    };
    const failed = await post(own.shop.manager, products(), product, key);
    test.app.bus.tell = told;
    await db.query('DROP FUNCTION fail() CASCADE');
    expect(codeOf(failed)).to.equal('500 internal');
    expect([await countOf(product.name), await keptUnder(key), tellings]).to.deep.equal([0, [], 0]);
    const again = await post(own.shop.manager, products(), product, key);
    expect([again.status, await countOf(product.name)]).to.deep.equal([201, 1]);
  });

  it('tells the live feed when all is committed, and not before', async () => {
    const told = test.app.bus.tell;
    const counts: Promise<number>[] = [];
    const product = newProduct();
    test.app.bus.tell = (message) => {
      if (message.kind === 'events') counts.push(countOf(product.name));
      told(message);
    };
    await post(own.shop.manager, products(), product, randomUUID());
    test.app.bus.tell = told;
    expect(await Promise.all(counts)).to.deep.equal([1]);
  });

  it('is of one person, in one shop, for one route', async () => {
    const key = randomUUID();
    const other = await own.shop.owner.post('/api/shops', {
      name: 'Other',
      code: 'ELSE',
      currency: 'INR',
      timezone: 'Asia/Kolkata',
    });
    const product = newProduct();
    const sent = [
      await post(own.shop.manager, products(), product, key),
      await post(own.shop.owner, products(), product, key),
      await post(own.shop.owner, `/api/shops/${other.body.id}/products`, product, key),
      await post(own.shop.owner, `${own.shop.path}/inventory`, { name: 'Tea', unit: 'kg', quantity: 1 }, key),
    ];
    expect(sent.map(({ status }) => status)).to.deep.equal([201, 201, 201, 201]);
    expect(new Set(sent.map(({ body }) => body.id)).size).to.equal(4);
  });

  it(`is forgotten after ${KEPT_HOURS} hours, and removed by whoever signs in`, async () => {
    const [product, key] = [newProduct(), randomUUID()];
    const start = Date.now();
    await post(own.shop.manager, products(), product, key);
    now = new Date(start + KEPT_HOURS * HOUR_MS - 60_000);
    let manager = await signedIn(test, own.shop.emails.manager);
    await post(manager, products(), product, key);
    expect(await countOf(product.name)).to.equal(1);
    now = new Date(start + KEPT_HOURS * HOUR_MS + 60_000);
    // Past its time, and still there.
    await db.query("SET session_replication_role = 'replica'");
    const [row] = await keptUnder(key);
    manager = await signedIn(test, own.shop.emails.manager);
    expect(await keptUnder(key)).to.deep.equal([]);
    await db.query(
      'INSERT INTO idempotency_keys SELECT * FROM jsonb_populate_record(NULL::idempotency_keys, $1)',
      [JSON.stringify(row)],
    );
    await db.query("SET session_replication_role = 'origin'");
    await post(manager, products(), product, key);
    expect(await countOf(product.name)).to.equal(2);
    expect(await keptUnder(key)).to.have.length(1);
  });

  it(`is one of ${MAX_KEPT} of a shop at most: the oldest go`, async () => {
    await db.query(
      `INSERT INTO idempotency_keys (scope_id, user_id, route, key, request_hash, status, body, created_at)
       SELECT $1, (SELECT id FROM users LIMIT 1), 'x', 'old ' || n, '', 200, 'null', now() - n * interval '1 second'
       FROM generate_series(1, $2) n`,
      [own.shop.id, MAX_KEPT + 5],
    );
    const key = randomUUID();
    expect((await post(own.shop.manager, products(), newProduct(), key)).status).to.equal(201);
    const count = 'SELECT count(*)::int FROM idempotency_keys WHERE scope_id = $1';
    expect((await db.query(count, [own.shop.id])).rows[0].count).to.equal(MAX_KEPT);
    expect(await keptUnder(key)).to.have.length(1);
    expect(await keptUnder(`old ${MAX_KEPT + 5}`)).to.deep.equal([]);
    expect(await keptUnder('old 1')).to.have.length(1);
    await db.query("DELETE FROM idempotency_keys WHERE route = 'x'");
  });

  it('locks no kept response of the shop while another request is answered', async () => {
    await post(own.shop.manager, products(), newProduct(), randomUUID());
    const free = async () =>
      (
        await db.query('SELECT FROM idempotency_keys WHERE scope_id = $1 FOR UPDATE SKIP LOCKED', [
          own.shop.id,
        ])
      ).rowCount;
    const all = await free();
    expect(all).to.be.above(0);
    const of = { scopeId: own.shop.id, userId: randomUUID(), route: 'x', key: 'x' };
    await test.app.orm.em.fork().transactional(async (tx) => {
      await makeRoom(tx, of, new Date());
      expect(await free()).to.equal(all);
    });
  });

  it('keeps no password, nor what one could be tried against', async () => {
    const key = randomUUID();
    const person = {
      email: `${randomUUID()}@example.com`,
      name: 'Ravi',
      role: 'cashier',
      password: PASSWORD,
    };
    expect((await post(own.shop.manager, `${own.shop.path}/users`, person, key)).status).to.equal(201);
    const [row] = await keptUnder(key);
    expect(JSON.stringify(row)).not.to.include(PASSWORD);
    const hashes = ['hex', 'base64url'].map((form) =>
      createHash('sha256')
        .update(JSON.stringify({ params: { shopId: own.shop.id }, query: {}, body: person }))
        .digest(form as 'hex'),
    );
    expect(hashes).not.to.include(row.request_hash);
  });

  it('refuses a row of another key, such as one from before keys had a purpose of their own, and repeats nothing', async () => {
    const [product, key] = [newProduct(), randomUUID()];
    await post(own.shop.manager, products(), product, key);
    const request = { params: { shopId: own.shop.id }, query: {}, body: product };
    const before = test.app.keys.hmac('customer-lookup', 'idempotency', requestHashOf(request));
    await db.query('UPDATE idempotency_keys SET request_hash = $1 WHERE key = $2', [
      before.toString('base64url'),
      key,
    ]);
    const again = await post(own.shop.manager, products(), product, key);
    expect(codeOf(again)).to.equal('409 idempotency_conflict');
    expect(await countOf(product.name)).to.equal(1);
    await db.query('DELETE FROM idempotency_keys WHERE key = $1', [key]);
  });

  for (const key of ['', 'with blank', 'a, b', 'é', 'x'.repeat(201)]) {
    it(`is 1 to 200 signs: not "${key.slice(0, 20)}"`, async () => {
      const { status, body } = await post(own.shop.manager, products(), newProduct(), key);
      expect([status, body.errors[0].pointer]).to.deep.equal([422, '/header/Idempotency-Key']);
      expect(body.detail).to.match(/^The Idempotency-Key is not one text of 1 to 200 letters/);
    });
  }

  it('is passed over where ids or secrets make it needless or unsafe, whatever it is', async () => {
    for (const route of routes.filter(({ repeat }) => repeat !== undefined && repeat !== 'key')) {
      const { request, token } = await prepare(own, route, buildersOf(route)[0] as never);
      const { body, headers } = contentOf(request);
      const key = 'x'.repeat(300);
      const { status, text } = await clientOf(test.url, token).send('POST', urlOf(route, request.params), {
        body,
        headers: { ...headers, 'idempotency-key': key },
      });
      expect(Object.keys(route.responses), text).to.include(String(status));
      expect(await keptUnder(key)).to.deep.equal([]);
    }
  });
});
