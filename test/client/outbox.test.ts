import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Client, ClientOptions } from '../../src/client/client.ts';
import { fileStore } from '../../src/client/file-store.ts';
import type { SentSale, Sold } from '../../src/client/sales.ts';
import { memoryStore, type Store } from '../../src/client/store.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import {
  closeTills,
  errorOf,
  type Heard,
  pause,
  problem,
  type ScriptedServer,
  SHOP,
  startScriptedServer,
  tillOf,
  until,
} from './support.ts';

const PRODUCT = '0190a0a0-0000-7000-8000-0000000000bb';
const DEVICE = '0190a0a0-0000-7000-8000-0000000000dd';
const sale = (more: object = {}) => ({
  items: [{ productId: PRODUCT, quantity: 1, listPrice: '12.50' }],
  paymentMethod: 'cash' as const,
  ...more,
});
const credentials = { email: 'a@b.c', password: 'x' };
/** A moment at which nothing is tried by itself. */
const never = { leastMs: 600_000, mostMs: 600_000 };

// biome-ignore lint/suspicious/noExplicitAny: an order as a till sends it
type Sent = any;

describe('the outbox', () => {
  let server: ScriptedServer;
  /** What is on the books: id → how it came. */
  let books: Map<string, Sent>;

  beforeEach(async () => {
    server = await startScriptedServer();
    books = new Map();
    open(server);
  });
  afterEach(async () => {
    closeTills();
    await server.close();
  });

  /** Sells as the contract says. */
  function open(to: ScriptedServer): void {
    const orderOf = (sent: Sent) => ({ id: sent.id, orderNumber: sent.orderNumber ?? `N-${books.size}` });
    to.on('POST /api/shops/:shopId/orders', ({ body }) => {
      const isKnown = books.has(body.id);
      books.set(body.id, body);
      return { status: isKnown ? 200 : 201, body: orderOf(body) };
    });
    to.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: { data: body.orders.map(replay) },
    }));
    const replay = (sent: Sent) => {
      const result = books.has(sent.id) ? 'same' : 'created';
      books.set(sent.id, sent);
      return { id: sent.id, result, order: orderOf(sent) };
    };
  }

  const down = () => server.on('POST /api/shops/:shopId/orders', () => 'hang up');
  const batches = () => server.heard.filter(({ path }) => path.endsWith('/batch'));
  const orders = () => server.heard.filter(({ path }) => path.endsWith('/orders'));

  async function signedIn(options: Partial<ClientOptions> = {}): Promise<Client> {
    const till = tillOf(server.url, { pauses: never, ...options });
    await till.signIn(credentials);
    return till;
  }

  function queued(sold: Sold) {
    if (sold.status !== 'queued') throw new Error(`It was ${sold.status}.`);
    return sold.sale;
  }

  it('sells at once while there is a line, under an id of its own, and keeps nothing', async () => {
    const store = memoryStore();
    const till = await signedIn({ store });
    const sold = await till.sell(SHOP, sale({ expectedTotal: '12.50' }));
    expect(sold.status).to.equal('sold');
    const [{ body }] = orders() as [Heard];
    expect(body.id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(body).to.deep.equal({
      id: body.id,
      items: [{ productId: PRODUCT, quantity: 1 }],
      paymentMethod: 'cash',
      expectedTotal: '12.50',
    });
    expect(await till.outbox()).to.deep.equal([]);
    expect((await store.list('sale/')).length).to.equal(0);
  });

  it('has a sale in the store before it is sent', async () => {
    const store = memoryStore();
    const seen: number[] = [];
    server.on('POST /api/shops/:shopId/orders', async () => {
      seen.push((await store.list('sale/')).length);
      return problem('out_of_stock', 409);
    });
    const till = await signedIn({ store });
    await errorOf(till.sell(SHOP, sale()));
    expect(seen).to.deep.equal([1]);
    const full: Store = { ...store, put: () => Promise.reject(new Error('The disk is full.')) };
    const other = tillOf(server.url, { store: full, pauses: never });
    expect(await errorOf(other.sell(SHOP, sale()))).to.include({ message: 'The disk is full.' });
    expect(orders()).to.have.length(1);
  });

  it('throws what the server refuses, which is no sale then', async () => {
    server.on('POST /api/shops/:shopId/orders', () => problem('out_of_stock', 409));
    const till = await signedIn();
    expect(await errorOf(till.sell(SHOP, sale()))).to.include({ code: 'out_of_stock', status: 409 });
    expect(await till.outbox()).to.deep.equal([]);
  });

  it('refuses by itself what has not the form of a sale, and whoever is not signed in', async () => {
    const store = memoryStore();
    const till = await signedIn({ store });
    const faults = await errorOf(till.sell(SHOP, { ...sale(), items: [], notes: 'a\0b' }));
    expect(faults).to.include({ code: 'invalid_request', status: 422 });
    const both = await errorOf(till.sell(SHOP, sale({ payments: [{ method: 'cash', amount: 1 }] })));
    expect(both.errors).to.deep.equal([
      { pointer: '/paymentMethod', detail: 'can not come with payments: send one of the two' },
    ]);
    await till.signOut();
    expect(await errorOf(till.sell(SHOP, sale()))).to.include({ code: 'unauthenticated' });
    expect(orders()).to.deep.equal([]);
    expect(await store.list('')).to.deep.equal([]);
  });

  for (const [what, answer] of Object.entries({
    'the line breaks': 'hang up' as const,
    'there is no answer in time': 'nothing' as const,
    'something else answers': { type: 'text/html', body: 'Welcome' },
    'the server is in trouble': problem('internal', 500),
    'the server is busy': problem('too_busy', 503),
    'the server has heard too much': problem('too_many_requests', 429),
    'the server waited too long': problem('request_timeout', 408),
    'the server is called by another name': problem('host_refused', 421),
    'the page is of another site': problem('origin_refused', 403),
    'a newer server is in new trouble': problem('no_room', 507),
  })) {
    it(`keeps a sale when ${what}`, async () => {
      server.on('POST /api/shops/:shopId/orders', () => answer);
      const till = await signedIn({ timeoutMs: 200, now: () => Date.parse('2026-04-01T10:00:00.000Z') });
      const id = randomUUID();
      const sold = await till.sell(SHOP, sale({ id }));
      const waiting = { id, orderNumber: null, placedAt: '2026-04-01T10:00:00.000Z' };
      expect(sold).to.deep.equal({ status: 'queued', sale: waiting });
      expect(await till.outbox()).to.deep.equal([
        { ...waiting, shopId: SHOP, sale: sale({ id }), isQueued: true },
      ]);
      const { sent, left } = await till.flush();
      expect(sent).to.deep.equal([
        { id, shopId: SHOP, result: 'created', order: { id, orderNumber: 'N-1' }, printed: null },
      ]);
      expect(left).to.equal(0);
      expect(books.get(id)).to.deep.equal({ ...sale({ id }), placedAt: waiting.placedAt });
      expect(await till.outbox()).to.deep.equal([]);
    });
  }

  it('lets no second customer wait for a line that is down, and sells directly again when it is back', async () => {
    server.on('POST /api/shops/:shopId/orders', () => 'nothing');
    const till = await signedIn({ timeoutMs: 1_000 });
    await till.sell(SHOP, sale());
    const start = Date.now();
    for (let i = 0; i < 5; i += 1) queued(await till.sell(SHOP, sale()));
    expect(Date.now() - start).to.be.lessThan(1_000);
    open(server);
    expect((await till.flush()).sent).to.have.length(6);
    expect((await till.sell(SHOP, sale())).status).to.equal('sold');
  });

  it('hears of a sale that had arrived after all, and that is one sale', async () => {
    server.on('POST /api/shops/:shopId/orders', ({ body }) => {
      books.set(body.id, body);
      return 'nothing';
    });
    const till = await signedIn({ timeoutMs: 150 });
    const { id } = queued(await till.sell(SHOP, sale()));
    const { sent } = await till.flush();
    expect(sent.map(({ result }) => result)).to.deep.equal(['same']);
    expect([...books.keys()]).to.deep.equal([id]);
  });

  it('takes the same sale twice for one, while it is sent and while it waits', async () => {
    const till = await signedIn();
    const id = randomUUID().toUpperCase();
    const [one, two] = await Promise.all([till.sell(SHOP, sale({ id })), till.sell(SHOP, sale({ id }))]);
    expect(two).to.deep.equal(one);
    expect(orders()).to.have.length(1);
    down();
    const other = randomUUID();
    const first = await till.sell(SHOP, sale({ id: other }));
    expect(await till.sell(SHOP, sale({ id: other }))).to.deep.equal(first);
    expect(await till.outbox()).to.have.length(1);
  });

  it('sends by itself, with growing pauses, until everything is gone', async () => {
    down();
    const sent: SentSale[] = [];
    const till = await signedIn({
      pauses: { leastMs: 10, mostMs: 80 },
      onSaleSent: (one) => sent.push(one),
    });
    server.on('POST /api/shops/:shopId/orders/batch', () => problem('too_busy', 503));
    const ids = [queued(await till.sell(SHOP, sale())).id, queued(await till.sell(SHOP, sale())).id];
    await until(() => batches().length >= 6);
    open(server);
    await until(() => sent.length === 2);
    expect(sent.map(({ id }) => id)).to.deep.equal(ids);
    const count = batches().length;
    await pause(200);
    expect(batches()).to.have.length(count);
  });

  it('goes on after a restart, with a store on the disk', async () => {
    const folder = tempFolder();
    down();
    const before = await signedIn({ store: fileStore(folder) });
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push(queued(await before.sell(SHOP, sale())).id);
    before.close();
    const sent: string[] = [];
    tillOf(server.url, { store: fileStore(folder), onSaleSent: ({ id }) => sent.push(id) });
    await until(() => sent.length === 3);
    expect(sent).to.deep.equal(ids);
    removeFolder(folder);
  });

  it('sends a sale whose first try a crash cut off, once that try is over for certain', async () => {
    const store = memoryStore();
    let time = Date.now();
    server.on('POST /api/shops/:shopId/orders', () => 'nothing');
    const crashed = await signedIn({ store: { ...store, update: () => new Promise(() => {}) } });
    void crashed.sell(SHOP, sale()).catch(() => {});
    await until(async () => (await crashed.outbox()).length === 1);
    const till = await signedIn({ store, now: () => time });
    expect(await till.outbox()).to.have.length(1);
    expect((await till.outbox())[0]).to.include({ isQueued: false });
    expect(await till.flush()).to.deep.include({ sent: [], left: 1 });
    time += 60_000;
    const { sent, left } = await till.flush();
    expect([sent.length, left]).to.deep.equal([1, 0]);
  });

  it('sends the oldest first, 500 and a megabyte at a time', async () => {
    const store = memoryStore();
    const start = Date.parse('2026-04-01T10:00:00.000Z');
    const put = async (i: number, notes = '') => {
      const id = randomUUID();
      const placedAt = new Date(start + i * 1000).toISOString();
      await store.put(`sale/${id}`, {
        id,
        shopId: SHOP,
        sale: sale({ id, notes }),
        placedAt,
        orderNumber: null,
        state: 'queued',
      });
    };
    for (let i = 0; i < 1_100; i += 1) await put(i);
    const till = await signedIn({ store });
    await until(() => books.size === 1_100);
    expect(batches().map(({ body }) => body.orders.length)).to.deep.equal([500, 500, 100]);
    const times = batches().flatMap(({ body }) => body.orders.map((order: Sent) => order.placedAt));
    expect(times).to.deep.equal([...times].sort());
    await until(async () => (await till.outbox()).length === 0);

    server.heard.length = 0;
    for (let i = 0; i < 5; i += 1) await put(i, 'é'.repeat(150_000));
    await till.flush();
    expect(batches().map(({ body }) => body.orders.length)).to.deep.equal([3, 2]);
  });

  for (const [what, answer] of Object.entries({
    'there is no answer in time': 'nothing' as const,
    'the line breaks': 'hang up' as const,
    'the server had to wait too long': problem('request_timeout', 408),
    'a proxy takes no more': { status: 413, type: 'text/html', body: 'Too large' },
  })) {
    it(`sends fewer at a time when ${what}, and more again when they go`, async () => {
      const till = await signedIn({ timeoutMs: 250 });
      down();
      for (let i = 0; i < 100; i += 1) await till.sell(SHOP, sale());
      open(server);
      const fast = (request: Heard) => ({ body: { data: request.body.orders.map(answerOf) } });
      const answerOf = ({ id }: Sent) => ({ id, result: 'created', order: { id, orderNumber: 'N' } });
      server.on('POST /api/shops/:shopId/orders/batch', (request) =>
        request.body.orders.length > 30 ? answer : fast(request),
      );
      const lefts: number[] = [];
      for (let i = 0; i < 3; i += 1) lefts.push((await till.flush()).left);
      // 25 went, and then 50 were too many again.
      expect(lefts).to.deep.equal([100, 100, 75]);
      server.on('POST /api/shops/:shopId/orders/batch', fast);
      expect((await till.flush()).left).to.equal(0);
      expect(batches().map(({ body }) => body.orders.length)).to.deep.equal([100, 50, 25, 50, 25, 50]);
    });
  }

  it('comes down to a single sale on the poorest line', async () => {
    const till = await signedIn();
    down();
    for (let i = 0; i < 12; i += 1) await till.sell(SHOP, sale());
    open(server);
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) =>
      body.orders.length > 1
        ? 'hang up'
        : { body: { data: body.orders.map(({ id }: Sent) => ({ id, result: 'created', order: { id } })) } },
    );
    const lefts: number[] = [];
    for (let i = 0; i < 6; i += 1) lefts.push((await till.flush()).left);
    expect(lefts).to.deep.equal([12, 12, 12, 12, 11, 10]);
  });

  it('keeps what conflicts for the owner, and takes "later" for later', async () => {
    down();
    const told: string[] = [];
    const store = memoryStore();
    const till = await signedIn({ store, onSaleConflict: ({ id }) => told.push(id) });
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push(queued(await till.sell(SHOP, sale())).id);
    const [fine, bad, busy] = ids as [string, string, string];
    const answerOf = (id: string) => {
      if (id === fine) return { id, result: 'created', order: { id, orderNumber: 'N-1' } };
      const what =
        id === bad
          ? (problem('unknown_product', 422) as { body: object })
          : (problem('too_busy', 503) as { body: object });
      return { id, result: id === bad ? 'conflict' : 'retry', problem: what.body };
    };
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: { data: body.orders.map(({ id }: Sent) => answerOf(id)) },
    }));
    const { sent, conflicts, left, error } = await till.flush();
    expect(sent.map(({ id }) => id)).to.deep.equal([fine]);
    expect(conflicts.map(({ id }) => id)).to.deep.equal([bad]);
    expect(conflicts[0]?.problem).to.include({ type: 'urn:smoocho:problem:unknown_product', status: 422 });
    expect([left, error, told]).to.deep.equal([1, null, [bad]]);
    expect((await till.outbox()).map(({ id }) => id)).to.deep.equal([busy]);
    // Kept over a restart, until somebody decides.
    const again = tillOf(server.url, { store, pauses: never });
    expect(await again.conflicts()).to.deep.equal(conflicts);
    open(server);
    await again.retryConflict(bad);
    await until(() => books.has(bad));
    expect(await again.conflicts()).to.deep.equal([]);
  });

  it('finds the one sale for which a batch is refused as a whole', async () => {
    down();
    const till = await signedIn();
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) ids.push(queued(await till.sell(SHOP, sale())).id);
    open(server);
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => {
      if (body.orders.some(({ id }: Sent) => id === ids[4])) return problem('invalid_request', 422);
      return {
        body: {
          data: body.orders.map(({ id }: Sent) => ({
            id,
            result: 'created',
            order: { id, orderNumber: 'N' },
          })),
        },
      };
    });
    const { sent, conflicts, left } = await till.flush();
    expect(sent.map(({ id }) => id)).to.deep.equal(ids.filter((_, i) => i !== 4));
    expect(conflicts.map(({ id }) => id)).to.deep.equal([ids[4]]);
    expect(left).to.equal(0);
  });

  it('is not held up by a shop that this person may not sell in', async () => {
    const OTHER = randomUUID();
    down();
    const till = await signedIn();
    server.on(`POST /api/shops/${OTHER}/orders`, () => 'hang up');
    await till.sell(OTHER, sale());
    await till.sell(SHOP, sale());
    const { sent, left, error } = await till.flush();
    expect(sent.map(({ shopId }) => shopId)).to.deep.equal([SHOP]);
    expect(left).to.equal(1);
    expect(error).to.include({ code: 'not_found' });
  });

  it("sends a manager's approval at once or not at all, and never writes it down", async () => {
    const store = memoryStore();
    const approval = { email: 'manager@example.com', password: 'the secret' };
    const till = await signedIn({ store });
    await till.sell(SHOP, sale({ approval }));
    expect(orders()[0]?.body.approval).to.deep.equal(approval);
    down();
    await till.sell(SHOP, sale({ approval }));
    expect(JSON.stringify(await store.list(''))).to.not.include('the secret');
    await till.flush();
    expect(batches()[0]?.body.orders[0]).to.not.have.property('approval');
  });

  it('takes no sale without its approval when wrong ones were tried too often', async () => {
    const till = await signedIn();
    server.on('POST /api/shops/:shopId/orders', () => problem('too_many_requests', 429));
    const approval = { email: 'manager@example.com', password: 'the secret' };
    expect(await errorOf(till.sell(SHOP, sale({ approval })))).to.include({ code: 'too_many_requests' });
    expect(await till.outbox()).to.deep.equal([]);
    // Without one it is only the line that is full.
    expect((await till.sell(SHOP, sale())).status).to.equal('queued');
  });

  it('sends what waits before the cashier goes home', async () => {
    down();
    const till = await signedIn();
    server.on('POST /api/shops/:shopId/orders', () => problem('too_busy', 503));
    await till.sell(SHOP, sale());
    await till.signOut();
    expect(books.size).to.equal(1);
    expect(server.heard.at(-1)?.path).to.equal('/api/auth/logout');
  });

  it('keeps what waits when the session is over, for whoever signs in next', async () => {
    down();
    const till = await signedIn();
    await till.sell(SHOP, sale());
    server.on('POST /api/shops/:shopId/orders/batch', () => problem('unauthenticated', 401));
    server.on('POST /api/auth/refresh', () => problem('unauthenticated', 401));
    expect(await till.flush()).to.deep.include({ left: 1 });
    expect(await till.session()).to.equal(null);
    expect((await till.flush()).error).to.include({ code: 'unauthenticated' });
    open(server);
    await till.signIn(credentials);
    await until(() => books.size === 1);
  });

  describe('numbers of its own', () => {
    const lease = (first: number, last: number, more: object = {}) => ({
      id: randomUUID(),
      deviceId: DEVICE,
      prefix: 'KULF-A/2627/',
      digits: 4,
      first,
      last,
      from: '2026-04-01',
      to: '2027-03-31',
      leasedAt: '2026-04-01T00:00:00.000Z',
      ...more,
    });
    const april = () => Date.parse('2026-04-10T12:00:00.000Z');
    let next: number;

    beforeEach(() => {
      next = 1;
      server.on('POST /api/devices/pair', () => ({
        status: 201,
        body: { device: { id: DEVICE, name: 'Counter' }, deviceToken: 'secret', shop: { id: SHOP } },
      }));
      server.on(`POST /api/shops/:shopId/devices/${DEVICE}/number-lease`, ({ body }) => {
        const first = next;
        next += body.count;
        return { status: 201, body: lease(first, next - 1, { id: body.id }) };
      });
    });

    const leasesAsked = () =>
      server.heard.filter(({ path }) => path.endsWith('/number-lease')).map(({ body }) => body);

    async function paired(options: Partial<ClientOptions> = {}): Promise<Client> {
      const till = tillOf(server.url, { pauses: never, now: april, ...options });
      await till.pair('7K2M-9XQD');
      await till.signIn(credentials);
      return till;
    }

    it('are given to bills without a line, in order, and never twice after a restart', async () => {
      const store = memoryStore();
      const till = await paired({ store });
      await till.leaseNumbers(SHOP, { count: 10 });
      down();
      const numbers = (await Promise.all([1, 2, 3].map(() => till.sell(SHOP, sale())))).map(
        (sold) => queued(sold).orderNumber,
      );
      expect(numbers).to.have.members(['KULF-A/2627/0001', 'KULF-A/2627/0002', 'KULF-A/2627/0003']);
      till.close();
      const again = tillOf(server.url, { store, pauses: never, now: april });
      server.on('POST /api/shops/:shopId/orders/batch', () => 'hang up');
      expect(queued(await again.sell(SHOP, sale())).orderNumber).to.equal('KULF-A/2627/0004');
      expect(await again.numbersLeft(SHOP)).to.equal(6);
      open(server);
      const { sent } = await again.flush();
      expect(sent.map(({ printed, order }) => printed === order.orderNumber)).to.deep.equal(
        Array(4).fill(true),
      );
    });

    it('are written off before they are given out: a crash leaves a gap, not a double', async () => {
      const store = memoryStore();
      const till = await paired({ store });
      await till.leaseNumbers(SHOP, { count: 10 });
      down();
      till.close();
      // Dies between the number and the sale that would have had it.
      let puts = 0;
      const dying: Store = {
        ...store,
        put: (key, value) => {
          puts += key.startsWith('sale/') ? 1 : 0;
          return puts > 1 ? new Promise(() => {}) : store.put(key, value);
        },
      };
      const crashed = tillOf(server.url, { store: dying, pauses: never, now: april });
      void crashed.sell(SHOP, sale());
      await until(() => puts === 2);
      crashed.close();
      const again = tillOf(server.url, { store, pauses: never, now: april });
      expect(queued(await again.sell(SHOP, sale())).orderNumber).to.equal('KULF-A/2627/0002');
    });

    it('are not used outside the days that they are for, nor by another device', async () => {
      let time = Date.parse('2027-03-31T12:00:00.000Z');
      const store = memoryStore();
      const till = await paired({ store, now: () => time });
      await till.leaseNumbers(SHOP, { count: 10 });
      down();
      server.on('POST /api/shops/:shopId/orders/batch', () => 'hang up');
      expect(queued(await till.sell(SHOP, sale())).orderNumber).to.equal('KULF-A/2627/0001');
      time += 86_400_000;
      expect(queued(await till.sell(SHOP, sale())).orderNumber).to.equal(null);
      time -= 86_400_000;
      await store.put('device', { id: randomUUID(), name: 'Other', token: 't', shop: { id: SHOP } });
      expect(queued(await till.sell(SHOP, sale())).orderNumber).to.equal(null);
    });

    it('are asked for under the same id until there is an answer, and begin once', async () => {
      const till = await paired();
      const answers = [
        'hang up' as const,
        problem('internal', 500),
        problem('too_many_requests', 429),
        ({ body }: Heard) => ({ status: 201, body: lease(1, body.count, { id: body.id }) }),
      ];
      server.on(`POST /api/shops/:shopId/devices/${DEVICE}/number-lease`, (request) => {
        const answer = answers.shift();
        return typeof answer === 'function' ? answer(request) : (answer ?? 'nothing');
      });
      await errorOf(till.leaseNumbers(SHOP, { count: 20 }));
      await errorOf(till.leaseNumbers(SHOP, { count: 30 }));
      await errorOf(till.leaseNumbers(SHOP, { count: 40 }));
      expect(await till.leaseNumbers(SHOP)).to.include({ first: 1, last: 20 });
      const asked = leasesAsked();
      expect(asked.map(({ count }) => count)).to.deep.equal([20, 20, 20, 20]);
      expect(new Set(asked.map(({ id }) => id)).size).to.equal(1);
    });

    it('do not begin again when an answer comes twice', async () => {
      const store = memoryStore();
      const till = await paired({ store });
      const lent = await till.leaseNumbers(SHOP, { count: 10 });
      down();
      await till.sell(SHOP, sale());
      await till.flush();
      // A crash before it was noted that the answer is there.
      await store.put(`lease-asked/${SHOP}`, { id: lent.id, deviceId: DEVICE, count: 10 });
      server.on(`POST /api/shops/:shopId/devices/${DEVICE}/number-lease`, () => ({
        status: 200,
        body: lent,
      }));
      await till.leaseNumbers(SHOP);
      expect(await till.numbersLeft(SHOP)).to.equal(9);
    });

    it('are topped up when few are left and there is a line', async () => {
      const till = await paired();
      await till.leaseNumbers(SHOP, { count: 8 });
      down();
      server.on('POST /api/shops/:shopId/orders/batch', () => 'hang up');
      for (let i = 0; i < 7; i += 1) queued(await till.sell(SHOP, sale()));
      expect(await till.numbersLeft(SHOP)).to.equal(1);
      expect(leasesAsked()).to.have.length(1);
      open(server);
      await till.flush();
      await until(async () => (await till.numbersLeft(SHOP)) === 9);
      expect(leasesAsked()).to.have.length(2);
      server.on('POST /api/shops/:shopId/orders', () => 'hang up');
      const numbers: (string | null)[] = [];
      for (let i = 0; i < 2; i += 1) numbers.push(queued(await till.sell(SHOP, sale())).orderNumber);
      expect(numbers).to.deep.equal(['KULF-A/2627/0008', 'KULF-A/2627/0009']);
    });

    it('are for paired devices, and none are asked for where nobody wants any', async () => {
      const till = await signedIn();
      expect(await errorOf(till.leaseNumbers(SHOP))).to.include({ code: 'forbidden' });
      down();
      expect(queued(await till.sell(SHOP, sale())).orderNumber).to.equal(null);
      await till.flush();
      expect(leasesAsked()).to.deep.equal([]);
    });
  });
});
