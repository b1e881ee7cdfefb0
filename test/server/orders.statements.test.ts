import { expect } from 'chai';
import pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

/** The statements that go over the wire to PostgreSQL while `work` runs. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  const prototype = pg.Client.prototype as unknown as { query(...given: unknown[]): unknown };
  const { query } = prototype;
  prototype.query = function (this: unknown, ...given: unknown[]) {
    const [first] = given;
    sent.push(typeof first === 'string' ? first : String((first as { text?: string }).text));
    return query.apply(this, given);
  };
  try {
    await work();
  } finally {
    prototype.query = query;
  }
  return sent;
}

describe('a sale over HTTP', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenShop(test, 'FAST');
  });
  after(() => test.close());

  it('of 100 lines with stock, customer, discount and two payments is three statements and no transaction block', async () => {
    const milk = await givenItem(shop, { quantity: 10_000 });
    const products = await Promise.all(
      [...Array(10)].map(() => givenProduct(shop, { recipe: [{ inventoryItemId: milk.id, quantity: 1 }] })),
    );
    const items = [...Array(100).keys()].map((n) => ({ productId: products[n % 10]?.id, quantity: 1 }));
    const sale = () =>
      saleOf(
        { id: '' },
        {
          items,
          customerPhone: '98765 43210',
          discount: { type: 'percentage', value: '10' },
          paymentMethod: undefined,
          payments: [
            { method: 'upi', amount: 4000 },
            { method: 'cash', amount: 5000 },
          ],
        },
      );
    await shop.cashier.post(`${shop.path}/orders`, sale());
    let status = 0;
    const sent = await statementsOf(async () => {
      status = (await shop.cashier.post(`${shop.path}/orders`, sale())).status;
    });
    expect(status).to.equal(201);
    expect(sent.filter((sql) => /^(begin|commit|start)/i.test(sql))).to.deep.equal([]);
    // Who is it; what is the menu; the sale.
    expect(sent, sent.join('\n')).to.have.length(3);
  });
});
