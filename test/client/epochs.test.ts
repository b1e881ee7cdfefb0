import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Client, ClientOptions } from '../../src/client/client.ts';
import { memoryStore, type Store } from '../../src/client/store.ts';
import {
  closeTills,
  EPOCH,
  problem,
  type ScriptedServer,
  SHOP,
  startScriptedServer,
  tillOf,
  until,
} from './support.ts';

const OTHER_EPOCH = '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a66';
const PRODUCT = '0190a0a0-0000-7000-8000-0000000000bb';
const DEVICE = '0190a0a0-0000-7000-8000-0000000000dd';
const OTHER_SHOP = '0190a0a0-0000-7000-8000-0000000000cc';
const credentials = { email: 'a@b.c', password: 'x' };
const sale = () => ({ items: [{ productId: PRODUCT, quantity: 1 }], paymentMethod: 'cash' as const });

// What the real server does after a restore is in restore.test.ts; here is what it may do besides.
describe('a client whose server is in another epoch', () => {
  let server: ScriptedServer;
  let store: Store;
  let epoch: string;
  // biome-ignore lint/suspicious/noExplicitAny: orders as a till sends them
  let books: Map<string, any>;

  beforeEach(async () => {
    server = await startScriptedServer();
    store = memoryStore();
    epoch = EPOCH;
    books = new Map();
    server.on('POST /api/auth/login', () => ({
      body: {
        accessToken: 'a',
        refreshToken: 'r',
        expiresIn: 900,
        user: { id: 'u', name: 'Asha' },
        shops: [{ id: SHOP }],
      },
    }));
    server.on('GET /api/shops/:shopId/events', () => ({
      body: { data: [], position: `${epoch}:1`, resync: null },
    }));
    server.on('POST /api/shops/:shopId/orders', ({ body }) => {
      const order = orderOf(body);
      books.set(body.id, order);
      return { status: 201, body: order };
    });
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: { data: body.orders.map(take) },
    }));
  });
  afterEach(async () => {
    closeTills();
    await server.close();
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above
  const orderOf = (sent: any, receivedAt: string | null = null) => ({
    id: sent.id,
    version: 1,
    orderNumber: sent.orderNumber ?? `KULF/2627/${String(books.size + 1).padStart(6, '0')}`,
    createdAt: sent.placedAt ?? new Date().toISOString(),
    receivedAt,
    total: '12.50',
    cashierId: null,
    deviceId: null,
    items: [],
  });
  // biome-ignore lint/suspicious/noExplicitAny: as above
  function take(sent: any) {
    const known = books.get(sent.id);
    if (known) return { id: sent.id, result: 'same', order: known };
    const order = orderOf(sent, new Date().toISOString());
    books.set(sent.id, order);
    return { id: sent.id, result: 'created', order };
  }

  const batches = () => server.heard.filter(({ path }) => path.endsWith('/batch'));
  const asked = () => server.heard.filter(({ path }) => path.endsWith('/events'));
  async function signedIn(options: Partial<ClientOptions> = {}): Promise<Client> {
    const till = tillOf(server.url, { store, ...options });
    await till.signIn(credentials);
    return till;
  }
  const knows = async () => ((await store.get(`epoch/${SHOP}`)) as { epoch: string } | undefined)?.epoch;
  const sell = async (till: Client, count: number) => {
    for (let n = 0; n < count; n += 1) expect((await till.sell(SHOP, sale())).status).to.equal('sold');
  };
  /** The books are those of before the last `count` orders, in another epoch. */
  function restore(count: number): void {
    for (const id of [...books.keys()].slice(-count)) books.delete(id);
    epoch = OTHER_EPOCH;
    server.heard.length = 0;
  }

  it('asks once when somebody signs in, and sends nothing while nothing changed', async () => {
    const till = await signedIn();
    await until(async () => (await knows()) === EPOCH);
    await sell(till, 3);
    await till.flush();
    expect([asked().length, batches().length]).to.deep.equal([1, 0]);
    expect(asked()[0]?.query.has('after')).to.equal(false);
    till.close();
    const again = tillOf(server.url, { store });
    await until(() => asked().length === 2);
    await again.flush();
    expect(batches()).to.have.length(0);
  });

  it('sends what was answered as it was, and tells of what had been lost alone', async () => {
    const sent: string[] = [];
    const till = await signedIn({ onSaleSent: ({ id, result }) => sent.push(`${id} ${result}`) });
    await until(async () => (await knows()) === EPOCH);
    await sell(till, 4);
    const [first, second, third, fourth] = [...books.values()];
    restore(2);
    await till.signIn(credentials);
    await until(async () => books.size === 4 && (await till.outbox()).length === 0);
    expect(sent).to.have.members([`${third.id} created`, `${fourth.id} created`]);
    expect(batches().flatMap(({ body }) => body.orders)).to.deep.equal(
      [first, second, third, fourth].map(({ id, orderNumber, createdAt }) => ({
        id,
        items: [{ productId: PRODUCT, quantity: 1 }],
        paymentMethod: 'cash',
        answered: { total: '12.50' },
        placedAt: createdAt,
        orderNumber,
      })),
    );
    expect(await knows()).to.equal(OTHER_EPOCH);
    // Once is enough, in this run and the next.
    await till.flush();
    till.close();
    const next = tillOf(server.url, { store });
    await next.flush();
    next.close();
    expect(batches()).to.have.length(1);
    // After another restore, of a backup that has what came back, there is nothing new to tell.
    epoch = randomUUID();
    const again = await signedIn({ onSaleSent: ({ id, result }) => sent.push(`${id} ${result}`) });
    await until(async () => (await knows()) === epoch && (await again.outbox()).length === 0);
    await until(() => batches().length > 1);
    expect(sent).to.have.length(2);
  });

  it('shows what is still to be sent, and sends it when somebody signs in', async () => {
    const till = await signedIn();
    await until(async () => (await knows()) === EPOCH);
    await sell(till, 2);
    restore(2);
    server.on('POST /api/shops/:shopId/orders/batch', () => problem('too_busy', 503, { retryAfter: 1 }));
    await till.signIn(credentials);
    await until(async () => (await till.outbox()).length === 2);
    expect((await till.outbox()).map(({ orderNumber, isQueued }) => [orderNumber, isQueued])).to.deep.equal([
      ['KULF/2627/000001', true],
      ['KULF/2627/000002', true],
    ]);
    await until(() => batches().length > 0);
    expect(books.size).to.equal(0);
    // Somebody goes home; the next one brings it.
    await till.signOut();
    expect(await till.outbox()).to.have.length(2);
    expect(await till.flush()).to.include({ left: 2 });
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: { data: body.orders.map(take) },
    }));
    await till.signIn(credentials);
    await until(() => books.size === 2, 15_000);
  });

  it('sends a day again of which the server could not take all', async () => {
    const till = await signedIn();
    await until(async () => (await knows()) === EPOCH);
    await sell(till, 3);
    restore(3);
    let tries = 0;
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => {
      tries += 1;
      const busy = { result: 'retry', problem: (problem('too_busy', 503) as { body: object }).body };
      return {
        body: {
          data: body.orders.map((each: { id: string }, n: number) =>
            n < tries ? take(each) : { id: each.id, ...busy },
          ),
        },
      };
    });
    await till.signIn(credentials);
    await until(() => books.size === 3);
    await until(async () => (await till.outbox()).length === 0);
    expect(tries).to.equal(3);
  });

  it('brings back the newest day first, and lets what is sold meanwhile go between two days', async () => {
    const days = ['2026-05-07', '2026-05-08', '2026-05-09', '2026-05-10'];
    const till = await signedIn();
    await until(async () => (await knows()) === EPOCH);
    for (const day of days) {
      server.on('POST /api/shops/:shopId/orders', ({ body }) => {
        const order = { ...orderOf(body), createdAt: `${day}T10:00:00.000Z` };
        books.set(body.id, order);
        return { status: 201, body: order };
      });
      await sell(till, 2);
    }
    const [, , , , , , busy] = [...books.keys()];
    restore(8);
    const sent: string[] = [];
    let isBusy = true;
    server.on('POST /api/shops/:shopId/orders', () => 'hang up');
    server.on('POST /api/shops/:shopId/orders/batch', async ({ body }) => {
      sent.push(body.orders[0].answered ? body.orders[0].placedAt.slice(0, 10) : 'waiting');
      // Sold while the first day is on its way.
      if (sent.length === 1) expect((await till.sell(SHOP, sale())).status).to.equal('queued');
      if (sent.length === 6) isBusy = false;
      const retry = { result: 'retry', problem: (problem('internal', 500) as { body: object }).body };
      return {
        body: {
          data: body.orders.map((each: { id: string }) =>
            each.id === busy && isBusy ? { id: busy, ...retry } : take(each),
          ),
        },
      };
    });
    await till.signIn(credentials);
    await until(async () => books.size === 9 && (await till.outbox()).length === 0);
    const [newest, next, third, oldest] = days.reverse();
    // The newest has one that can't be taken for a while; it holds up none of the others.
    expect(sent).to.deep.equal([newest, next, 'waiting', newest, third, newest, oldest]);
  });

  it('keeps for the owner what the server can not take back, and does not try it again', async () => {
    const conflicts: string[] = [];
    const till = await signedIn({ onSaleConflict: ({ id }) => conflicts.push(id) });
    await until(async () => (await knows()) === EPOCH);
    await sell(till, 2);
    const [bad] = [...books.keys()];
    restore(2);
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: {
        data: body.orders.map((each: { id: string }) =>
          each.id === bad
            ? {
                id: bad,
                result: 'conflict',
                problem: (problem('order_conflict', 409) as { body: object }).body,
              }
            : take(each),
        ),
      },
    }));
    await till.signIn(credentials);
    await until(async () => conflicts.length > 0 && (await till.outbox()).length === 0);
    expect(conflicts).to.deep.equal([bad]);
    expect((await till.conflicts()).map(({ id, orderNumber }) => [id, orderNumber])).to.deep.equal([
      [bad, 'KULF/2627/000001'],
    ]);
    await till.dropConflict(bad as string);
    epoch = EPOCH;
    await till.signIn(credentials);
    await until(async () => (await knows()) === EPOCH);
    await until(async () => (await till.outbox()).length === 0);
    expect(await till.conflicts()).to.deep.equal([]);
  });

  it('that it never heard of before sends what an earlier run kept, for it may be another one', async () => {
    server.on('GET /api/shops/:shopId/events', () => problem('internal', 500));
    const till = await signedIn();
    await sell(till, 2);
    till.close();
    restore(1);
    server.on('GET /api/shops/:shopId/events', () => ({
      body: { data: [], position: `${epoch}:1`, resync: null },
    }));
    tillOf(server.url, { store });
    await until(() => books.size === 2);
  });

  it('is noticed when the line is back, and by a feed over HTTP', async () => {
    const till = await signedIn();
    await until(async () => (await knows()) === EPOCH);
    await sell(till, 1);
    server.on('POST /api/shops/:shopId/orders', () => 'hang up');
    server.on('POST /api/shops/:shopId/orders/batch', () => 'hang up');
    expect((await till.sell(SHOP, sale())).status).to.equal('queued');
    restore(1);
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: { data: body.orders.map(take) },
    }));
    await until(() => books.size === 2);
    expect(await knows()).to.equal(OTHER_EPOCH);

    books.clear();
    epoch = randomUUID();
    server.on('GET /api/shops/:shopId/events', ({ query }) => ({
      body: {
        data: [],
        position: `${epoch}:1`,
        resync: query.get('after')?.startsWith(epoch) === false ? 'other_epoch' : null,
      },
    }));
    const resyncs: string[] = [];
    till.feed(SHOP, { transport: 'http', onEvent: () => {}, onResync: ({ reason }) => resyncs.push(reason) });
    await until(() => books.size === 2);
    epoch = randomUUID();
    books.clear();
    await until(() => resyncs.includes('other_epoch') && books.size === 2);
  });

  it('goes on bringing orders back to one shop when another is not theirs any more', async () => {
    server.on('POST /api/auth/login', () => ({
      body: {
        accessToken: 'a',
        refreshToken: 'r',
        expiresIn: 900,
        user: { id: 'u' },
        shops: [{ id: SHOP }, { id: OTHER_SHOP }],
      },
    }));
    let isTheirs = true;
    server.on(`GET /api/shops/${OTHER_SHOP}/events`, () => ({
      body: { data: [], position: `${epoch}:1`, resync: null },
    }));
    server.on(`POST /api/shops/${OTHER_SHOP}/orders`, ({ body }) => ({ status: 201, body: orderOf(body) }));
    server.on(`POST /api/shops/${OTHER_SHOP}/orders/batch`, () =>
      isTheirs ? { body: { data: [] } } : problem('not_found', 404),
    );
    const till = await signedIn();
    expect((await till.sell(OTHER_SHOP, sale())).status).to.equal('sold');
    await sell(till, 1);
    await until(async () => (await store.list('epoch/')).length === 2);
    isTheirs = false;
    restore(1);
    await till.signIn(credentials);
    const shopsThatWait = async () => (await till.outbox()).map(({ shopId }) => shopId);
    // What the server has is taken out of the store a moment later.
    await until(async () => books.size === 1 && !(await shopsThatWait()).includes(SHOP));
    expect(await shopsThatWait()).to.deep.equal([OTHER_SHOP]);
  });

  describe('gives out numbers of before until it has others', () => {
    const lease = (first: number, last: number, prefix: string, id: string) => ({
      id,
      deviceId: DEVICE,
      prefix,
      digits: 4,
      first,
      last,
      from: '2000-04-01',
      to: '2099-03-31',
      leasedAt: '2026-04-01T00:00:00.000Z',
    });
    let prefix: string;

    beforeEach(() => {
      prefix = 'KULF-A/2627/';
      server.on('POST /api/devices/pair', () => ({
        status: 201,
        body: { device: { id: DEVICE, name: 'Counter' }, deviceToken: 'secret', shop: { id: SHOP } },
      }));
      server.on(`POST /api/shops/:shopId/devices/${DEVICE}/number-lease`, ({ body }) => ({
        status: 201,
        body: lease(1, body.count, prefix, body.id),
      }));
    });
    const offline = async (till: Client) => {
      server.on('POST /api/shops/:shopId/orders', () => 'hang up');
      const sold = await till.sell(SHOP, sale());
      return sold.status === 'queued' ? sold.sale.orderNumber : null;
    };
    async function paired(): Promise<Client> {
      const till = tillOf(server.url, { store });
      await till.pair('7K2M-9XQD');
      await till.signIn(credentials);
      await until(async () => (await knows()) === EPOCH);
      await till.leaseNumbers(SHOP, { count: 10 });
      return till;
    }

    it('and then drops them', async () => {
      const till = await paired();
      restore(0);
      prefix = 'KULF-A/KTQX/';
      await till.signIn(credentials);
      await until(async () =>
        (await store.list('lease/')).every(([, value]) => !(value as { isLost?: true }).isLost),
      );
      expect(await till.numbersLeft(SHOP)).to.equal(10);
      expect(await offline(till)).to.equal('KULF-A/KTQX/0001');
    });

    it('which the server may refuse for a while, or for ever', async () => {
      const till = await paired();
      restore(0);
      const path = `POST /api/shops/:shopId/devices/${DEVICE}/number-lease`;
      server.on(path, () => problem('too_busy', 503));
      await till.signIn(credentials);
      await until(async () => (await knows()) === OTHER_EPOCH);
      await until(() => server.heard.some(({ path: heard }) => heard.endsWith('/number-lease')));
      expect(await offline(till)).to.equal('KULF-A/2627/0001');
      // It knows no such device: what it lent that one before is nobody's.
      server.on(path, () => problem('not_found', 404));
      await till.signIn(credentials);
      await until(async () => (await store.list('lease/')).length === 0);
      expect(await offline(till)).to.equal(null);
    });
  });
});
