import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { memoryStore } from '../../src/client/store.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { closeTills, tillOf, until } from './support.ts';

describe('a till on a poor line', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    // As a usual server and a line that needs minutes, only quicker.
    test = await startTestApp({ timeouts: { headersMs: 1_000, requestMs: 1_000, lookMs: 50 } });
    shop = await givenShop(test, 'SLOW');
  });
  afterEach(closeTills);
  after(() => test.close());

  it('gets a day of sales through, though the server waits for none of its first batches', async function () {
    this.timeout(120_000);
    const SALES = 100;
    const BYTES_PER_SECOND = 32 * 1024;
    const line = await startTcpProxy(test.url);
    const product = await givenProduct(shop, { price: '40.00' });
    const store = memoryStore();
    const sold: string[] = [];
    for (let i = 0; i < SALES; i += 1) {
      const id = randomUUID();
      const items = [{ productId: product.id, quantity: 1, listPrice: '40.00' }];
      sold.push(id);
      await store.put(`sale/${id}`, {
        id,
        shopId: shop.id,
        sale: { id, items, paymentMethod: 'cash', notes: 'n'.repeat(300) },
        placedAt: new Date(Date.now() - (SALES - i) * 1_000).toISOString(),
        orderNumber: null,
        state: 'queued',
      });
    }
    line.limit(BYTES_PER_SECOND);
    const sent: string[] = [];
    const till = tillOf(line.url, { store, timeoutMs: 10_000, onSaleSent: ({ id }) => sent.push(id) });
    await till.signIn({ email: shop.emails.cashier, password: PASSWORD });
    await until(() => sent.length === SALES, 25_000);
    expect(sent).to.deep.equal(sold);
    expect((await eventsOf(test, shop.id, 'order_created')).map(({ data }) => data.id)).to.deep.equal(sold);
    expect(await till.outbox()).to.deep.equal([]);
    await line.close();
  });
});
