import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { eventsOf, givenItem, givenProduct, givenShop, signIn, type TestShop } from '../support/factories.ts';

describe('200 orders at once, from 8 tills in 2 shops', () => {
  const TILLS_A_SHOP = 4;
  const ORDERS_A_TILL = 25;
  let test: TestApp;
  let shops: TestShop[];

  before(async () => {
    test = await startTestApp();
    shops = [await givenShop(test, 'ONE'), await givenShop(test, 'TWO')];
  });
  after(() => test.close());

  it('keeps numbers unique and gapless, stock exact, and the feed in order', async () => {
    const setups = await Promise.all(shops.map(openTills));
    const sales = setups.flatMap(({ shop, tills, products }) =>
      tills.flatMap((till) =>
        [...Array(ORDERS_A_TILL).keys()].map((n) =>
          till.post(`${shop.path}/orders`, saleNumber(n, products)),
        ),
      ),
    );
    const answers = await Promise.all(sales);
    expect(answers.map((answer) => answer.status).filter((status) => status !== 201)).to.deep.equal([]);
    for (const { shop, items } of setups) {
      const own = answers.map((answer) => answer.body).filter((order) => order.shopId === shop.id);
      await checkShop(shop, own, items);
    }
  });

  async function openTills(shop: TestShop) {
    const items = [await givenItem(shop, { quantity: 1000 }), await givenItem(shop, { quantity: 1000 })];
    // Recipes that name the items in opposite order, as would make careless row locks wait for each other.
    const recipe = items.map((item) => ({ inventoryItemId: item.id, quantity: 1 }));
    const products = [
      await givenProduct(shop, { price: '12.35', recipe }),
      await givenProduct(shop, { price: '7.10', recipe: [...recipe].reverse() }),
    ];
    const tills: Client[] = [];
    for (let n = 0; n < TILLS_A_SHOP; n++) tills.push(await signIn(test, shop.emails.cashier));
    return { shop, items, products, tills };
  }

  const saleNumber = (n: number, products: { id: string }[]) => ({
    id: randomUUID(),
    items: products.map((product, i) => ({ productId: product.id, quantity: 1 + ((n + i) % 3) })),
    paymentMethod: n % 2 ? 'cash' : 'upi',
  });

  type Placed = {
    id: string;
    orderNumber: string;
    tokenNumber: number;
    items: { quantity: number }[];
    total: string;
  };

  async function checkShop(shop: TestShop, placed: Placed[], items: { id: string }[]): Promise<void> {
    const count = TILLS_A_SHOP * ORDERS_A_TILL;
    const upTo = [...Array(count).keys()].map((n) => n + 1);
    const numbers = placed.map((order) => Number(order.orderNumber.split('/')[2])).sort((a, b) => a - b);
    expect(numbers).to.deep.equal(upTo);
    expect(placed.map((order) => order.tokenNumber).sort((a, b) => a - b)).to.deep.equal(upTo);

    const sold = placed.flatMap((order) => order.items).reduce((sum, line) => sum + line.quantity, 0);
    const { body } = await shop.cashier.get(`${shop.path}/inventory`);
    const left = body.data.map((item: { quantity: number }) => item.quantity);
    expect(left).to.deep.equal(items.map(() => 1000 - sold));

    const events = await eventsOf(test, shop.id);
    expect(events.map((event) => event.seq)).to.deep.equal(events.map((_, i) => i + 1));
    const created = events.filter((event) => event.type === 'order_created');
    expect(created.map((event) => Number(String(event.data.orderNumber).split('/')[2]))).to.deep.equal(upTo);
    const byNumber = [...placed].sort((a, b) => a.orderNumber.localeCompare(b.orderNumber));
    expect(created.map((event) => event.data)).to.deep.equal(byNumber);

    const client = await test.database.connect();
    const { rows } = await client.query(
      `SELECT i.id FROM inventory_items i WHERE shop_id = $1
       AND quantity <> (SELECT sum(quantity) FROM stock_movements m WHERE m.item_id = i.id)`,
      [shop.id],
    );
    expect(rows).to.deep.equal([]);
  }
});
