import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenShop, type TestShop } from '../support/factories.ts';

describe('inventory', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'STOK');
  });
  after(() => test.close());

  const put = (id: string, body: unknown) => shop.manager.put(`${shop.path}/inventory/${id}`, body);
  const movements = async (id: string) =>
    (await shop.manager.get(`${shop.path}/inventory/${id}/movements`)).body.data.map(
      ({ quantity, reason }: { quantity: number; reason: string }) => [reason, quantity],
    );

  it('counts and adjusts through the ledger, whose sum is the quantity', async () => {
    const item = await givenItem(shop, {
      name: 'Flour',
      unit: 'kg',
      quantity: '10.5',
      reorderLevel: 2,
      cost: '42',
    });
    expect(item).to.include({ quantity: 10.5, cost: '42.00', isLow: false });
    expect((await put(item.id, { adjust: '-2.25', reason: 'waste' })).body.quantity).to.equal(8.25);
    expect((await put(item.id, { count: '8' })).body.quantity).to.equal(8);
    expect((await put(item.id, { count: 1.5, note: 'stock take' })).body).to.include({
      quantity: 1.5,
      isLow: true,
    });
    expect(await movements(item.id)).to.deep.equal([
      ['count', -6.5],
      ['count', -0.25],
      ['waste', -2.25],
      ['opening', 10.5],
    ]);
    const low = await shop.cashier.get(`${shop.path}/inventory?low=true`);
    expect(low.body.data.map((known: { id: string }) => known.id)).to.deep.equal([item.id]);
    expect(await eventsOf(test, shop.id, 'inventory_updated')).to.have.length(4);
  });

  it('changes settings by version and leaves the quantity alone', async () => {
    const item = await givenItem(shop, { quantity: 3 });
    const { body } = await put(item.id, { name: 'Sugar', policy: 'deny', version: item.version });
    expect(body).to.include({ name: 'Sugar', policy: 'deny', quantity: 3 });
    expect((await put(item.id, { name: 'Salt', version: item.version })).status).to.equal(409);
    const taken = await put((await givenItem(shop)).id, { name: 'sugar' });
    expect([taken.status, taken.body.errors[0].pointer]).to.deep.equal([409, '/name']);
  });

  it('refuses what makes no sense, and a loss of more than there is under deny', async () => {
    const item = await givenItem(shop, { quantity: 3, policy: 'deny' });
    expect((await put(item.id, { count: 1, adjust: 1, reason: 'waste' })).status).to.equal(422);
    expect((await put(item.id, { adjust: 1 })).body.errors[0].pointer).to.equal('/reason');
    expect((await put(item.id, { name: 'Oil', reason: 'waste' })).status).to.equal(422);
    const below = await put(item.id, { adjust: -4, reason: 'correction' });
    expect([below.status, below.body.errors[0].pointer]).to.deep.equal([409, '/adjust']);
    expect((await shop.cashier.put(`${shop.path}/inventory/${item.id}`, { count: 1 })).status).to.equal(403);
    expect(await movements(item.id)).to.deep.equal([['opening', 3]]);
  });
});
