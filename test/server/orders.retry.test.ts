import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('a request that is sent twice', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'TWIC');
  });
  after(() => test.close());

  it('sells the last piece once, and neither copy of the sale hears that it is gone', async () => {
    const item = await givenItem(shop, { quantity: 5, policy: 'deny' });
    const product = await givenProduct(shop, { recipe: [{ inventoryItemId: item.id, quantity: 1 }] });
    for (let n = 0; n < 5; n += 1) {
      const sale = saleOf(product);
      const copies = await Promise.all([1, 2, 3].map(() => shop.cashier.post(`${shop.path}/orders`, sale)));
      expect(copies.map(({ status }) => status).sort()).to.deep.equal([200, 200, 201]);
    }
    expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(409);
  });

  it('shows the payments of a bill in one order, whoever asks', async () => {
    const product = await givenProduct(shop, { price: '100.00' });
    const pay = (...ids: string[]) => ids.map((id) => ({ id, method: 'upi', amount: '10.00' }));
    const [a, b, c, d] = [...Array(4)].map(() => randomUUID()).sort() as [string, string, string, string];
    const sale = saleOf(product, { paymentMethod: undefined, payments: pay(d, b) });
    const { body: placed } = await shop.cashier.post(`${shop.path}/orders`, sale);
    const path = `${shop.path}/orders/${placed.id}`;
    expect((await shop.cashier.get(path)).body).to.deep.equal(placed);
    const { body: paid } = await shop.cashier.put(path, { payments: pay(c, a) });
    expect((await shop.cashier.get(path)).body).to.deep.equal(paid);
    const told = (await eventsOf(test, shop.id)).filter(({ data }) => data.id === placed.id);
    expect(told.map(({ data }) => data)).to.deep.equal([placed, paid]);
  });
});
