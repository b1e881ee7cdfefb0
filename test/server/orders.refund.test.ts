import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { checkBooks } from '../support/offline-parts.ts';

describe('POST /api/shops/:shopId/orders/:orderId/refunds', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'BACK');
    orders = `${shop.path}/orders`;
    const food = { code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] };
    await shop.manager.put(`${shop.path}/settings`, {
      tax: { mode: 'inclusive', classes: [food], defaultClass: 'food' },
    });
  });
  after(() => test.close());

  const sell = async (fields: Record<string, unknown>, product: { id: string }) => {
    const { status, body, text } = await shop.cashier.post(orders, saleOf(product, fields));
    expect(status, text).to.equal(201);
    return body;
  };
  const refund = (orderId: string, body: Record<string, unknown> = {}) =>
    shop.manager.post(`${orders}/${orderId}/refunds`, { id: randomUUID(), reason: 'cold', ...body });
  const codeOf = (body: { type: string }) => body.type.replace('urn:smoocho:problem:', '');
  const stockOf = async (id: string) =>
    (await shop.cashier.get(`${shop.path}/inventory?limit=200`)).body.data.find(
      (item: { id: string }) => item.id === id,
    ).quantity;

  it('gives back by line and quantity, never above what is left, with the tax of then', async () => {
    const cake = await givenProduct(shop, { price: '33.33' });
    const order = await sell({ items: [{ productId: cake.id, quantity: 3 }] }, cake);
    expect([order.total, order.tax]).to.deep.equal(['99.99', '4.76']);
    await shop.manager.put(`${shop.path}/settings`, {
      tax: { classes: [{ code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '28' }] }] },
    });
    const [line] = order.items;
    const take = (quantity: number) => refund(order.id, { lines: [{ lineId: line.id, quantity }] });
    const first = await take(1);
    expect(first.status, first.text).to.equal(201);
    const [note] = first.body.refunds;
    expect(note).to.include({ total: '33.33', tax: '1.58', method: 'cash', reason: 'cold', restock: false });
    expect(note.creditNoteNumber).to.match(/^BACK\/C\d{4}\/00001$/);
    expect(first.body.refunded).to.equal('33.33');
    const over = await take(3);
    expect([over.status, codeOf(over.body), over.body.errors[0].detail]).to.deep.equal([
      409,
      'refund_too_large',
      `Of ${cake.name} only 2 can still be refunded.`,
    ]);
    const rest = await refund(order.id);
    expect(rest.body.refunds[1]).to.include({ total: '66.66', tax: '3.18' });
    expect(rest.body.refunds[1].creditNoteNumber).to.match(/00002$/);
    expect(rest.body.refunded).to.equal('99.99');
    const more = await refund(order.id);
    expect([more.status, codeOf(more.body)]).to.deep.equal([409, 'order_closed']);
    const food = { code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] };
    await shop.manager.put(`${shop.path}/settings`, { tax: { classes: [food] } });
  });

  it('gives the same refund again when the till retries, and another under its id not at all', async () => {
    const order = await sell({}, await givenProduct(shop));
    const body = { id: randomUUID() };
    const answers = await Promise.all([...Array(5)].map(() => refund(order.id, body)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 200, 200, 200, 201]);
    for (const answer of answers) expect(answer.body.refunds).to.have.length(1);
    expect(codeOf((await refund(order.id, { ...body, reason: 'other' })).body)).to.equal('refund_conflict');
    const second = await sell({}, await givenProduct(shop));
    expect(codeOf((await refund(second.id, body)).body)).to.equal('refund_conflict');
    const told = await eventsOf(test, shop.id, 'order_updated');
    expect(told.filter(({ data }) => data.id === order.id)).to.have.length(1);
  });

  it('lets parallel refunds of one bill give back no more than it came to', async () => {
    const order = await sell(
      { items: [{ productId: (await givenProduct(shop, { price: 10 })).id, quantity: 5 }] },
      { id: '' },
    );
    const lines = [{ lineId: order.items[0].id, quantity: 2 }];
    const answers = await Promise.all([...Array(6)].map(() => refund(order.id, { lines })));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 201, 409, 409, 409, 409]);
    const { body } = await shop.cashier.get(`${orders}/${order.id}`);
    expect(body.refunded).to.equal('40.00');
  });

  it('puts goods back on the shelf only if asked, and exactly what they took', async () => {
    const beans = await givenItem(shop, { quantity: 10, unit: 'kg' });
    const coffee = await givenProduct(shop, {
      soldBy: 'weight',
      recipe: [{ inventoryItemId: beans.id, quantity: '0.333' }],
    });
    const order = await sell({ items: [{ productId: coffee.id, quantity: '1.5' }] }, coffee);
    expect(await stockOf(beans.id)).to.equal(9.5);
    await shop.manager.put(`${shop.path}/products/${coffee.id}`, { recipe: [] });
    const lines = [{ lineId: order.items[0].id, quantity: '0.5' }];
    await refund(order.id, { lines, restock: true });
    expect(await stockOf(beans.id)).to.equal(9.667);
    await refund(order.id, { lines });
    expect(await stockOf(beans.id)).to.equal(9.667);
    await refund(order.id, { lines, restock: true });
    expect(await stockOf(beans.id)).to.equal(9.834);
  });

  it('gives the rounding back with the last of a bill', async () => {
    await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '1.00' } });
    const cake = await givenProduct(shop, { price: '10.20' });
    const order = await sell({ paymentMethod: 'upi', items: [{ productId: cake.id, quantity: 2 }] }, cake);
    expect([order.total, order.rounding]).to.deep.equal(['20.00', '-0.40']);
    const lines = [{ lineId: order.items[0].id, quantity: 1 }];
    expect((await refund(order.id, { lines })).body.refunded).to.equal('10.20');
    const { body } = await refund(order.id, { lines });
    expect(body.refunds[1]).to.include({ total: '9.80', rounding: '-0.40' });
    expect(body.refunded).to.equal('20.00');
    await shop.manager.put(`${shop.path}/settings`, { rounding: { to: 'none' } });
  });

  describe('in cash', () => {
    let tea: { id: string };
    before(async () => {
      tea = await givenProduct(shop, { soldBy: 'weight', price: '12.49' });
      await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '0.05', when: 'cash' } });
    });
    after(() => shop.manager.put(`${shop.path}/settings`, { rounding: { to: 'none', when: 'always' } }));
    afterEach(() => checkBooks(test, shop));
    const two = (fields: object) => sell({ items: [{ productId: tea.id, quantity: 2 }], ...fields }, tea);
    const totals = (body: { refunds: { total: string }[] }) => body.refunds.map(({ total }) => total);

    it('gives 25.00 back for 24.98 that a card paid, once and in full', async () => {
      const order = await two({ paymentMethod: 'card' });
      const { body } = await refund(order.id, { method: 'cash' });
      expect(body.refunds[0]).to.include({ total: '25.00', rounding: '0.02', method: 'cash' });
      expect([body.total, body.refunded]).to.deep.equal(['24.98', '25.00']);
      expect(codeOf((await refund(order.id, { method: 'cash' })).body)).to.equal('order_closed');
    });

    it('gives parts in coins that add up to what was paid', async () => {
      const order = await two({ paymentMethod: 'cash' });
      expect(order.total).to.equal('25.00');
      const lines = [{ lineId: order.items[0].id, quantity: '0.5' }];
      for (let part = 0; part < 4; part += 1) await refund(order.id, { lines });
      const { body } = await shop.cashier.get(`${orders}/${order.id}`);
      expect(totals(body)).to.deep.equal(['6.25', '6.25', '6.25', '6.25']);
      expect(body.refunded).to.equal('25.00');
    });

    it('whatever the order of methods', async () => {
      const split = {
        paymentMethod: undefined,
        payments: [
          { method: 'card', amount: '10.00' },
          { method: 'cash', amount: '15.00' },
        ],
      };
      for (const [methods, given] of [
        [
          ['cash', 'card'],
          ['12.50', '12.50'],
        ],
        [
          ['card', 'cash'],
          ['12.50', '12.50'],
        ],
        [
          ['cash', 'cash'],
          ['12.50', '12.50'],
        ],
      ] as const) {
        const order = await two(split);
        expect([order.total, order.rounding]).to.deep.equal(['25.00', '0.02']);
        const lines = [{ lineId: order.items[0].id, quantity: 1 }];
        for (const method of methods) await refund(order.id, { lines, method });
        expect(totals((await shop.cashier.get(`${orders}/${order.id}`)).body)).to.deep.equal(given);
      }
      const card = await two({ paymentMethod: 'card' });
      const lines = [{ lineId: card.items[0].id, quantity: 1 }];
      await refund(card.id, { lines, method: 'cash' });
      expect(totals((await refund(card.id, { method: 'card' })).body)).to.deep.equal(['12.50', '12.48']);
    });

    it('gives the coins of now for an order of a day on which nothing was rounded', async () => {
      await shop.manager.put(`${shop.path}/settings`, { rounding: { to: 'none' } });
      const order = await two({ paymentMethod: 'cash' });
      await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '0.05' } });
      expect(totals((await refund(order.id)).body)).to.deep.equal(['25.00']);
    });
  });

  it('says how, where the bill was paid in several ways', async () => {
    const cake = await givenProduct(shop, { price: 100 });
    const payments = [
      { method: 'upi', amount: 40 },
      { method: 'cash', amount: 60 },
    ];
    const order = await sell({ paymentMethod: undefined, payments }, cake);
    const asked = await refund(order.id);
    expect([asked.status, asked.body.errors[0].pointer]).to.deep.equal([422, '/method']);
    expect((await refund(order.id, { method: 'upi' })).body.refunds[0].method).to.equal('upi');
  });

  it('is not for orders that are open or voided, and pays nothing out of one that is not paid', async () => {
    const cake = await givenProduct(shop, { price: 100 });
    const open = await sell({ paymentMethod: undefined }, cake);
    expect(codeOf((await refund(open.id)).body)).to.equal('order_open');
    await shop.manager.delete(`${orders}/${open.id}`, { reason: 'x' });
    expect(codeOf((await refund(open.id)).body)).to.equal('order_closed');
    const book = await sell({ paymentMethod: undefined, payLater: true, customerName: 'Asha' }, cake);
    expect((await refund(book.id)).body.refunds[0]).to.include({ total: '100.00', paidOut: '0.00' });
  });

  it('is the only way back once something was refunded', async () => {
    const order = await sell({}, await givenProduct(shop));
    await refund(order.id);
    const voided = await shop.manager.delete(`${orders}/${order.id}`, { reason: 'x' });
    expect([voided.status, codeOf(voided.body)]).to.deep.equal([409, 'order_closed']);
  });

  it('refuses lines of other bills and lines that stand twice', async () => {
    const cake = await givenProduct(shop);
    const [order, other] = [await sell({}, cake), await sell({}, cake)];
    const foreign = await refund(order.id, { lines: [{ lineId: other.items[0].id, quantity: 1 }] });
    expect([foreign.status, foreign.body.errors[0].pointer]).to.deep.equal([422, '/lines/0/lineId']);
    const line = { lineId: order.items[0].id, quantity: '0.5' };
    const twice = await refund(order.id, { lines: [line, line] });
    expect([twice.status, twice.body.errors[0].pointer]).to.deep.equal([422, '/lines/1/lineId']);
  });

  it('shows in the sales report as gross, refunds and net', async () => {
    const place = await givenShop(test, 'NETS');
    const cake = await givenProduct(place, { price: 50 });
    const { body: order } = await place.cashier.post(
      `${place.path}/orders`,
      saleOf(cake, { items: [{ productId: cake.id, quantity: 4 }] }),
    );
    const lines = [{ lineId: order.items[0].id, quantity: 1 }];
    await place.manager.post(`${place.path}/orders/${order.id}/refunds`, {
      id: randomUUID(),
      lines,
      reason: 'x',
    });
    const { body } = await place.manager.get(`${place.path}/reports/sales`);
    expect(body.totals).to.include({ gross: '200.00', refunds: '50.00', total: '150.00', itemsSold: 3 });
  });
});
