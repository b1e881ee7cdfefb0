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

describe('POST /api/shops/:shopId/orders', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;
  let now = new Date('2026-04-01T10:00:00Z');

  before(async () => {
    test = await startTestApp({ now: () => now });
    shop = await givenShop(test, 'SALE');
    orders = `${shop.path}/orders`;
    const tax = {
      classes: [{ code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: 5 }] }],
      defaultClass: 'food',
    };
    await shop.manager.put(`${shop.path}/settings`, { tax });
  });
  after(() => test.close());

  const stockOf = async (id: string) => {
    const { body } = await shop.cashier.get(`${shop.path}/inventory?limit=200`);
    return body.data.find((item: { id: string }) => item.id === id).quantity;
  };

  it('prices, numbers and pays a sale, takes its stock, and records one event with the same view', async () => {
    const milk = await givenItem(shop, { quantity: 10 });
    const kulfi = await givenProduct(shop, {
      name: 'Kulfi',
      category: 'Ice',
      variants: [{ name: 'Small', price: 40 }],
      modifierGroups: [{ name: 'Topping', modifiers: [{ name: 'Nuts', price: 10 }] }],
      recipe: [{ inventoryItemId: milk.id, quantity: 0.25 }],
    });
    const sale = {
      id: randomUUID(),
      orderType: 'takeaway',
      customerName: 'Asha',
      items: [
        {
          productId: kulfi.id,
          variantId: kulfi.variants[0].id,
          quantity: 3,
          modifierIds: [kulfi.modifierGroups[0].modifiers[0].id],
          discount: null,
          note: 'no ice',
        },
      ],
      discount: { type: 'percentage', value: '10', reason: 'regular' },
      payments: [{ method: 'cash', amount: '135.00', tendered: '200.00' }],
    };
    const { status, body } = await shop.cashier.post(orders, sale);
    expect(status).to.equal(201);
    expect(body).to.include({
      orderNumber: 'SALE/2627/000001',
      tokenNumber: 1,
      businessDate: '2026-04-01',
      status: 'completed',
      orderType: 'takeaway',
      subtotal: '150.00',
      discount: '15.00',
      tax: '6.42',
      total: '135.00',
      paymentMethod: 'cash',
      paymentStatus: 'completed',
      change: '65.00',
      version: 1,
    });
    expect(
      body.taxLines.map(({ name, amount }: { name: string; amount: string }) => [name, amount]),
    ).to.deep.equal([
      ['CGST 2.5%', '3.21'],
      ['SGST 2.5%', '3.21'],
    ]);
    expect(body.items[0]).to.include({
      name: 'Kulfi',
      variantName: 'Small',
      unitPrice: '40.00',
      note: 'no ice',
    });
    expect((await shop.cashier.get(`${orders}/${body.id}`)).body).to.deep.equal(body);
    expect(await stockOf(milk.id)).to.equal(9.25);
    expect((await eventsOf(test, shop.id, 'order_created')).map((event) => event.data)).to.deep.equal([body]);
  });

  it('gives the same order again when the till retries, also twice at once, and refuses another body', async () => {
    const item = await givenItem(shop, { quantity: 10 });
    const product = await givenProduct(shop, { recipe: [{ inventoryItemId: item.id, quantity: 1 }] });
    const sale = saleOf(product);
    const [one, two] = await Promise.all([shop.cashier.post(orders, sale), shop.cashier.post(orders, sale)]);
    expect([one.status, two.status].sort()).to.deep.equal([200, 201]);
    const again = await shop.cashier.post(orders, sale);
    expect(again.status).to.equal(200);
    expect(again.body).to.deep.equal(one.body);
    const other = await shop.cashier.post(orders, { ...sale, customerName: 'Somebody else' });
    expect([other.status, other.body.errors[0].pointer]).to.deep.equal([409, '/id']);
    expect(await stockOf(item.id)).to.equal(9);
    const events = (await eventsOf(test, shop.id, 'order_created')).filter(
      (event) => event.data.id === sale.id,
    );
    expect(events).to.have.length(1);
  });

  it("answers an id of another shop's order as any that is taken", async () => {
    const other = await givenShop(test, 'ELSE');
    const sale = saleOf(await givenProduct(other));
    expect((await other.cashier.post(`${other.path}/orders`, sale)).status).to.equal(201);
    const mine = await shop.cashier.post(orders, { ...saleOf(await givenProduct(shop)), id: sale.id });
    expect([mine.status, mine.body.type]).to.deep.equal([409, 'urn:smoocho:problem:order_conflict']);
    expect((await shop.cashier.get(`${orders}/${sale.id}`)).status).to.equal(404);
  });

  it('refuses lines that can not be sold, each by name, and keeps nothing of the bill', async () => {
    const gone = await givenProduct(shop, { name: 'Gone', isActive: false });
    const sized = await givenProduct(shop, {
      name: 'Tea',
      variants: [{ name: 'Cup', price: 1 }],
      modifierGroups: [{ name: 'Milk', min: 1, max: 1, modifiers: [{ name: 'Oat', price: 5 }] }],
    });
    const line = (fields: object) => ({ quantity: 1, ...fields });
    const items = [
      line({ productId: randomUUID() }),
      line({ productId: gone.id }),
      line({ productId: sized.id }),
      line({ productId: sized.id, variantId: sized.variants[0].id }),
      line({ productId: sized.id, variantId: sized.variants[0].id, modifierIds: [randomUUID()] }),
    ];
    const before = await eventsOf(test, shop.id);
    const { status, body } = await shop.cashier.post(orders, {
      id: randomUUID(),
      items,
      paymentMethod: 'cash',
    });
    expect(status).to.equal(422);
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).to.deep.equal([
      '/items/0/productId',
      '/items/1/productId',
      '/items/2/variantId',
      '/items/3/modifierIds',
      '/items/4/modifierIds',
    ]);
    expect(await eventsOf(test, shop.id)).to.deep.equal(before);
  });

  it('refuses a sale of more than there is under deny, and gives its number to the next', async () => {
    const item = await givenItem(shop, { name: 'Last cake', quantity: 2, policy: 'deny' });
    const cake = await givenProduct(shop, { recipe: [{ inventoryItemId: item.id, quantity: 1 }] });
    const sell = (quantity: number) =>
      shop.cashier.post(orders, saleOf(cake, { items: [{ productId: cake.id, quantity }] }));
    const first = await sell(1);
    const refused = await sell(2);
    expect([refused.status, refused.body.detail]).to.deep.equal([
      409,
      'Not enough stock of Last cake (1 piece left).',
    ]);
    expect(await stockOf(item.id)).to.equal(1);
    const last = await sell(1);
    const numberOf = (answer: typeof first) => Number(answer.body.orderNumber.split('/')[2]);
    expect(numberOf(last)).to.equal(numberOf(first) + 1);
    expect(last.body.tokenNumber).to.equal(first.body.tokenNumber + 1);
  });

  it('refuses payments that do not fit and totals that differ', async () => {
    const product = await givenProduct(shop, { price: '100.00' });
    const over = { paymentMethod: undefined, payments: [{ method: 'card', amount: '120.00' }] };
    expect((await shop.cashier.post(orders, saleOf(product, over))).body.type).to.include('invalid_payment');
    const differs = await shop.cashier.post(orders, saleOf(product, { expectedTotal: '99.00' }));
    expect([differs.status, differs.body.total]).to.deep.equal([409, '100.00']);
    expect((await shop.cashier.post(orders, saleOf(product, { expectedTotal: 100 }))).status).to.equal(201);
  });

  it('refuses a bill that the books can not hold', async () => {
    const gold = await givenProduct(shop, { price: '99999999.99' });
    const { status, body } = await shop.cashier.post(
      orders,
      saleOf(gold, { items: [{ productId: gold.id, quantity: 2 }] }),
    );
    expect([status, body.type]).to.deep.equal([422, 'urn:smoocho:problem:amount_too_large']);
  });

  it('starts the token anew each business day and the number each fiscal year', async () => {
    const other = await givenShop(test, 'YEAR');
    const sale = async () =>
      (await other.cashier.post(`${other.path}/orders`, saleOf(await givenProduct(other)))).body;
    await other.manager.put(other.path, { dayStart: '04:00' });
    const seen = [];
    // India is 5:30 ahead: 21:00Z is 02:30 of the next day there, which belongs to the evening before.
    for (const at of [
      '2027-03-31T12:00:00Z',
      '2027-03-31T21:00:00Z',
      '2027-03-31T23:00:00Z',
      '2027-04-01T12:00:00Z',
    ]) {
      now = new Date(at);
      // Tokens of earlier days have expired by then.
      other.cashier = await signIn(test, other.emails.cashier);
      other.manager = await signIn(test, other.emails.manager);
      const { businessDate, tokenNumber, orderNumber } = await sale();
      seen.push([businessDate, tokenNumber, orderNumber]);
    }
    now = new Date('2026-04-01T10:00:00Z');
    expect(seen).to.deep.equal([
      ['2027-03-31', 1, 'YEAR/2627/000001'],
      ['2027-03-31', 2, 'YEAR/2627/000002'],
      ['2027-04-01', 1, 'YEAR/2728/000001'],
      ['2027-04-01', 2, 'YEAR/2728/000002'],
    ]);
  });
});
