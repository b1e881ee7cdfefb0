import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Answer } from '../support/client.ts';
import { givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { flagOf, offlineSaleOf, orderOf, replay } from '../support/offline-parts.ts';

const NOW = new Date('2026-05-10T03:30:00Z');
const EARLIER = '2026-05-10T02:10:00Z';

describe('a shop that sells in yen', () => {
  let test: TestApp;
  let shop: TestShop;
  let tea: { id: string };
  let orders: string;

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'YEN', { currency: 'JPY', timezone: 'Asia/Tokyo' });
    orders = `${shop.path}/orders`;
    const food = { code: 'food', name: 'Food', rates: [{ from: '2019-10-01', percent: '8' }] };
    const settings = await shop.owner.put(`${shop.path}/settings`, {
      tax: { mode: 'inclusive', classes: [food], defaultClass: 'food' },
      discountLimits: { cashier: '100' },
    });
    expect(settings.status, settings.text).to.equal(200);
    tea = await givenProduct(shop, { name: 'Tea', price: '498.00', soldBy: 'weight' });
  });
  after(() => test.close());

  const faultsOf = ({ status, body }: Answer) => [
    status,
    ...(body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer),
  ];
  const verified = async () =>
    (await verifyShop({ app: test.app, em: test.app.orm.em.fork() }, shop.id)) as {
      isSound: boolean;
      checks: { name: string; severity: string; faults: { subject: string; detail: string }[] }[];
    };
  /** Everything in an answer that is an amount, or a sum of amounts. */
  const amountsOf = (value: unknown): string[] =>
    JSON.stringify(value)
      .match(/"-?\d+\.\d\d"/g)
      ?.map((text) => JSON.parse(text)) ?? [];
  const expectWhole = (value: unknown) =>
    expect(amountsOf(value).filter((amount) => !amount.endsWith('.00'))).to.deep.equal([]);

  it('takes no amount with a fraction, wherever it stands', async () => {
    const half = '1.50';
    const sale = (fields: object) =>
      shop.manager.post(orders, saleOf(tea, { items: [{ productId: tea.id, quantity: 1, ...fields }] }));
    const product = {
      name: 'X',
      price: half,
      variants: [{ name: 'S', price: half }],
      modifierGroups: [{ name: 'Top', modifiers: [{ name: 'Nuts', price: half }] }],
    };
    const made = await shop.manager.post(`${shop.path}/products`, product);
    expect(faultsOf(made)).to.deep.equal([
      422,
      '/price',
      '/variants/0/price',
      '/modifierGroups/0/modifiers/0/price',
    ]);
    expect(made.body.detail).to.equal(
      'The price is 1.50, but JPY has no decimals; send a whole amount such as 2 (and 2 more).',
    );
    const changed = await shop.manager.put(`${shop.path}/products/${tea.id}`, { price: half });
    expect(faultsOf(changed)).to.deep.equal([422, '/price']);
    const item = { name: 'Leaves', unit: 'kg', cost: half };
    expect(faultsOf(await shop.manager.post(`${shop.path}/inventory`, item))).to.deep.equal([422, '/cost']);
    const paid = (payment: object) =>
      shop.cashier.post(
        orders,
        saleOf(tea, { paymentMethod: undefined, payments: [{ method: 'cash', ...payment }] }),
      );
    expect(faultsOf(await paid({ amount: '498.50' }))).to.deep.equal([422, '/payments/0/amount']);
    expect(faultsOf(await paid({ amount: 498, tendered: '500.50', tip: '0.50' }))).to.deep.equal([
      422,
      '/payments/0/tendered',
      '/payments/0/tip',
    ]);
    expect(faultsOf(await sale({ unitPrice: half }))).to.include('/items/0/unitPrice');
    const flat = { type: 'flat', value: half };
    expect(faultsOf(await shop.cashier.post(orders, saleOf(tea, { discount: flat })))).to.deep.equal([
      422,
      '/discount/value',
    ]);
    const shift = { id: randomUUID(), openingFloat: '1000.50' };
    expect(faultsOf(await shop.cashier.post(`${shop.path}/shifts`, shift))).to.deep.equal([
      422,
      '/openingFloat',
    ]);
    expect(
      (await shop.cashier.post(`${shop.path}/shifts`, { ...shift, openingFloat: 1000 })).status,
    ).to.equal(201);
    const moved = { id: randomUUID(), type: 'in', amount: half, reason: 'coins' };
    expect(
      faultsOf(await shop.cashier.post(`${shop.path}/shifts/${shift.id}/cash-movements`, moved)),
    ).to.deep.equal([422, '/amount']);
    const count = { denominations: [{ value: '0.50', count: 1 }] };
    expect(faultsOf(await shop.cashier.post(`${shop.path}/shifts/${shift.id}/close`, count))).to.deep.equal([
      422,
      '/denominations/0/value',
    ]);
    const rounding = await shop.owner.put(`${shop.path}/settings`, { rounding: { to: '0.50' } });
    expect(faultsOf(rounding)).to.deep.equal([422, '/rounding/to']);
    expect((await shop.owner.put(`${shop.path}/settings`, { rounding: { to: '1.00' } })).status).to.equal(
      200,
    );
    await shop.owner.put(`${shop.path}/settings`, { rounding: { to: 'none' } });
  });

  it('reckons in whole amounts: tax, discounts, charges, refunds, voids, costs and reports', async () => {
    await shop.owner.put(`${shop.path}/settings`, { serviceCharge: { percent: '10' } });
    const leaves = await givenItem(shop, { name: 'Leaves', unit: 'kg', quantity: '9.5', cost: '333' });
    const recipe = [{ inventoryItemId: leaves.id, quantity: '0.333' }];
    const sencha = await givenProduct(shop, { name: 'Sencha', price: '105', recipe, soldBy: 'weight' });
    const items = [
      { id: randomUUID(), productId: sencha.id, quantity: '1.25' },
      { id: randomUUID(), productId: tea.id, quantity: '0.333' },
    ];
    const discount = { type: 'percentage', value: '15' };
    const placed = await shop.cashier.post(orders, saleOf(tea, { items, discount }));
    expect(placed.status, placed.text).to.equal(201);
    // 131 + 166 = 297, 15% of it 45; 252, 10% of it 25; 277.
    expect(placed.body).to.include({
      subtotal: '297.00',
      discount: '45.00',
      serviceCharge: '25.00',
      total: '277.00',
    });
    expectWhole(placed.body);
    const refund = {
      id: randomUUID(),
      reason: 'cold',
      restock: true,
      lines: [{ lineId: items[0]?.id, quantity: '0.5' }],
    };
    const back = await shop.manager.post(`${orders}/${placed.body.id}/refunds`, refund);
    expect(back.status, back.text).to.equal(201);
    expectWhole(back.body);
    const parked = (
      await shop.cashier.post(
        orders,
        saleOf(tea, {
          items: items.map((line) => ({ ...line, id: randomUUID() })),
          paymentMethod: undefined,
        }),
      )
    ).body;
    const taken = { voidItems: [{ id: parked.items[0].id, quantity: '0.5', reason: 'spilt' }] };
    const edited = await shop.cashier.put(`${orders}/${parked.id}`, taken);
    expect(edited.status, edited.text).to.equal(200);
    expectWhole(edited.body);
    await shop.cashier.post(orders, saleOf(tea));
    const db = await test.database.connect();
    const kept = await db.query(
      `SELECT cost::text AS amount FROM order_lines WHERE shop_id = $1 AND cost IS NOT NULL
       UNION ALL SELECT cost::text FROM refund_lines WHERE shop_id = $1 AND cost IS NOT NULL
       UNION ALL SELECT amount::text FROM voids WHERE shop_id = $1`,
      [shop.id],
    );
    expect(kept.rows).to.have.lengthOf.at.least(4);
    expectWhole(kept.rows);
    for (const report of [
      'sales',
      'sales?groupBy=product',
      'margins',
      'inventory',
      'tax',
      'payments',
      'staff',
    ]) {
      const { status, body } = await shop.manager.get(`${shop.path}/reports/${report}`);
      expect(status, report).to.equal(200);
      expect(amountsOf(body).length, report).to.be.above(0);
      expectWhole(body);
    }
    await shop.owner.put(`${shop.path}/settings`, { serviceCharge: { percent: '0' } });
    expect(await verified()).to.include({ isSound: true });
  });

  it('takes what a till sold offline with fractions, rounded half up', async () => {
    const items = [{ id: randomUUID(), productId: tea.id, quantity: 1, listPrice: '498.50' }];
    const sale = offlineSaleOf(tea, EARLIER, { items, expectedTotal: '498.50' });
    const order = orderOf((await replay(shop.cashier, shop, [sale]))[0]);
    expect(order.total).to.equal('499.00');
    expectWhole(order);
    expect(flagOf(order).code).to.equal('price_changed');
    const [again] = await replay(shop.cashier, shop, [sale]);
    expect(again?.result).to.equal('same');
  });

  it('keeps what was stored before, sells it at what can be paid, and verify warns', async () => {
    const old = await givenProduct(shop, { name: 'Old', price: '100' });
    const parked = (await shop.cashier.post(orders, saleOf(tea, { paymentMethod: undefined }))).body;
    const db = await test.database.connect();
    const warned = async () => {
      const { isSound, checks } = await verified();
      const { severity, faults } = checks.find(({ name }) => name === 'whole-amounts') ?? {};
      return { isSound, severity, faults };
    };
    const faultOf = (subject: string, amount: string) => ({
      subject,
      detail: `${amount} is no amount of JPY, which has no decimals. It was stored before that was checked.`,
    });
    await db.query('UPDATE products SET price = 100.50 WHERE id = $1', [old.id]);
    expect(await warned()).to.deep.equal({
      isSound: true,
      severity: 'warning',
      faults: [faultOf('Old', '100.50')],
    });
    // As the version before priced it.
    const item = `'{"unitPrice": "498.50", "subtotal": "498.50", "total": "498.50"}'`;
    await db.query(
      `UPDATE orders SET subtotal = 498.50, total = 498.50,
         items = jsonb_build_array(items->0 || ${item}) WHERE id = $1`,
      [parked.id],
    );
    const ofLine = 'UPDATE order_lines SET subtotal = 498.50, total = 498.50, unit_price = 498.50';
    await db.query(`${ofLine} WHERE order_id = $1`, [parked.id]);
    expect((await warned()).faults).to.deep.equal([
      faultOf('Old', '100.50'),
      faultOf(parked.orderNumber, '498.50'),
    ]);
    expect((await shop.cashier.get(`${shop.path}/products/${old.id}`)).body.price).to.equal('100.50');
    const sold = await shop.cashier.post(orders, saleOf(old));
    expect([sold.status, sold.body.total]).to.deep.equal([201, '101.00']);
    expectWhole(sold.body);
    // What is owed to the fraction can be paid to the fraction.
    const payments = [{ method: 'card', amount: '498.50' }];
    const settled = await shop.cashier.put(`${orders}/${parked.id}`, { payments });
    expect([settled.status, settled.body.paymentStatus], settled.text).to.deep.equal([200, 'completed']);
    const refund = { id: randomUUID(), reason: 'cold' };
    const back = await shop.manager.post(`${orders}/${parked.id}/refunds`, refund);
    expect([back.status, back.body.refunded]).to.deep.equal([201, '498.50']);
    // One that is edited is priced by the rules of now.
    const other = (await shop.cashier.post(orders, saleOf(tea, { paymentMethod: undefined }))).body;
    await db.query(
      "UPDATE orders SET items = jsonb_set(items, '{0,unitPrice}', '\"498.50\"') WHERE id = $1",
      [other.id],
    );
    const edited = await shop.cashier.put(`${orders}/${other.id}`, {
      items: [{ productId: tea.id, quantity: 1 }],
    });
    expect([edited.status, edited.body.total], edited.text).to.deep.equal([200, '997.00']);
    expectWhole(edited.body);
  });
});
