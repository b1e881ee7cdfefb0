import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import {
  checkBooks,
  givenDevice,
  offlineSaleOf,
  orderOf,
  otherFlags,
  replay,
  resultsOf,
} from '../support/offline-parts.ts';
import { fingerprint } from '../support/world.ts';

const NOW = new Date('2026-05-10T06:30:00Z');
const EARLIER = new Date('2026-05-09T04:10:00Z');

describe('500 sales that were made offline', function () {
  this.timeout(120_000);
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
    expect(answers.flatMap((answer) => otherFlags(orderOf(answer)))).to.deep.equal([]);
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

  it('come in while others edit, void and refund what is of the same goods', async () => {
    const ITEMS = 8;
    const goods = await Promise.all(
      [...Array(ITEMS)].map(() => givenItem(shop, { quantity: 100, policy: 'deny' })),
    );
    const products = await Promise.all(
      goods.map((_, n) =>
        givenProduct(shop, {
          recipe: [0, 3, 5].map((step) => ({ inventoryItemId: goods[(n + step) % ITEMS]?.id, quantity: 1 })),
        }),
      ),
    );
    const at = (n: number) => products[n % ITEMS] as { id: string };
    let isOver = false;
    const waiter = async (n: number) => {
      const statuses: number[] = [];
      const keep = ({ status, body }: { status: number; body: Order }) => {
        statuses.push(status);
        return body;
      };
      for (let round = n; !isOver; round += 3) {
        const sale = saleOf(at(round), { paymentMethod: undefined, customerPhone: '98765 43210' });
        const { id } = keep(await shop.manager.post(`${shop.path}/orders`, sale));
        const path = `${shop.path}/orders/${id}`;
        keep(await shop.manager.put(path, { items: [{ productId: at(round + 1).id, quantity: 1 }] }));
        if (round % 2) keep(await shop.manager.delete(path, { reason: 'left' }));
        else keep(await shop.manager.put(path, { payments: [{ method: 'cash', amount: '200.00' }] }));
      }
      return statuses;
    };
    const waiters = Promise.all([0, 1, 2].map(waiter));
    const sales = Array.from({ length: 300 }, (_, n) =>
      offlineSaleOf(at(n), EARLIER, { customerPhone: '98765 43210' }),
    );
    const results = resultsOf(await replay(shop.cashier, shop, sales));
    isOver = true;
    expect(new Set(results)).to.deep.equal(new Set(['created']));
    const unknown = (await waiters).flat().filter((status) => ![200, 201, 409, 404].includes(status));
    expect(unknown).to.deep.equal([]);
    await checkBooks(test, shop);
  });

  // PostgreSQL's code of what hinders the second of three → what becomes of them.
  const hindered: [code: string, what: string, results: string[]][] = [
    ['55P03', 'go on after one that waits for a lock', ['created', 'retry', 'created']],
    ['53100', 'stop at a full disk, which they would all meet', ['created', 'retry', 'retry']],
  ];
  for (const [code, what, results] of hindered) {
    it(what, async () => {
      const product = await givenProduct(shop);
      const sales = [1, 2, 3].map(() => offlineSaleOf(product, EARLIER));
      const db = await test.database.connect();
      await db.query(`
        CREATE FUNCTION hinder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'hindered' USING ERRCODE = '${code}'; END $$;
        CREATE TRIGGER hinder BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.id = '${sales[1]?.id}') EXECUTE FUNCTION hinder()`);
      expect(resultsOf(await replay(shop.cashier, shop, sales))).to.deep.equal(results);
      await db.query('DROP FUNCTION hinder() CASCADE');
      const again = results.map((result) => (result === 'created' ? 'same' : 'created'));
      expect(resultsOf(await replay(shop.cashier, shop, sales))).to.deep.equal(again);
    });
  }
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
