import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import {
  type InsteadAction,
  type OrderAction,
  type OrderState,
  orderActions,
  orderRules,
  orderStates,
} from '../../src/contract/order-rules.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Answer } from '../support/client.ts';
import { givenProduct, givenShop, saleOf, signedIn, type TestShop } from '../support/factories.ts';

type Sold = { id: string; orderNumber: string; items: { id: string }[]; payments: { id: string }[] };

describe('what may be done to an order', () => {
  let test: TestApp;
  let shop: TestShop;
  let cakes: { id: string };
  let clock = new Date('2026-08-03T06:00:00Z');

  before(async () => {
    test = await startTestApp({ now: () => clock });
    shop = await givenShop(test, 'RULE');
    cakes = await givenProduct(shop, { price: 100 });
  });
  after(() => test.close());

  const ok = ({ status, body, text }: Answer): Sold => {
    expect(status, text).to.be.within(200, 201);
    return body as Sold;
  };
  const pathOf = (order: Sold) => `${shop.path}/orders/${order.id}`;
  const sell = async (fields: object = {}) =>
    ok(
      await shop.manager.post(
        `${shop.path}/orders`,
        saleOf(cakes, { items: [{ productId: cakes.id, quantity: 2 }], ...fields }),
      ),
    );
  const kitchen = (enabled: boolean) => shop.owner.put(`${shop.path}/settings`, { kitchen: { enabled } });
  const parked = { paymentMethod: undefined, payments: [{ method: 'cash', amount: '50' }] };
  const onBook = { ...parked, payLater: true, customerName: 'Asha' };
  const refundOf = (order: Sold, lines?: object[]) =>
    shop.manager.post(`${pathOf(order)}/refunds`, {
      id: randomUUID(),
      reason: 'cold',
      ...(lines && { lines }),
    });

  async function countedAfter(sale: () => Promise<Sold>) {
    const shift = { id: randomUUID(), openingFloat: '0', deviceId: null };
    ok(await shop.manager.post(`${shop.path}/shifts`, shift));
    const order = await sale();
    ok(await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, { denominations: [] }));
    return order;
  }

  const given: Record<OrderState, () => Promise<Sold>> = {
    open: () => sell(parked),
    async preparing() {
      await kitchen(true);
      return ok(await shop.cashier.put(pathOf(await sell(parked)), { status: 'preparing' }));
    },
    async owed_preparing() {
      await kitchen(true);
      return await sell(onBook);
    },
    owed: () => sell(onBook),
    paid: () => sell(),
    closed: () => countedAfter(() => sell()),
    owed_closed: () => countedAfter(() => sell(onBook)),
    async partly_refunded() {
      const order = await sell();
      return ok(await refundOf(order, [{ lineId: order.items[0]?.id, quantity: 1 }]));
    },
    refunded: async () => ok(await refundOf(await sell())),
    async voided() {
      const order = await sell();
      return ok(await shop.manager.delete(pathOf(order), { reason: 'typed twice' }));
    },
  };

  const bodies: Record<InsteadAction, (order: Sold, state: OrderState) => object> = {
    place: () => saleOf(cakes),
    edit: () => ({ waiveServiceCharge: true }),
    // Paid in full, an order takes tips alone.
    pay: (_, state) => {
      const isDue = ['open', 'preparing', 'owed_preparing', 'owed', 'owed_closed'].includes(state);
      const payment = { id: randomUUID(), method: 'cash', amount: isDue ? '10' : '0', tip: '5' };
      return { payments: [payment] };
    },
    giveBack: ({ payments: [first] }, state) =>
      state === 'paid'
        ? { changePayments: [{ id: first?.id, method: 'card', reason: 'typed wrong' }] }
        : { returnPayments: [{ id: randomUUID(), paymentId: first?.id, amount: '50' }] },
    move: (_, state) => ({
      status: state === 'open' ? 'preparing' : state === 'preparing' ? 'ready' : 'completed',
    }),
    void: () => ({ reason: 'never came' }),
    refund: () => ({ id: randomUUID(), reason: 'cold' }),
  };
  const send = (method: string, path: string, body: object): Promise<Answer> =>
    shop.manager[method.toLowerCase() as 'post' | 'put' | 'delete'](path, body);
  const requestOf = (action: OrderAction, order: Sold): [string, string] =>
    action === 'refund'
      ? ['POST', `${pathOf(order)}/refunds`]
      : [action === 'void' ? 'DELETE' : 'PUT', pathOf(order)];

  for (const state of orderStates) {
    it(`that is ${state}: what is allowed works, and so does what a refusal names instead`, async () => {
      for (const action of orderActions) {
        const order = await given[state]();
        await kitchen(false);
        const rule = orderRules[state][action];
        const answer = await send(...requestOf(action, order), bodies[action](order, state));
        const label = `${state}, ${action}: ${answer.text}`;
        if (rule === 'allowed') {
          expect(answer.status, label).to.be.within(200, 201);
          continue;
        }
        const { type, instead, detail } = answer.body;
        expect([answer.status, type], label).to.deep.equal([409, `urn:smoocho:problem:${rule.problem}`]);
        expect(detail, label).to.include(order.orderNumber);
        expect(instead.action, label).to.equal(rule.instead);
        const then = await send(instead.method, instead.path, bodies[rule.instead](order, state));
        expect(then.status, `${label}\n${then.text}`).to.be.within(200, 201);
      }
    });
  }

  /** The sessions of the days before have run out. */
  async function goOnAt(instant: string) {
    clock = new Date(instant);
    shop.manager = await signedIn(test, shop.emails.manager);
  }

  it('closes with its business day, and with that alone where no shift was open', async () => {
    const [order, owed] = [await sell(), await sell(onBook)];
    await goOnAt('2026-08-04T06:00:00Z');
    for (const { id, orderNumber } of [order, owed]) {
      const refused = await shop.manager.delete(`${shop.path}/orders/${id}`, { reason: 'late' });
      expect([refused.status, refused.body.type]).to.deep.equal([409, 'urn:smoocho:problem:day_closed']);
      expect(refused.body.detail).to.equal(
        `Order ${orderNumber} is of a day that has ended, or of a shift that was counted, and what was reported then stays. Refund it instead.`,
      );
      expect(refused.body.instead).to.deep.equal({
        action: 'refund',
        method: 'POST',
        path: `${shop.path}/orders/${id}/refunds`,
      });
    }
    ok(await refundOf(order));
  });

  it('stays open with a parked order, whichever day it is', async () => {
    const order = await sell(parked);
    await goOnAt('2026-08-06T06:00:00Z');
    ok(await shop.manager.delete(`${shop.path}/orders/${order.id}`, { reason: 'never came' }));
  });
});
