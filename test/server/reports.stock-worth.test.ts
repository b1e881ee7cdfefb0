import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenItem, givenProduct, givenShop, saleOf, signedIn, type TestShop } from '../support/factories.ts';
import { checkBooks, offlineSaleOf, replay } from '../support/offline-parts.ts';

type Order = { id: string; items: { id: string }[] };

describe('what moved stock in the inventory report', () => {
  let test: TestApp;
  let shop: TestShop;
  let milk: { id: string };
  let coffee: { id: string };
  let clock = new Date('2026-08-03T06:00:00Z');

  before(async () => {
    test = await startTestApp({ now: () => clock });
    shop = await givenShop(test, 'MILK');
  });
  after(() => test.close());

  /** Each case has a week, an item and a product of its own. */
  async function startOn(instant: string) {
    await goTo(instant);
    milk = await givenItem(shop, { quantity: 100, cost: '20.00' });
    coffee = await givenProduct(shop, {
      price: 100,
      recipe: [{ inventoryItemId: milk.id, quantity: '0.5' }],
    });
  }
  async function goTo(instant: string) {
    clock = new Date(instant);
    shop.manager = await signedIn(test, shop.emails.manager);
  }
  const must = ({ status, body, text }: { status: number; body: unknown; text: string }) => {
    expect(status, text).to.be.within(200, 201);
    return body as Order;
  };
  const sell = async (fields: Record<string, unknown> = {}) =>
    must(await shop.manager.post(`${shop.path}/orders`, saleOf(coffee, fields)));
  const setItem = async (change: object) =>
    must(await shop.manager.put(`${shop.path}/inventory/${milk.id}`, change));
  const pathOf = ({ id }: Order) => `${shop.path}/orders/${id}`;
  const refund = async (order: Order) => {
    const lines = [{ lineId: order.items[0]?.id, quantity: 1 }];
    must(
      await shop.manager.post(`${pathOf(order)}/refunds`, {
        id: randomUUID(),
        reason: 'sour',
        restock: true,
        lines,
      }),
    );
  };
  /** Sold, used for sales, wasted and waste of a day. */
  async function movedOn(day: string) {
    const { body } = await shop.manager.get(`${shop.path}/reports/inventory?from=${day}&to=${day}`);
    const { sold, usageCost, wasted, wasteCost } = body.items.find(
      ({ id }: { id: string }) => id === milk.id,
    );
    return [sold, usageCost, wasted, wasteCost];
  }

  it('is worth what it cost when it moved', async () => {
    await startOn('2026-08-03T06:00:00Z');
    await sell();
    await setItem({ adjust: -1, reason: 'waste' });
    await setItem({ cost: '35.00' });
    await sell();
    await setItem({ adjust: -1, reason: 'waste' });
    expect(await movedOn('2026-08-03')).to.deep.equal([1, '27.50', 2, '55.00']);
  });

  it('stays as it was on a day that has ended, whatever an item costs and however days begin', async () => {
    await startOn('2026-08-10T06:00:00Z');
    const paid = await sell();
    // Half past midnight.
    await goTo('2026-08-10T19:00:00Z');
    await sell();
    await goTo('2026-08-12T06:00:00Z');
    const before = [await movedOn('2026-08-10'), await movedOn('2026-08-11')];
    expect(before).to.deep.equal([
      [0.5, '10.00', 0, '0.00'],
      [0.5, '10.00', 0, '0.00'],
    ]);
    await setItem({ cost: '35.00', name: 'Buttermilk' });
    must(await shop.manager.put(`${shop.path}/settings`, { dayStart: '04:00' }));
    must(await shop.manager.put(shop.path, { timezone: 'Asia/Dubai' }));
    await sell();
    await refund(paid);
    expect([await movedOn('2026-08-10'), await movedOn('2026-08-11')]).to.deep.equal(before);
    // 0.5 at 35 was sold, 0.5 that had cost 20 came back.
    expect(await movedOn('2026-08-12')).to.deep.equal([0, '7.50', 0, '0.00']);
    must(await shop.manager.put(shop.path, { timezone: 'Asia/Kolkata', dayStart: '00:00' }));
  });

  it('comes back for what it went out, and is wasted for that', async () => {
    await startOn('2026-08-17T06:00:00Z');
    const [first, second] = [await sell(), await sell()];
    const parked = await sell({ paymentMethod: undefined });
    await setItem({ cost: '35.00' });
    must(await shop.manager.delete(pathOf(first), { reason: 'mistake' }));
    must(await shop.manager.delete(pathOf(second), { reason: 'spilled', restock: false }));
    const voidItems = [{ id: parked.items[0]?.id, voidId: randomUUID(), reason: 'mistake', restock: true }];
    must(
      await shop.manager.put(pathOf(parked), { items: [{ productId: coffee.id, quantity: 2 }], voidItems }),
    );
    // For the parked order, 0.5 had gone out at 20, and 0.5 more do at 35.
    expect(await movedOn('2026-08-17')).to.deep.equal([1, '27.50', 0.5, '10.00']);
    must(await shop.manager.delete(pathOf(parked), { reason: 'mistake' }));
    expect(await movedOn('2026-08-17')).to.deep.equal([0, '0.00', 0.5, '10.00']);
    await checkBooks(test, shop);
  });

  it('is of the day on which it was sold, when it comes in later', async () => {
    await startOn('2026-08-24T06:00:00Z');
    await goTo('2026-08-25T06:00:00Z');
    const [answer] = await replay(shop.manager, shop, [offlineSaleOf(coffee, '2026-08-24T10:00:00Z')]);
    expect(answer?.result).to.equal('created');
    expect(await movedOn('2026-08-24')).to.deep.equal([0.5, '10.00', 0, '0.00']);
    expect(await movedOn('2026-08-25')).to.deep.equal([0, '0.00', 0, '0.00']);
  });
});
