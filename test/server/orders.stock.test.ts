import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  eventsOf,
  givenItem,
  givenProduct,
  givenShop,
  saleOf,
  signIn,
  type TestShop,
} from '../support/factories.ts';

describe('stock under sales', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'GOOD');
  });
  after(() => test.close());

  it('sells the last of 20 items once, to 16 tills at the same time', async function () {
    this.timeout(120_000);
    const ITEMS = 20;
    const TILLS = 16;
    const START = 15;
    const items = await Promise.all(
      [...Array(ITEMS)].map(() => givenItem(shop, { quantity: START, policy: 'deny' })),
    );
    // Each product takes several items, in another order each: careless locks would wait for each other in a ring.
    const products = await Promise.all(
      items.map((_, n) =>
        givenProduct(shop, {
          recipe: [0, 7, 13].map((step) => ({
            inventoryItemId: items[(n * 3 + step) % ITEMS]?.id,
            quantity: 1,
          })),
        }),
      ),
    );
    const sold = new Map<string, number>(items.map(({ id }) => [id, 0]));
    const statuses = new Map<number, number>();

    /** Sells until nothing on the menu can be sold any more. */
    async function keepSelling(till: Awaited<ReturnType<typeof signIn>>, first: number): Promise<void> {
      const left = [...products.keys()].map((n) => (n + first) % ITEMS);
      for (let n = left[0]; n !== undefined; n = left[0]) {
        const product = products[n] as { id: string; recipe: { inventoryItemId: string }[] };
        const { status, body } = await till.post(`${shop.path}/orders`, saleOf(product));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 201) {
          for (const part of product.recipe) {
            sold.set(part.inventoryItemId, (sold.get(part.inventoryItemId) as number) + 1);
          }
          left.push(left.shift() as number);
        } else {
          expect(body.type).to.equal('urn:smoocho:problem:out_of_stock');
          left.shift();
        }
      }
    }
    const tills = await Promise.all([...Array(TILLS)].map(() => signIn(test, shop.emails.cashier)));
    await Promise.all(tills.map((till, n) => keepSelling(till, n)));

    expect([...statuses.keys()].sort()).to.deep.equal([201, 409]);
    const { body } = await shop.cashier.get(`${shop.path}/inventory?limit=200`);
    for (const { id, quantity } of body.data as { id: string; quantity: number }[]) {
      if (!sold.has(id)) continue;
      expect(quantity + (sold.get(id) as number)).to.equal(START);
      expect(quantity).to.be.at.least(0);
    }
  });

  it('is told to every device, and once more when an item runs low', async () => {
    const cafe = await givenShop(test, 'LOWS');
    const milk = await givenItem(cafe, { name: 'Milk', quantity: 10, reorderLevel: 7 });
    const tea = await givenProduct(cafe, { recipe: [{ inventoryItemId: milk.id, quantity: 2 }] });
    for (let n = 0; n < 3; n += 1) await cafe.cashier.post(`${cafe.path}/orders`, saleOf(tea));
    // After those of two people, the item and the product.
    const events = (await eventsOf(test, cafe.id)).slice(4);
    expect(events.map(({ type, data }) => [type, data.quantity ?? null, data.isLow ?? null])).to.deep.equal([
      ['order_created', null, null],
      ['inventory_updated', 8, false],
      ['order_created', null, null],
      ['inventory_updated', 6, true],
      ['stock_low', 6, true],
      ['order_created', null, null],
      ['inventory_updated', 4, true],
    ]);
    expect(events.map(({ seq }) => seq)).to.deep.equal(events.map((_, n) => n + 5));
    const { body } = await cafe.cashier.get(`${cafe.path}/inventory?low=true`);
    expect(events.at(-1)?.data).to.deep.equal(body.data[0]);
  });

  it('may go below zero under warn, which says so each time, and under allow, which does not', async () => {
    const cafe = await givenShop(test, 'NEGS');
    const sold = async (policy: string) => {
      const item = await givenItem(cafe, { quantity: 1, policy });
      const tea = await givenProduct(cafe, { recipe: [{ inventoryItemId: item.id, quantity: 2 }] });
      for (let n = 0; n < 2; n += 1) {
        expect((await cafe.cashier.post(`${cafe.path}/orders`, saleOf(tea))).status).to.equal(201);
      }
      const events = await eventsOf(test, cafe.id, 'stock_low');
      return events.filter(({ data }) => data.id === item.id).map(({ data }) => data.quantity);
    };
    expect(await sold('warn')).to.deep.equal([-1, -3]);
    expect(await sold('allow')).to.deep.equal([-1]);
  });

  it('is counted and adjusted once, however often the request is sent', async () => {
    const item = await givenItem(shop, { quantity: 10 });
    const put = (body: unknown) => shop.manager.put(`${shop.path}/inventory/${item.id}`, body);
    const adjust = { id: randomUUID(), adjust: '-2', reason: 'waste' };
    await Promise.all([...Array(5)].map(() => put(adjust)));
    expect((await put(adjust)).body.quantity).to.equal(8);
    const count = { id: randomUUID(), count: '5' };
    await put(count);
    await put({ adjust: '-1', reason: 'waste' });
    expect((await put(count)).body.quantity, 'a late retry of a count').to.equal(4);
    const other = await givenItem(shop);
    const taken = await shop.manager.put(`${shop.path}/inventory/${other.id}`, adjust);
    expect([taken.status, taken.body.errors[0].pointer]).to.deep.equal([409, '/id']);
  });
});
