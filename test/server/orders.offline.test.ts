import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import { withClient } from '../../src/database/migrate.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import {
  checkBooks,
  givenDevice,
  offlineSaleOf,
  orderOf,
  problemOf,
  replay,
  resultsOf,
} from '../support/offline-parts.ts';
import { fingerprint } from '../support/world.ts';

const NOW = new Date('2026-05-10T06:30:00Z');
const EARLIER = new Date('2026-05-09T04:10:00Z');

describe('a batch of sales that were made offline', () => {
  let test: TestApp;
  let shop: TestShop;
  let tea: { id: string };

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'AWAY');
    tea = await givenProduct(shop, { name: 'Tea', price: '100.00' });
  });
  after(async () => {
    await checkBooks(test, shop);
    await test.close();
  });

  const count = async () => (await shop.cashier.get(`${shop.path}/orders?limit=200`)).body.data.length;

  it('is answered sale by sale, in the order sent; what is wrong with one is no fault of the others', async () => {
    const before = await count();
    const good = offlineSaleOf(tea, EARLIER);
    const other = { ...offlineSaleOf(tea, EARLIER), id: good.id };
    const answers = await replay(shop.cashier, shop, [
      { id: randomUUID() },
      offlineSaleOf(tea, EARLIER, { unknown: 1, items: [{ productId: tea.id, quantity: -1 }] }),
      offlineSaleOf(tea, EARLIER, { notes: 'half of a smile: \ud83d' }),
      good,
      good,
      other,
      offlineSaleOf(tea, EARLIER, { items: good.items }),
      offlineSaleOf(tea, EARLIER, { payLater: true, paymentMethod: undefined }),
      offlineSaleOf(tea, EARLIER, { payments: [{ method: 'cash', amount: 1 }] }),
      offlineSaleOf(tea, EARLIER, { placedAt: 'yesterday' }),
      offlineSaleOf(tea, EARLIER, { id: randomUUID().toUpperCase() }),
    ]);
    expect(resultsOf(answers)).to.deep.equal([
      'conflict',
      'conflict',
      'conflict',
      'created',
      'same',
      'conflict',
      'conflict',
      'conflict',
      'conflict',
      'conflict',
      'created',
    ]);
    expect([1, 2, 5, 6, 7, 8, 9].map((n) => problemOf(answers[n]))).to.deep.equal([
      ['invalid_request', '/items/0/quantity', '/unknown'],
      ['invalid_request', '/notes'],
      ['order_conflict', '/id'],
      ['order_conflict', '/items'],
      ['invalid_request', '/payLater'],
      ['invalid_request', '/paymentMethod'],
      ['invalid_request', '/placedAt'],
    ]);
    const [, , , created, same] = answers;
    expect(orderOf(same)).to.deep.equal(orderOf(created));
    expect(await count()).to.equal(before + 2);
  });

  it('is refused as a whole when it is no batch', async () => {
    const post = (body: unknown) => shop.cashier.post(`${shop.path}/orders/batch`, body);
    const statuses = [
      {},
      { orders: [] },
      { orders: [{}] },
      { orders: ['x'] },
      { orders: [{ id: 'x' }] },
      { orders: Array.from({ length: 501 }, () => ({ id: randomUUID() })) },
    ];
    for (const body of statuses) expect((await post(body)).status).to.equal(422);
  });

  it('keeps a sale whose payments contradict it off the books, and parks what is not paid', async () => {
    const pay = (...payments: object[]) =>
      offlineSaleOf(tea, EARLIER, { paymentMethod: undefined, payments, expectedTotal: '90.00' });
    const answers = await replay(shop.cashier, shop, [
      pay({ method: 'card', amount: '95.00' }),
      pay({ method: 'card', amount: '40.00' }),
      pay(),
    ]);
    expect(resultsOf(answers)).to.deep.equal(['conflict', 'created', 'created']);
    expect(problemOf(answers[0])).to.deep.equal(['invalid_payment', '/payments/0/amount']);
    expect(answers.slice(1).map((answer) => orderOf(answer).status)).to.deep.equal(['open', 'open']);
  });

  it('finds a sale again that was sent online without hearing the answer, and the other way round', async () => {
    const lineId = randomUUID();
    const online = saleOf(tea, {
      items: [{ id: lineId, productId: tea.id, quantity: 2, note: 'hot' }],
      expectedTotal: '200.00',
      customerName: 'Asha',
      tableNumber: '4',
    });
    const offline = {
      ...online,
      items: online.items.map((line) => ({ ...line, listPrice: '100.00' })),
      placedAt: EARLIER.toISOString(),
    };
    const { body: placed } = await shop.cashier.post(`${shop.path}/orders`, online);
    expect(placed.receivedAt).to.equal(null);
    const before = await fingerprint(await test.database.connect(), shop.id);
    const [same] = await replay(shop.cashier, shop, [offline]);
    expect(same).to.deep.equal({ id: online.id, result: 'same', order: placed });
    expect(await fingerprint(await test.database.connect(), shop.id)).to.deep.equal(before);

    const ids = { id: randomUUID(), items: online.items.map((line) => ({ ...line, id: randomUUID() })) };
    const [created] = await replay(shop.cashier, shop, [
      { ...offline, ...ids, items: ids.items.map((line) => ({ ...line, listPrice: '100.00' })) },
    ]);
    const late = await shop.cashier.post(`${shop.path}/orders`, { ...online, ...ids });
    expect([late.status, late.body]).to.deep.equal([200, orderOf(created)]);
    const another = await shop.cashier.post(`${shop.path}/orders`, { ...online, ...ids, tableNumber: '5' });
    expect(another.status).to.equal(409);
  });

  it("tells nothing of another shop's orders", async () => {
    const other = await givenShop(test, 'ELSE');
    const sale = offlineSaleOf(await givenProduct(other), EARLIER);
    await replay(other.cashier, other, [sale]);
    const answers = await replay(shop.cashier, shop, [
      { ...sale },
      offlineSaleOf(tea, EARLIER, { id: sale.id }),
    ]);
    expect(answers.map(problemOf)).to.deep.equal([
      ['order_conflict', '/id'],
      ['order_conflict', '/id'],
    ]);
    expect(JSON.stringify(answers)).to.not.include(other.id);
  });

  it('writes nothing of a sale that the database fails at, says so, and goes on with the others', async () => {
    const db = await test.database.connect();
    await db.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a fault'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.notes = 'fail') EXECUTE FUNCTION fail()`);
    const sales = ['', 'fail', ''].map((notes) => offlineSaleOf(tea, EARLIER, { notes }));
    const answers = await replay(shop.cashier, shop, sales);
    expect(resultsOf(answers)).to.deep.equal(['created', 'retry', 'created']);
    expect(problemOf(answers[1])).to.deep.equal(['internal']);
    expect(JSON.stringify(answers)).to.not.include('a fault');
    await db.query('DROP TRIGGER fail ON orders');
    expect(resultsOf(await replay(shop.cashier, shop, sales))).to.deep.equal(['same', 'created', 'same']);
  });
});

describe('a batch whose database goes away', () => {
  it('is given up, and taken in full once it is back', async () => {
    const test = await startTestApp({ now: () => NOW });
    const shop = await givenShop(test, 'GONE');
    const tea = await givenProduct(shop);
    const sales = [1, 2, 3].map(() => offlineSaleOf(tea, EARLIER));
    const db = await test.database.connect();
    await db.query('BEGIN');
    await db.query('SELECT FROM shop_heads WHERE shop_id = $1 FOR UPDATE', [shop.id]);
    const { rows } = await db.query('SELECT current_database() AS name, pg_backend_pid() AS pid');
    const { name, pid } = rows[0];
    const sent = replay(shop.cashier, shop, sales);
    const admin = new URL(test.database.url);
    admin.pathname = '/smoocho';
    await withClient(admin.href, async (client) => {
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'";
      while ((await client.query(waiting, [name])).rowCount === 0) await sleep(10);
      await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      const others =
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2';
      await client.query(others, [name, pid]);
      expect(resultsOf(await sent)).to.deep.equal(['retry', 'retry', 'retry']);
      await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    });
    await db.query('COMMIT');
    expect(resultsOf(await replay(shop.cashier, shop, sales))).to.deep.equal([
      'created',
      'created',
      'created',
    ]);
    await checkBooks(test, shop);
    await test.close();
  });
});

describe('500 sales that were made offline', function () {
  this.timeout(60_000);
  const SALES = 500;
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'MANY');
  });
  after(() => test.close());

  it('come in while tills sell, each once, and change nothing when they come again', async () => {
    const milk = await givenItem(shop, { quantity: 10_000 });
    const recipe = [{ inventoryItemId: milk.id, quantity: 1 }];
    const products = [
      await givenProduct(shop, { recipe }),
      await givenProduct(shop, { recipe, price: '7.35' }),
    ];
    const { till } = await givenDevice(test, shop);
    const items = () => products.map(({ id }) => ({ id: randomUUID(), productId: id, quantity: 2 }));
    const sales = Array.from({ length: SALES }, (_, n) =>
      offlineSaleOf({ id: '' }, new Date(EARLIER.getTime() + n * 60_000), {
        items: items().map((line, i) => ({ ...line, listPrice: ['100.00', '7.35'][i] })),
        expectedTotal: '214.70',
        orderNumber: `MANY-A/2627/${String(n + 1).padStart(4, '0')}`,
      }),
    );
    await replay(till, shop, [offlineSaleOf(products[0], EARLIER)]);

    const start = performance.now();
    const answers = await replay(till, shop, sales.slice(0, 400));
    const aloneMs = performance.now() - start;
    let isOver = false;
    const waits: number[] = [];
    const online = (async () => {
      while (!isOver) {
        const sent = performance.now();
        const { status } = await shop.cashier.post(
          `${shop.path}/orders`,
          saleOf({ id: '' }, { items: items() }),
        );
        waits.push(performance.now() - sent);
        expect(status).to.equal(201);
      }
    })();
    answers.push(...(await replay(till, shop, sales.slice(400))));
    isOver = true;
    await online;
    expect(new Set(resultsOf(answers))).to.deep.equal(new Set(['created']));
    expect(answers.flatMap((answer) => orderOf(answer).flags)).to.deep.equal([]);
    expect(waits.length, 'sales in between').to.be.above(3);
    console.log(
      `${SALES} offline sales at ${Math.round(aloneMs / 4)} ms a hundred; online beside them ${Math.round(Math.max(...waits))} ms at most`,
    );

    const db = await test.database.connect();
    const before = await fingerprint(db, shop.id);
    const again = performance.now();
    const same = await replay(till, shop, sales);
    console.log(`the same again in ${Math.round(performance.now() - again)} ms`);
    expect(same.map((answer) => ({ ...answer, result: 'created' }))).to.deep.equal(answers);
    expect(new Set(resultsOf(same))).to.deep.equal(new Set(['same']));
    expect(await fingerprint(db, shop.id)).to.deep.equal(before);
    await checkBooks(test, shop);
    const created = await eventsOf(test, shop.id, 'order_created');
    expect(created).to.have.length(SALES + 1 + waits.length);
    const { body } = await shop.manager.get(`${shop.path}/inventory`);
    expect(body.data[0].quantity).to.equal(10_000 - 1 - (SALES + waits.length) * 4);
  });

  it('of one till sent several times at once are taken once', async () => {
    const tea = await givenProduct(shop);
    const { till } = await givenDevice(test, shop, { name: 'Counter 2', series: 'B' });
    const sales = Array.from({ length: 20 }, (_, n) =>
      offlineSaleOf(tea, EARLIER, { orderNumber: `MANY-B/2627/${String(n + 1).padStart(4, '0')}` }),
    );
    const [first] = sales as [object];
    const [batches, single] = await Promise.all([
      Promise.all([1, 2, 3].map(() => replay(till, shop, sales))),
      Promise.all([1, 2, 3].map(() => replay(till, shop, [first]))),
    ]);
    const all = [...batches, ...single].flat();
    expect(all.filter(({ result }) => result === 'created')).to.have.length(sales.length);
    expect(all.filter(({ result }) => result === 'same')).to.have.length(2 * sales.length + 3);
    await checkBooks(test, shop);
  });
});

describe("two devices' batches", () => {
  /** What a shop's books say of the sales, whichever ids its rows have. */
  async function booksAfter(order: 'first' | 'second' | 'together') {
    const test = await startTestApp({ now: () => NOW });
    try {
      const shop = await givenShop(test, 'PAIR');
      const milk = await givenItem(shop, { name: 'Milk', quantity: 1_000 });
      const recipe = [{ inventoryItemId: milk.id, quantity: '0.125' }];
      const tea = await givenProduct(shop, { name: 'Tea', price: '33.35', recipe });
      const batches = [];
      for (const [n, series] of ['A', 'B'].entries()) {
        const { till } = await givenDevice(test, shop, { name: `Counter ${series}`, series });
        const sales = Array.from({ length: 10 }, (_, i) => {
          const at = new Date(EARLIER.getTime() + (i * 2 + n) * 7 * 60_000);
          const orderNumber = `PAIR-${series}/2627/${String(i + 1).padStart(4, '0')}`;
          const items = [{ productId: tea.id, quantity: i + 1 }];
          return offlineSaleOf(tea, at, { items, orderNumber, customerPhone: '98765 43210' });
        });
        batches.push(() => replay(till, shop, sales));
      }
      if (order === 'second') batches.reverse();
      if (order === 'together') await Promise.all(batches.map((send) => send()));
      else for (const send of batches) await send();
      await checkBooks(test, shop);
      return await booksOf(shop);
    } finally {
      await test.close();
    }
  }

  async function booksOf(shop: TestShop) {
    const { body } = await shop.manager.get(`${shop.path}/orders?limit=200`);
    const orders = body.data.map(
      ({ orderNumber, createdAt, businessDate, total, tax, flags, status }: Order) => {
        return { orderNumber, createdAt, businessDate, total, tax, flags, status };
      },
    );
    const report = await shop.manager.get(
      `${shop.path}/reports/sales?from=2026-05-09&to=2026-05-10&groupBy=hour`,
    );
    const { body: inventory } = await shop.manager.get(`${shop.path}/inventory`);
    const { body: customers } = await shop.manager.get(`${shop.path}/customers`);
    const visits = customers.data.map(({ phone, spent }: { phone: string; spent: string }) => [phone, spent]);
    return { orders, report: report.body, left: inventory.data[0].quantity, visits };
  }

  it('give the same books in whichever order they come, or at once', async () => {
    const books = await booksAfter('first');
    expect(books.orders).to.have.length(20);
    expect(books.report.groups.length, 'hours').to.be.above(1);
    expect(await booksAfter('second')).to.deep.equal(books);
    expect(await booksAfter('together')).to.deep.equal(books);
  });
});
