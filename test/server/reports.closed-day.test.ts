import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { groupings } from '../../src/contract/reports.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, signedIn, type TestShop } from '../support/factories.ts';
import { checkBooks, offlineSaleOf, orderOf, replay } from '../support/offline-parts.ts';

type Sold = { id: string; items: { id: string }[] };

describe('the reports of a day that has ended', () => {
  let test: TestApp;
  let shop: TestShop;
  let cake: { id: string };
  let clock = new Date('2026-08-03T06:00:00Z');
  const [FIRST, SECOND] = ['2026-08-03', '2026-08-04'];

  before(async () => {
    test = await startTestApp({ now: () => clock });
    shop = await givenShop(test, 'DAYS');
    cake = await givenProduct(shop, { price: 100, category: 'Cakes' });
  });
  after(() => test.close());

  const must = ({ status, body, text }: { status: number; body: unknown; text: string }) => {
    expect(status, text).to.be.within(200, 201);
    return body as Sold;
  };
  const pathOf = ({ id }: Sold) => `${shop.path}/orders/${id}`;
  const sell = async (quantity: number, fields: object = {}) => {
    const items = [{ productId: cake.id, quantity }];
    return must(await shop.manager.post(`${shop.path}/orders`, saleOf(cake, { items, ...fields })));
  };
  const refund = async (order: Sold, quantity: number) => {
    const lines = [{ lineId: order.items[0]?.id, quantity }];
    const body = { id: randomUUID(), reason: 'cold', lines };
    must(await shop.manager.post(`${pathOf(order)}/refunds`, body));
  };
  async function goOnAt(instant: string) {
    clock = new Date(instant);
    shop.manager = await signedIn(test, shop.emails.manager);
  }
  async function openShift() {
    const shift = { id: randomUUID(), openingFloat: '0', deviceId: null };
    must(await shop.manager.post(`${shop.path}/shifts`, shift));
    return async () => {
      const { body } = await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, {
        denominations: [],
      });
      return body.totals as { net: string };
    };
  }
  const salesOf = async (from: string, groupBy = 'day', to = from) =>
    (await shop.manager.get(`${shop.path}/reports/sales?from=${from}&to=${to}&groupBy=${groupBy}`)).body;
  /** All that can be read of a day, but for the time at which it is read. */
  async function reportsOf(day: string) {
    const others = ['tax', 'payments', 'margins', 'staff', 'sellers'].map(
      async (name) => (await shop.manager.get(`${shop.path}/reports/${name}?from=${day}&to=${day}`)).body,
    );
    const sales = groupings.map((groupBy) => salesOf(day, groupBy));
    return (await Promise.all([...sales, ...others])).map(({ asOf: _, unpaid: __, ...report }) => report);
  }
  const minor = (amount: string) => Math.round(Number(amount) * 100);

  it('stay as they are, whatever is done afterwards, and are the sum of the Z reports', async () => {
    const closeFirst = await openShift();
    const paid = await sell(2);
    const onBook = await sell(3, { paymentMethod: undefined, payLater: true, customerName: 'Asha' });
    await refund(await sell(4), 1);
    const first = await closeFirst();
    const before = await reportsOf(FIRST);

    await goOnAt('2026-08-04T06:00:00Z');
    const closeSecond = await openShift();
    await refund(paid, 1);
    must(
      await shop.manager.put(pathOf(onBook), {
        payments: [{ id: randomUUID(), method: 'card', amount: '300' }],
      }),
    );
    must(await shop.manager.put(`${shop.path}/products/${cake.id}`, { price: '120' }));
    const tip = { id: randomUUID(), method: 'card', amount: '0', tip: '10' };
    must(await shop.manager.put(pathOf(paid), { payments: [tip] }));
    for (const order of [paid, onBook])
      expect((await shop.manager.delete(pathOf(order), { reason: 'late' })).status).to.equal(409);
    await sell(1);
    const second = await closeSecond();
    expect(await reportsOf(FIRST)).to.deep.equal(before);

    const { totals } = await salesOf(FIRST, 'day', SECOND);
    expect(minor(totals.total)).to.equal(minor(first.net) + minor(second.net));
    expect([first.net, second.net, totals.total]).to.deep.equal(['800.00', '20.00', '820.00']);
  });

  it('stay as they are when an order on the book is paid in coins, and so do the sums of Z reports', async () => {
    await goOnAt('2026-07-27T06:00:00Z');
    must(await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '0.05', when: 'cash' } }));
    const tea = await givenProduct(shop, { price: '24.98', soldBy: 'weight' });
    const closeFirst = await openShift();
    const items = [{ productId: tea.id, quantity: 1 }];
    const onBook = { items, paymentMethod: undefined, payLater: true, customerName: 'Asha' };
    const owed = [await sell(1, onBook), await sell(1, onBook), await sell(1, onBook)] as const;
    const first = await closeFirst();
    const before = await reportsOf('2026-07-27');

    await goOnAt('2026-07-28T06:00:00Z');
    const closeSecond = await openShift();
    const pay = async (order: Sold, method: string, amount: string) => {
      const payments = [{ id: randomUUID(), method, amount }];
      return must(await shop.manager.put(pathOf(order), { payments })) as Sold & Record<string, unknown>;
    };
    expect(await pay(owed[0], 'cash', '25.00')).to.include({ total: '24.98', rounding: '0.00', due: null });
    expect(await pay(owed[1], 'card', '24.98')).to.include({ paymentStatus: 'completed' });
    await pay(owed[2], 'card', '9.95');
    expect(await pay(owed[2], 'cash', '15.05')).to.include({ paymentStatus: 'completed' });
    const { totals: paid, groups } = await salesOf('2026-07-28', 'paymentMethod');
    expect(paid).to.include({ orders: 0, gross: '0.00', rounding: '0.04', total: '0.04' });
    expect(groups).to.have.length(1);
    expect(groups[0]).to.include({ key: 'on the book', rounding: '0.04', total: '0.04' });
    for (const groupBy of ['product', 'category', 'cashier', 'hour'])
      expect((await salesOf('2026-07-28', groupBy)).totals, groupBy).to.deep.equal(paid);
    // By card, and back in coins: all that was paid, and no more.
    await refund(owed[0], 1);
    const { body } = await shop.manager.get(pathOf(owed[0]));
    expect(body.refunds[0]).to.include({ total: '25.00', rounding: '0.02', paidOut: '25.00' });
    const second = await closeSecond();

    expect(await reportsOf('2026-07-27')).to.deep.equal(before);
    const { totals } = await salesOf('2026-07-27', 'day', '2026-07-28');
    expect([first.net, second.net, totals.total]).to.deep.equal(['74.94', '-24.96', '49.98']);
    must(await shop.manager.put(`${shop.path}/settings`, { rounding: { to: 'none', when: 'always' } }));
    await checkBooks(test, shop);
    await goOnAt('2026-08-04T06:00:00Z');
  });

  it('stay as they are when a payment of today of an order on the book was typed wrong', async () => {
    await goOnAt('2026-07-20T06:00:00Z');
    must(await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '0.05', when: 'cash' } }));
    const tea = await givenProduct(shop, { price: '24.98', soldBy: 'weight' });
    const items = [{ productId: tea.id, quantity: 2 }];
    const deposit = { id: randomUUID(), method: 'card', amount: '10' };
    const onBook = {
      items,
      paymentMethod: undefined,
      payLater: true,
      customerName: 'Asha',
      payments: [deposit],
    };
    const owed = await sell(1, onBook);
    const before = await reportsOf('2026-07-20');

    await goOnAt('2026-07-21T06:00:00Z');
    const put = async (body: object) =>
      must(await shop.manager.put(pathOf(owed), body)) as Sold & Record<string, unknown>;
    const typed = { id: randomUUID(), method: 'card', amount: '39.96' };
    expect(await put({ payments: [typed] })).to.include({ paymentStatus: 'completed', total: '49.96' });
    const correct = (id: string, method: string) => ({
      changePayments: [{ id, method, reason: 'typed wrong' }],
    });
    expect(await put(correct(typed.id, 'cash'))).to.include({ paymentStatus: 'completed', total: '49.96' });
    const old = await shop.manager.put(pathOf(owed), correct(deposit.id, 'cash'));
    expect([old.status, old.body.type, old.body.instead?.action]).to.deep.equal([
      409,
      'urn:smoocho:problem:day_closed',
      'giveBack',
    ]);
    const back = (paymentId: string, amount: string) => ({
      returnPayments: [{ id: randomUUID(), paymentId, amount }],
    });
    const anew = { id: randomUUID(), method: 'cash', amount: '10' };
    expect(await put({ ...back(deposit.id, '10'), payments: [anew] })).to.include({
      paymentStatus: 'completed',
    });
    const alone = await shop.manager.put(pathOf(owed), back(anew.id, '10'));
    expect([alone.status, alone.body.paymentStatus]).to.deep.equal([200, 'partial']);
    expect(await reportsOf('2026-07-20')).to.deep.equal(before);
    must(await shop.manager.put(`${shop.path}/settings`, { rounding: { to: 'none', when: 'always' } }));
    await checkBooks(test, shop);
    await goOnAt('2026-08-04T06:00:00Z');
  });

  it('say on which days orders are still open, until they are paid', async () => {
    await goOnAt('2026-08-05T06:00:00Z');
    const parked = await sell(1, { paymentMethod: undefined });
    await goOnAt('2026-08-06T06:00:00Z');
    expect((await salesOf('2026-08-01', 'day', '2026-08-06')).openDays).to.deep.equal(['2026-08-05']);
    must(
      await shop.manager.put(pathOf(parked), {
        payments: [{ id: randomUUID(), method: 'cash', amount: '120' }],
      }),
    );
    const { openDays, totals } = await salesOf('2026-08-05');
    expect([openDays, totals.total]).to.deep.equal([[], '120.00']);
  });

  it('say how much came in late', async () => {
    const sent = offlineSaleOf(cake, new Date('2026-08-05T08:00:00Z'));
    const [answer] = await replay(shop.manager, shop, [sent]);
    expect(orderOf(answer).flags.map(({ code }) => code)).to.include('closed_day');
    const { late, totals } = await salesOf('2026-08-05');
    expect([late, totals.orders]).to.deep.equal([{ orders: 1, total: orderOf(answer).total }, 2]);
  });
});
