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

  it('adds a line once, also when another till has been paid for the bill meanwhile', async () => {
    const product = await givenProduct(shop, { price: '10.00' });
    const { body: placed } = await shop.cashier.post(
      `${shop.path}/orders`,
      saleOf(product, { paymentMethod: undefined }),
    );
    const path = `${shop.path}/orders/${placed.id}`;
    const change = { items: [{ id: randomUUID(), productId: product.id, quantity: 1 }] };
    const { body: changed } = await shop.cashier.put(path, change);
    const again = await shop.cashier.put(path, change);
    expect([again.status, again.body.version]).to.deep.equal([200, changed.version]);
    await shop.cashier.put(path, { payments: [{ id: randomUUID(), method: 'card', amount: changed.total }] });
    const late = await shop.cashier.put(path, change);
    expect([late.status, late.body.status, late.body.total]).to.deep.equal([200, 'completed', changed.total]);
    const more = { items: [{ ...change.items[0], quantity: 2 }] };
    expect((await shop.cashier.put(path, more)).status).to.equal(409);
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

  it('means the same bill, line and payment whether its ids are in capitals or not', async () => {
    const product = await givenProduct(shop);
    const [id, lineId, paymentId] = [...Array(3)].map(() => randomUUID().toUpperCase()) as [
      string,
      string,
      string,
    ];
    const items = [{ id: lineId, productId: product.id.toUpperCase(), quantity: 2 }];
    const payments = [{ id: paymentId, method: 'cash', amount: '200.00' }];
    const sale = { id, items, payments };
    const { status, body } = await shop.cashier.post(`${shop.path}/orders`, sale);
    expect(status).to.equal(201);
    const path = `${shop.path}/orders/${id.toLowerCase()}`;
    expect((await shop.cashier.get(path)).body).to.deep.equal(body);
    const again = await shop.cashier.put(path, { payments });
    expect([again.status, again.body.payments.length]).to.deep.equal([200, 1]);
    const refund = { id: randomUUID(), reason: 'cold', lines: [{ lineId, quantity: 1 }] };
    expect((await shop.manager.post(`${path}/refunds`, refund)).status).to.equal(201);
  });

  it('moves one item of stock, not two under the same id', async () => {
    const items = [await givenItem(shop), await givenItem(shop)];
    const adjust = { id: randomUUID(), adjust: '1', reason: 'purchase' };
    const answers = await Promise.all(
      items.map(({ id }) => shop.manager.put(`${shop.path}/inventory/${id}`, adjust)),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409]);
  });
});
