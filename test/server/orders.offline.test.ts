import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { withClient } from '../../src/database/migrate.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import {
  checkBooks,
  offlineSaleOf,
  orderOf,
  otherFlags,
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

  it('keeps a place that is no State as it was typed, for the bill was handed over', async () => {
    const sales = ['Bombay', 'MH'].map((placeOfSupply) => offlineSaleOf(tea, EARLIER, { placeOfSupply }));
    const answers = await replay(shop.cashier, shop, sales);
    expect(answers.map((answer) => orderOf(answer).placeOfSupply)).to.deep.equal(['Bombay', '27']);
  });

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
      'created',
      'conflict',
      'conflict',
      'created',
    ]);
    expect([1, 2, 5, 6, 8, 9].map((n) => problemOf(answers[n]))).to.deep.equal([
      ['invalid_request', '/items/0/quantity', '/unknown'],
      ['invalid_request', '/notes'],
      ['order_conflict', '/id'],
      ['order_conflict', '/items'],
      ['invalid_request', '/paymentMethod'],
      ['invalid_request', '/placedAt'],
    ]);
    const [, , , created, same] = answers;
    expect(orderOf(same)).to.deep.equal(orderOf(created));
    expect(await count()).to.equal(before + 3);
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

  it('says on such a sale once that the till has printed another number', async () => {
    const online = saleOf(tea);
    const { body: placed } = await shop.cashier.post(`${shop.path}/orders`, online);
    const offline = { ...online, placedAt: EARLIER.toISOString(), orderNumber: 'AWAY-A/2627/0007' };
    const [first] = await replay(shop.cashier, shop, [offline]);
    const detail = `The till printed AWAY-A/2627/0007; on the books it is ${placed.orderNumber}.`;
    expect(orderOf(first)).to.deep.include({ id: online.id, flags: [{ code: 'number_differs', detail }] });
    const [again] = await replay(shop.cashier, shop, [offline]);
    expect(again).to.deep.equal(first);
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

  it('is taken with whatever was typed about the customer, for the goods are out', async () => {
    const answers = await replay(shop.cashier, shop, [
      offlineSaleOf(tea, EARLIER, { customerPhone: 'ask Ravi' }),
      offlineSaleOf(tea, EARLIER, { payLater: true, paymentMethod: undefined }),
    ]);
    expect(answers.map((answer) => otherFlags(orderOf(answer)))).to.deep.equal([
      [{ code: 'customer_unclear', detail: '"••• •avi" was typed as the phone number.' }],
      [{ code: 'customer_unclear', detail: 'It is on the book, but it does not say who owes it.' }],
    ]);
  });

  it('is taken with a place of supply that is no State, and says what was typed', async () => {
    const { status } = await shop.manager.put(`${shop.path}/settings`, {
      country: 'IN',
      tax: { split: 'gst', state: '29' },
    });
    expect(status).to.equal(200);
    const orders = (
      await replay(
        shop.cashier,
        shop,
        ['29-Kerala', 'Bengaluru', 'Karnataka'].map((placeOfSupply) =>
          offlineSaleOf(tea, EARLIER, { placeOfSupply }),
        ),
      )
    ).map(orderOf);
    expect(orders.map((order) => [order.placeOfSupply, order.taxSplit])).to.deep.equal([
      ['29-Kerala', 'igst'],
      ['Bengaluru', 'igst'],
      ['29', 'gst'],
    ]);
    const [first, second, ...others] = orders.flatMap(otherFlags);
    expect(first?.code).to.equal('place_unclear');
    expect(first?.detail).to.match(
      /^"29-Kerala" was typed as the place of supply: it is not a State of India/,
    );
    expect(first?.detail).to.include(' It bears IGST');
    expect(second?.detail).to.include('"Bengaluru"');
    expect(others).to.deep.equal([]);
    await shop.manager.put(`${shop.path}/settings`, { tax: { split: 'none', state: '' } });
  });

  it('shows by what was taken that a till had other prices, where it does not say them', async () => {
    const taken = (method: string, amount: string) =>
      offlineSaleOf(tea, EARLIER, { paymentMethod: undefined, payments: [{ method, amount }] });
    const answers = await replay(shop.cashier, shop, [
      taken('cash', '120.00'),
      taken('upi', '120.00'),
      taken('cash', '80.00'),
      taken('cash', '100.00'),
    ]);
    const orders = answers.map(orderOf);
    expect(
      orders.map(({ total, rounding, change, paymentStatus }) => [total, rounding, change, paymentStatus]),
    ).to.deep.equal([
      ['100.00', '0.00', '20.00', 'completed'],
      ['120.00', '20.00', '0.00', 'completed'],
      ['100.00', '0.00', '0.00', 'partial'],
      ['100.00', '0.00', '0.00', 'completed'],
    ]);
    const detail = (sum: string) => `The till took ${sum}; it comes to 100.00.`;
    expect(orders.map((order) => otherFlags(order).map((flag) => flag.detail))).to.deep.equal([
      [detail('120.00')],
      [detail('120.00')],
      [detail('80.00')],
      [],
    ]);
  });

  it('does not send the kitchen what was eaten hours ago', async () => {
    await shop.manager.put(`${shop.path}/settings`, { kitchen: { enabled: true } });
    const [answer] = await replay(shop.cashier, shop, [offlineSaleOf(tea, EARLIER)]);
    expect(orderOf(answer).status).to.equal('completed');
    await shop.manager.put(`${shop.path}/settings`, { kitchen: { enabled: false } });
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
