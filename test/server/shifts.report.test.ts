import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { formatMinor } from '../../src/contract/money.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { anyCoinDay, type CoinDay, coinsOf, visit } from '../support/coin-days.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { checkBooks } from '../support/offline-parts.ts';
import { holds, propertyTimeoutMs } from '../support/property.ts';
import { countOf, givenShift, movementOf, tillOf } from '../support/shift-parts.ts';

describe('the report of a shift', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;
  let products: Map<number, { id: string }>;

  before(async () => {
    test = await startTestApp();
  });
  after(() => test.close());

  let shopsOpened = 0;
  /** Sums and Z numbers are the shop's own: each test has one. */
  beforeEach(async () => {
    shopsOpened += 1;
    shop = await givenShop(test, `R${String.fromCharCode(64 + shopsOpened)}`);
    orders = `${shop.path}/orders`;
    products = new Map();
  });

  const priced = async (price: number) => {
    const product = products.get(price) ?? (await givenProduct(shop, { price }));
    products.set(price, product);
    return product;
  };
  const sell = async (price: number, fields: object = {}, till: Client = shop.cashier) => {
    const { status, body, text } = await till.post(orders, saleOf(await priced(price), { ...fields }));
    expect(status, text).to.equal(201);
    return body;
  };
  const park = (price: number, till?: Client) => sell(price, { paymentMethod: undefined }, till);
  const paying = (...payments: object[]) => ({ paymentMethod: undefined, payments });
  const put = async (id: string, change: object, till: Client = shop.manager) => {
    const { status, body, text } = await till.put(`${orders}/${id}`, change);
    expect(status, text).to.equal(200);
    return body;
  };
  const refund = async (id: string, fields: object = {}) => {
    const request = { id: randomUUID(), reason: 'cold', ...fields };
    const { status, text } = await shop.manager.post(`${orders}/${id}/refunds`, request);
    expect(status, text).to.equal(201);
  };
  const voidBill = async (id: string) =>
    expect((await shop.manager.delete(`${orders}/${id}`, { reason: 'mistake' })).status).to.equal(200);
  const move = (id: string, type: 'in' | 'out', amount: string) =>
    shop.cashier.post(`${shop.path}/shifts/${id}/cash-movements`, movementOf(type, amount));
  const report = async (id: string, client = shop.manager) =>
    (await client.get(`${shop.path}/shifts/${id}/report`)).body;
  const close = async (id: string, count: object) => {
    const { status, body, text } = await shop.cashier.post(`${shop.path}/shifts/${id}/close`, count);
    expect(status, text).to.equal(200);
    return body;
  };

  it('adds up as one does by hand', async () => {
    await sell(500, { paymentMethod: 'cash' });
    const { id } = await givenShift(shop, '1000.00');
    await sell(150, paying({ method: 'cash', amount: '150', tip: '20', tendered: '200' }));
    await sell(80, paying({ method: 'upi', amount: '80', tip: '5' }));
    await refund((await sell(60)).id);
    await voidBill((await sell(40)).id);
    const parked = await park(25);
    const line = { id: randomUUID(), productId: (await priced(7)).id, quantity: 2 };
    await put(parked.id, { items: [line] });
    await put(parked.id, { voidItems: [{ id: line.id, reason: 'changed their mind' }] });
    await put(parked.id, { payments: [{ method: 'upi', amount: '10' }] });
    await move(id, 'in', '100');
    await move(id, 'out', '30');

    const x = await report(id);
    expect(x.type).to.equal('X');
    expect(x.shift).to.include({ status: 'open', expected: null, counted: null });
    const figures = {
      totals: {
        orders: 3,
        itemsSold: 3,
        gross: '290.00',
        discount: '0.00',
        serviceCharge: '0.00',
        tax: '0.00',
        rounding: '0.00',
        refunds: '60.00',
        net: '230.00',
      },
      drawer: {
        openingFloat: '1000.00',
        sales: '250.00',
        tips: '20.00',
        refunds: '60.00',
        returned: '40.00',
        paidIn: '100.00',
        paidOut: '30.00',
        expected: '1240.00',
      },
      payments: [
        { method: 'cash', count: 3, taken: '250.00', tips: '20.00', refunds: '60.00', returned: '40.00' },
        { method: 'upi', count: 2, taken: '90.00', tips: '5.00', refunds: '0.00', returned: '0.00' },
      ],
      voids: { bills: 1, lines: 1, amount: '54.00' },
      openBills: { count: 1, due: '15.00' },
    };
    expect(x).to.deep.include(figures);

    const z = await close(id, countOf(12, 35));
    expect(z).to.deep.include(figures);
    expect(z.shift).to.include({ expected: '1240.00', counted: '1235.00', variance: '-5.00', zNumber: 1 });
    expect(z.shift.denominations).to.deep.equal([
      { value: '100.00', count: 12 },
      { value: '1.00', count: 35 },
    ]);
    await put(parked.id, { payments: [{ method: 'cash', amount: '15' }] });
    await sell(33);
    expect(await report(id), 'frozen').to.deep.equal(z);
  });

  it('takes what is given back out of the drawer that is open then, with its tip', async () => {
    const first = await givenShift(shop, '0');
    const kept = await sell(100, paying({ method: 'cash', amount: '100', tip: '10', tendered: '110' }));
    const returned = await park(80);
    await put(returned.id, { payments: [{ method: 'cash', amount: '70', tip: '5', tendered: '75' }] });
    const z1 = await close(first.id, countOf(1, 85));
    expect(z1.shift).to.include({ expected: '185.00', variance: '0.00' });

    const second = await givenShift(shop, '50');
    await voidBill(returned.id);
    await refund(kept.id);
    const z2 = await close(second.id, countOf(0, 0));
    expect(z2.drawer).to.include({
      sales: '0.00',
      returned: '75.00',
      refunds: '100.00',
      expected: '-125.00',
    });
    expect(z2.shift).to.include({ counted: '0.00', variance: '125.00', zNumber: 2 });
    expect(z2.totals).to.include({ orders: 0, net: '-100.00' });
    expect(await report(first.id)).to.deep.equal(z1);
  });

  it('is about one drawer: a till without a shift of its own pays into the main one', async () => {
    const [bar, door] = [await tillOf(test, shop, 'bar'), await tillOf(test, shop, 'door')];
    const main = await givenShift(shop, '0');
    const own = await givenShift(shop, '0', { deviceId: 'bar' });
    await sell(10, {}, bar);
    await sell(20, {}, door);
    await sell(40);
    const takenIn = async (id: string) => (await report(id)).drawer.sales;
    expect([await takenIn(main.id), await takenIn(own.id)]).to.deep.equal(['60.00', '10.00']);
    await close(own.id, countOf(0, 10));
    await sell(5, {}, bar);
    expect(await takenIn(main.id)).to.equal('65.00');
  });

  it('counts a bill that carried over in the shift in which it is paid', async () => {
    const first = await givenShift(shop, '0');
    const parked = await park(25);
    const z1 = await close(first.id, countOf(0, 0));
    expect([z1.totals.orders, z1.openBills]).to.deep.equal([0, { count: 1, due: '25.00' }]);
    const second = await givenShift(shop, '0');
    const paid = await put(parked.id, { payments: [{ method: 'cash', amount: '25' }] });
    expect(paid.shiftId).to.equal(second.id);
    const z2 = await close(second.id, countOf(0, 25));
    expect(z2.totals).to.include({ orders: 1, net: '25.00' });
    expect(z2.openBills.count).to.equal(0);
  });

  it('has what a device without a drawer does, where it is the only one that is open', async () => {
    const [till, phone] = [await tillOf(test, shop, 'till-1'), await tillOf(test, shop, 'phone')];
    const only = await givenShift(shop, '0', { deviceId: 'till-1' });
    expect((await sell(10, { paymentMethod: 'cash' }, phone)).shiftId).to.equal(only.id);
    await givenShift(shop, '0', { deviceId: 'till-2' });
    expect((await sell(10, { paymentMethod: 'cash' }, phone)).shiftId).to.equal(null);
    expect((await sell(10, { paymentMethod: 'cash' }, till)).shiftId).to.equal(only.id);
    expect((await report(only.id)).drawer.sales).to.equal('20.00');
  });

  it('closes whatever is in it', async () => {
    const { id } = await givenShift(shop, '99999999.99');
    for (let n = 0; n < 2; n++) await sell(99_999_999.99, { paymentMethod: 'cash' });
    const discounted = { discount: { type: 'percentage', value: '100' }, paymentMethod: undefined };
    expect((await shop.owner.post(orders, saleOf(await priced(9), discounted))).status).to.equal(201);
    await park(12);
    const z = await close(id, { denominations: [] });
    expect(z.shift).to.include({ expected: '299999999.97', variance: '-299999999.97' });
    expect(z.totals).to.include({ gross: '200000008.98' });
    const empty = await close((await givenShift(shop, '0')).id, { denominations: [] });
    expect(empty).to.deep.include({ payments: [], voids: { bills: 0, lines: 0, amount: '0.00' } });
    expect(empty.totals).to.include({ orders: 0, itemsSold: 0, gross: '0.00', net: '0.00' });
  });

  it('hides the cash from a cashier who has to count it blind', async () => {
    const { id } = await givenShift(shop, '100');
    await sell(30);
    await sell(20, { paymentMethod: 'upi' });
    const blind = await report(id, shop.cashier);
    expect(blind).to.deep.include({ type: 'X', totals: null, drawer: null });
    expect(blind.payments.map(({ method }: { method: string }) => method)).to.deep.equal(['upi']);
    expect((await report(id, shop.manager)).drawer.expected).to.equal('130.00');
    expect((await report(id, shop.owner)).totals.net).to.equal('50.00');
    await shop.manager.put(`${shop.path}/settings`, { shifts: { blindCount: false } });
    expect((await report(id, shop.cashier)).drawer.expected).to.equal('130.00');
    await shop.manager.put(`${shop.path}/settings`, { shifts: { blindCount: true } });
    const z = await close(id, countOf(1, 30));
    expect(z.drawer.expected).to.equal('130.00');
    expect(await report(id, shop.cashier)).to.deep.equal(z);
  });

  it('has a variance of 0.00 on any day on which the drawer took and gave coins alone', async () => {
    const products: { id: string }[] = [];
    for (const price of [24.98, 3.33, 0.07])
      products.push(await givenProduct(shop, { price, soldBy: 'weight', unit: 'kg' }));
    const check = async (day: CoinDay) => {
      const { status } = await shop.manager.put(`${shop.path}/settings`, { rounding: day.rounding });
      expect(status).to.equal(200);
      const coins = coinsOf(day);
      const { id } = await givenShift(shop, formatMinor(coins.floatMinor));
      let closed: { shift: object };
      try {
        for (const each of day.visits) await visit({ shop, products, coins }, day, each);
      } finally {
        // Also after a failure, or no smaller day could be tried.
        closed = await close(id, { denominations: coins.countOf() });
      }
      expect(closed.shift).to.include({ counted: coins.total(), variance: '0.00' });
      await checkBooks(test, shop);
    };
    await holds('test/server/shifts.report.test.ts', 'variance of 0.00', anyCoinDay, check);
  }).timeout(propertyTimeoutMs);
});
