import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('the life of an order', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'LIFE');
    orders = `${shop.path}/orders`;
  });
  after(() => test.close());

  const parked = async (product: { id: string }, quantity = 1) => {
    const sale = saleOf(product, { paymentMethod: undefined, items: [{ productId: product.id, quantity }] });
    const { body } = await shop.cashier.post(orders, sale);
    expect(body).to.include({ status: 'open', paymentStatus: 'pending', paymentMethod: null });
    return body;
  };
  const put = (id: string, body: unknown) => shop.cashier.put(`${orders}/${id}`, body);
  const quantityOf = async (id: string) =>
    (await shop.cashier.get(`${shop.path}/inventory?limit=200`)).body.data.find(
      (item: { id: string }) => item.id === id,
    ).quantity;

  it('edits a parked bill at the prices it came with, and its stock with it', async () => {
    const item = await givenItem(shop, { quantity: 100 });
    const product = await givenProduct(shop, {
      price: 50,
      recipe: [{ inventoryItemId: item.id, quantity: 2 }],
    });
    const order = await parked(product, 3);
    await shop.manager.put(`${shop.path}/products/${product.id}`, { price: 80 });
    const line = { id: order.items[0].id, productId: product.id, quantity: 3, note: 'hot' };
    const { status, body } = await put(order.id, {
      items: [line, { productId: product.id, quantity: 1 }],
      version: 1,
    });
    expect([status, body.total, body.version]).to.deep.equal([200, '230.00', 2]);
    expect(await quantityOf(item.id)).to.equal(92);
    expect((await put(order.id, { discount: { type: 'flat', value: '30' } })).body.total).to.equal('200.00');
    expect((await put(order.id, { notes: 'x', version: 1 })).status).to.equal(409);
    expect((await eventsOf(test, shop.id, 'order_updated')).map((event) => event.data.total)).to.deep.equal([
      '230.00',
      '200.00',
    ]);
    const { rows } = await (await test.database.connect()).query(
      'SELECT sum(total)::text AS total, sum(quantity)::text AS quantity FROM order_lines WHERE order_id = $1',
      [order.id],
    );
    expect(rows).to.deep.equal([{ total: '200.00', quantity: '4.000' }]);
  });

  it('knows how many people sit at the table, from the first to the last of them', async () => {
    const tea = await givenProduct(shop);
    const sale = saleOf(tea, { guests: 4, tableNumber: '7', paymentMethod: undefined });
    const { body: order } = await shop.cashier.post(orders, sale);
    expect(order.guests).to.equal(4);
    expect((await put(order.id, { guests: 5 })).body.guests).to.equal(5);
    expect((await shop.cashier.get(`${orders}/${order.id}`)).body).to.include({
      guests: 5,
      tableNumber: '7',
    });
    const { body } = await put(order.id, { guests: 0 });
    expect(body.errors[0].pointer).to.equal('/guests');
  });

  it('takes payments in parts, gives change, and completes the bill with the last', async () => {
    const order = await parked(await givenProduct(shop, { price: 100 }));
    const first = await put(order.id, { payments: [{ method: 'upi', amount: '40', reference: 'upi-1' }] });
    expect(first.body).to.include({ status: 'open', paymentStatus: 'partial', paymentMethod: 'upi' });
    const over = await put(order.id, { payments: [{ method: 'card', amount: '61' }] });
    expect([over.status, over.body.errors[0].pointer]).to.deep.equal([422, '/payments/0/amount']);
    const last = await put(order.id, { payments: [{ method: 'cash', amount: '60', tendered: '100' }] });
    expect(last.body).to.include({ status: 'completed', paymentMethod: 'split', change: '40.00' });
    expect((await put(order.id, { notes: 'too late' })).body.type).to.include('order_closed');
  });

  it('goes through the kitchen where there is one', async () => {
    const other = await givenShop(test, 'COOK');
    await other.manager.put(`${other.path}/settings`, { kitchen: { enabled: true } });
    const sold = await other.cashier.post(`${other.path}/orders`, saleOf(await givenProduct(other)));
    expect(sold.body.status).to.equal('preparing');
    const path = `${other.path}/orders/${sold.body.id}`;
    expect((await other.cashier.put(path, { status: 'ready' })).body.status).to.equal('ready');
    expect((await other.cashier.put(path, { status: 'preparing' })).body.type).to.include('order_status');
    expect((await other.cashier.put(path, { status: 'completed' })).body.status).to.equal('completed');
  });

  it('does not complete what is not paid', async () => {
    const order = await parked(await givenProduct(shop));
    const { status, body } = await put(order.id, { status: 'completed' });
    expect([status, body.errors[0].pointer]).to.deep.equal([409, '/status']);
  });

  it('voids with a reason, once, and gives the stock back', async () => {
    const item = await givenItem(shop, { quantity: 10 });
    const product = await givenProduct(shop, { recipe: [{ inventoryItemId: item.id, quantity: 1.5 }] });
    const { body } = await shop.cashier.post(orders, saleOf(product));
    const path = `${orders}/${body.id}`;
    expect((await shop.cashier.delete(path, { reason: 'mistake' })).status).to.equal(403);
    expect((await shop.manager.delete(path, {})).body.errors[0].pointer).to.equal('/reason');
    const voided = await shop.manager.delete(path, { reason: 'mistake' });
    expect(voided.body).to.include({
      status: 'voided',
      voidReason: 'mistake',
      orderNumber: body.orderNumber,
    });
    expect(await quantityOf(item.id)).to.equal(10);
    expect((await shop.manager.delete(path, { reason: 'again' })).status).to.equal(409);
    expect(await quantityOf(item.id)).to.equal(10);
  });

  it('lists newest first, by status and day, page by page', async () => {
    const other = await givenShop(test, 'LIST');
    const product = await givenProduct(other);
    const ids = [];
    for (let n = 0; n < 5; n++)
      ids.unshift((await other.cashier.post(`${other.path}/orders`, saleOf(product))).body.id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await other.cashier.get(
        `${other.path}/orders?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...body.data.map((order: { id: string }) => order.id));
      cursor = body.nextCursor;
    }
    expect(seen).to.deep.equal(ids);
    expect((await other.cashier.get(`${other.path}/orders?status=open`)).body.data).to.deep.equal([]);
    expect(
      (await other.cashier.get(`${other.path}/orders?from=2001-01-01&to=2001-01-02`)).body.data,
    ).to.deep.equal([]);
  });
});
