import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import {
  checkBooks,
  flagOf,
  givenDevice,
  insertDevice,
  offlineSaleOf,
  orderOf,
  problemOf,
  replay,
  resultsOf,
} from '../support/offline-parts.ts';

const NOW = new Date('2026-05-10T06:30:00Z');
const EARLIER = new Date('2026-05-10T04:10:00Z');

describe('the number that a till printed', () => {
  let test: TestApp;
  let shop: TestShop;
  let tea: { id: string };

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'NUMB');
    tea = await givenProduct(shop);
  });
  after(async () => {
    await checkBooks(test, shop);
    await test.close();
  });

  const numbered = (orderNumber: string) => offlineSaleOf(tea, EARLIER, { orderNumber });
  const heads = async () => {
    const db = await test.database.connect();
    const { rows } = await db.query(
      'SELECT series, token_date, token_number FROM shop_heads WHERE shop_id = $1',
      [shop.id],
    );
    return rows[0];
  };

  it('stands, and moves no counter of the shop', async () => {
    const { till } = await givenDevice(test, shop, { leases: [[1, 20]] });
    await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
    const before = await heads();
    const answers = await replay(till, shop, [numbered('NUMB-A/2627/0007'), numbered('NUMB-A/2627/0003')]);
    const numbers = answers.map((answer) => orderOf(answer).orderNumber);
    expect(numbers).to.deep.equal(['NUMB-A/2627/0007', 'NUMB-A/2627/0003']);
    expect(await heads()).to.deep.equal(before);
    const { body } = await shop.cashier.get(`${shop.path}/orders?orderNumber=NUMB-A/2627/0003`);
    expect(body.data).to.deep.equal([orderOf(answers[1])]);
    const next = await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
    expect(next.body).to.include({ orderNumber: 'NUMB/2627/000002', tokenNumber: 2 });
  });

  it("is the shop's next one where it printed none, in the series of the day of the sale", async () => {
    const [answer] = await replay(shop.cashier, shop, [offlineSaleOf(tea, EARLIER)]);
    expect(orderOf(answer)).to.include({ orderNumber: 'NUMB/2627/000003', tokenNumber: null });
    const next = await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
    expect(next.body).to.include({ orderNumber: 'NUMB/2627/000004', tokenNumber: 3 });
  });

  it('has to be one that was lent, and that no other bill has', async () => {
    const db = await test.database.connect();
    const other = await givenShop(test, 'ELSE');
    await insertDevice(db, other.id);
    const answers = await replay(shop.cashier, shop, [
      numbered('NUMB-A/2627/0021'),
      numbered('NUMB-A/2627/011'),
      numbered('NUMB-A/2627/11'),
      numbered('NUMB-B/2627/0001'),
      numbered('NUMB-A/2526/0001'),
      numbered('ELSE-A/2627/0001'),
      numbered('NUMB/2627/000009'),
      numbered('A-1'),
      numbered('NUMB-A/2627/0007'),
      numbered('NUMB-A/2627/0010'),
      numbered('NUMB-A/2627/0010'),
    ]);
    expect(resultsOf(answers)).to.deep.equal([...Array(9).fill('conflict'), 'created', 'conflict']);
    const wrong = answers.filter(({ result }) => result === 'conflict');
    for (const answer of wrong) expect(problemOf(answer)).to.deep.equal(['order_conflict', '/orderNumber']);
  });
});

describe('the total that a till printed', () => {
  let test: TestApp;
  let shop: TestShop;
  let tea: { id: string };

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'SUMS');
    tea = await givenProduct(shop, { name: 'Tea', price: '33.35' });
  });
  afterEach(() => checkBooks(test, shop));
  after(() => test.close());

  async function printed(expectedTotal: string, fields: object = {}) {
    const items = [
      { id: randomUUID(), productId: tea.id, quantity: 2 },
      { id: randomUUID(), productId: tea.id, quantity: 1 },
    ];
    const sale = offlineSaleOf(tea, EARLIER, { items, expectedTotal, ...fields });
    return orderOf((await replay(shop.cashier, shop, [sale]))[0]);
  }
  const unpaid = { paymentMethod: undefined };
  const pay = (...payments: object[]) => ({ paymentMethod: undefined, payments });
  const path = (order: { id: string }) => `${shop.path}/orders/${order.id}`;

  it('stands, whatever the lines come to, and so does what was paid', async () => {
    for (const [total, rounding] of [
      ['120.00', '19.95'],
      ['90.00', '-10.05'],
      ['0.00', '-100.05'],
    ] as const) {
      const order = await printed(total);
      expect(flagOf(order)).to.deep.equal({
        code: 'total_differs',
        detail: `The till printed ${total}; it comes to 100.05.`,
      });
      expect(order).to.deep.include({ total, rounding, paymentStatus: 'completed', change: '0.00' });
      if (total === '0.00') expect(order.payments, 'nothing was paid').to.deep.equal([]);
      else expect(order.payments[0]).to.include({ amount: total });
    }
    const cash = await printed('90.00', pay({ method: 'card', amount: 40 }, { method: 'cash', amount: 100 }));
    expect(cash).to.include({ total: '90.00', change: '50.00', paymentStatus: 'completed' });
    expect((await printed('100.05')).flags).to.deep.equal([]);
  });

  it('goes back in full, in parts or at once, and is voided as any other', async () => {
    for (const total of ['120.00', '90.00']) {
      const order = await printed(total);
      const part = { id: randomUUID(), reason: 'cold', lines: [{ lineId: order.items[0]?.id, quantity: 1 }] };
      const first = await shop.manager.post(`${path(order)}/refunds`, part);
      expect([first.status, first.body.refunded]).to.deep.equal([201, '33.35']);
      const rest = await shop.manager.post(`${path(order)}/refunds`, { id: randomUUID(), reason: 'cold' });
      expect([rest.status, rest.body.refunded]).to.deep.equal([201, total]);
      const whole = await printed(total);
      const { body } = await shop.manager.post(`${path(whole)}/refunds`, {
        id: randomUUID(),
        reason: 'cold',
      });
      expect(body.refunded).to.equal(total);
      const voided = await printed(total);
      expect((await shop.manager.delete(path(voided), { reason: 'spilt' })).status).to.equal(200);
    }
  });

  it('is what a parked bill is paid by later, until it is edited', async () => {
    const parked = await printed('120.00', unpaid);
    expect(parked).to.include({ status: 'open', total: '120.00' });
    const { body: partly } = await shop.cashier.put(path(parked), {
      payments: [{ method: 'upi', amount: '50.00' }],
    });
    expect(partly).to.include({ total: '120.00', paymentStatus: 'partial' });
    const { body: paid } = await shop.cashier.put(path(parked), {
      payments: [{ method: 'card', amount: '70.00' }],
    });
    expect(paid).to.include({ total: '120.00', rounding: '19.95', status: 'completed' });

    const edited = await printed('120.00', unpaid);
    const items = [{ id: randomUUID(), productId: tea.id, quantity: 1 }];
    const { body: more } = await shop.cashier.put(path(edited), { items });
    expect(more).to.include({ total: '133.40', rounding: '0.00' });
    expect(more.flags, 'what was printed is still for somebody to look at').to.deep.equal(edited.flags);
    const { body: done } = await shop.cashier.put(path(edited), {
      payments: [{ method: 'cash', amount: 150 }],
    });
    expect(done).to.include({ total: '133.40', change: '16.60', status: 'completed' });

    const onBook = await printed('90.00', { ...unpaid, payLater: true, customerName: 'Asha' });
    expect(onBook).to.include({ status: 'completed', paymentStatus: 'pending' });
    const { body: settled } = await shop.cashier.put(path(onBook), {
      payments: [{ method: 'upi', amount: '90.00' }],
    });
    expect(settled).to.include({ total: '90.00', paymentStatus: 'completed' });
  });

  it('is flagged when the shop rounds otherwise by now', async () => {
    const round = async (rounding: object) => {
      const { status } = await shop.manager.put(`${shop.path}/settings`, { rounding });
      expect(status).to.equal(200);
    };
    await round({ to: '1.00', when: 'always' });
    expect((await printed('100.00')).flags).to.deep.equal([]);
    expect(flagOf(await printed('100.05')).detail).to.equal('The till printed 100.05; it comes to 100.00.');
    await round({ to: '1.00', when: 'cash' });
    expect((await printed('100.00')).flags).to.deep.equal([]);
    expect((await printed('100.05', { paymentMethod: 'card' })).flags).to.deep.equal([]);
    const byCard = await printed('100.00', { paymentMethod: 'card' });
    expect(flagOf(byCard).detail).to.equal('The till printed 100.00; it comes to 100.05.');
    const parked = await printed('100.00', unpaid);
    expect(flagOf(parked).code).to.equal('total_differs');
    const { body } = await shop.cashier.put(path(parked), {
      payments: [{ method: 'card', amount: '100.00' }],
    });
    expect(body).to.include({ total: '100.00', status: 'completed' });
    await round({ to: 'none', when: 'always' });
  });

  it('stands with cash that no coins make, of a till that knew no rounding, and is flagged', async () => {
    const round = (rounding: object) => shop.manager.put(`${shop.path}/settings`, { rounding });
    await round({ to: '0.10', when: 'cash' });
    const stepsOf = async ({ id }: { id: string }) => {
      const client = await test.database.connect();
      const { rows } = await client.query('SELECT cash_step FROM payments WHERE order_id = $1', [id]);
      await client.end();
      return rows.map(({ cash_step }) => cash_step);
    };
    // Three teas are 100.05, in cash 100.10.
    const old = await printed(
      '100.05',
      pay({ method: 'card', amount: '50.02' }, { method: 'cash', amount: 60 }),
    );
    expect(old).to.include({ total: '100.05', rounding: '0.00', change: '9.97', paymentStatus: 'completed' });
    expect(flagOf(old).detail).to.equal('The till printed 100.05; it comes to 100.02.');
    expect(await stepsOf(old), 'no step is known of it').to.deep.equal([null, null]);
    const tipped = await printed('100.10', pay({ method: 'cash', amount: '100.10', tip: '2.02' }));
    expect(tipped).to.deep.include({
      total: '100.10',
      rounding: '0.05',
      flags: [],
      paymentStatus: 'completed',
    });
    expect(await stepsOf(tipped)).to.deep.equal([null]);
    const today = await printed(
      '100.02',
      pay({ method: 'card', amount: '50.02' }, { method: 'cash', amount: 60 }),
    );
    expect(today).to.deep.include({ total: '100.02', rounding: '-0.03', change: '10.00', flags: [] });
    expect(await stepsOf(today)).to.deep.equal([null, '0.10']);

    const items = [{ productId: tea.id, quantity: 3, listPrice: '33.35' }];
    const untold = { items, ...pay({ method: 'cash', amount: '33.35', tip: '1.11' }) };
    const [answer] = await replay(shop.cashier, shop, [offlineSaleOf(tea, EARLIER, untold)]);
    const part = orderOf(answer);
    expect(part).to.deep.include({ total: '100.05', paymentStatus: 'partial', flags: [] });
    expect(part.due).to.deep.equal({ cash: '66.70', other: '66.70' });
    await round({ to: 'none', when: 'always' });
  });

  it('is missing where the till sent none: then it comes to what the rules say', async () => {
    const items = [{ productId: tea.id, quantity: 3, listPrice: '30.00' }];
    const [answer] = await replay(shop.cashier, shop, [offlineSaleOf(tea, EARLIER, { items })]);
    expect(orderOf(answer)).to.include({ total: '90.00', rounding: '0.00' });
    const sale = offlineSaleOf(tea, EARLIER, { items, ...pay({ method: 'card', amount: '100.05' }) });
    expect(problemOf((await replay(shop.cashier, shop, [sale]))[0])).to.deep.equal([
      'invalid_payment',
      '/payments/0/amount',
    ]);
  });
});
