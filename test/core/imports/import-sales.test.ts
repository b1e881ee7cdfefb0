import { expect } from 'chai';
import type pg from 'pg';
import { Order } from '../../../src/contract/orders.ts';
import { insertProducts } from '../../../src/core/imports/sql/products.ts';
import { formatCreditNoteNumber, formatOrderNumber } from '../../../src/core/shops/business-day.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { CLI, givenShop, importText, NOW } from './support.ts';

let database: TestDatabase;
let client: pg.Client;

before(async () => {
  database = await testDatabase();
  client = await database.connect();
});
after(() => database.drop());

const HEADER = 'bill,date,time,sku,name,size,category,qty,price,payment,customer';
const fileOf = (...rows: string[]) => [HEADER, ...rows].join('\n');
const query = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows;

describe('importing sales', () => {
  it('writes an order as the contract has it, with lines, payment, products and one event', async () => {
    const shop = await givenShop(client);
    const result = await importText(
      client,
      shop,
      fileOf(
        '7,2015-06-01,12:30:10,tea_s,Tea,S,Drinks,2,1.50,Visa,Asha',
        '7,2015-06-01,12:30:00,,Cake "à la",,,0.250,9.99,Visa,Asha',
      ),
    );
    expect(result).to.include({ rows: 2, lines: 2, orders: 1, refunds: 0, products: 2, variants: 1 });
    expect(result).to.include({ from: '2015-06-01', to: '2015-06-01', totalMinor: 550, badCount: 0 });

    const [order] = await query('SELECT * FROM orders WHERE shop_id = $1', shop.id);
    expect(order).to.deep.include({
      order_number: formatOrderNumber(shop.code, '2015', 1),
      subtotal: '5.50',
      tax: '0.00',
      discount: '0.00',
      total: '5.50',
      payment_method: 'card',
      payment_status: 'completed',
      customer_name: 'Asha',
      order_type: 'dine_in',
      status: 'completed',
      token_number: null,
      source: 'import',
      tax_mode: 'inclusive',
      created_at: new Date('2015-06-01T16:30:00Z'),
      updated_at: NOW,
    });
    expect(Order.shape.items.parse(order.items)).to.deep.equal(order.items);
    const [tea, cake] = order.items;
    const products = await query('SELECT * FROM products WHERE shop_id = $1 ORDER BY name', shop.id);
    const [variant] = await query('SELECT * FROM product_variants WHERE shop_id = $1', shop.id);
    expect(products.map(({ name, price, sku, category }) => ({ name, price, sku, category }))).to.deep.equal([
      { name: 'Cake "à la"', price: '9.99', sku: null, category: null },
      { name: 'Tea', price: '1.50', sku: null, category: 'Drinks' },
    ]);
    expect(variant).to.include({ name: 'S', price: '1.50', sku: 'tea_s', product_id: products[1].id });
    expect(tea).to.deep.equal({
      id: tea.id,
      productId: products[1].id,
      variantId: variant.id,
      name: 'Tea',
      variantName: 'S',
      category: 'Drinks',
      sku: 'tea_s',
      hsn: null,
      quantity: 2,
      soldBy: 'piece',
      unit: 'pc',
      unitPrice: '1.50',
      listPrice: null,
      modifiers: [],
      note: '',
      subtotal: '3.00',
      discount: '0.00',
      serviceCharge: '0.00',
      discountGiven: null,
      taxClass: null,
      taxPercent: '0',
      tax: '0.00',
      total: '3.00',
    });
    expect(products.map(({ sold_by, unit }) => [sold_by, unit])).to.deep.equal([
      ['weight', 'kg'],
      ['piece', 'pc'],
    ]);
    expect(cake).to.include({
      name: 'Cake "à la"',
      variantId: null,
      sku: null,
      quantity: 0.25,
      soldBy: 'weight',
      unit: 'kg',
      total: '2.50',
    });

    const lines = await query('SELECT * FROM order_lines WHERE shop_id = $1 ORDER BY line_no', shop.id);
    expect(
      lines.map(({ id, line_no, name, quantity, total }) => [id, line_no, name, quantity, total]),
    ).to.deep.equal([
      [tea.id, 1, 'Tea', '2.000', '3.00'],
      [cake.id, 2, 'Cake "à la"', '0.250', '2.50'],
    ]);
    const payments = await query('SELECT * FROM payments WHERE shop_id = $1', shop.id);
    expect(payments).to.have.length(1);
    expect(payments[0]).to.deep.include({
      order_id: order.id,
      method: 'card',
      amount: '5.50',
      tendered: '5.50',
      change: '0.00',
      at: order.created_at,
    });
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;
    for (const { id } of [order, ...lines, ...payments]) expect(id).to.match(uuid);

    expect(
      await query('SELECT seq, type, at, actor, data FROM events WHERE shop_id = $1', shop.id),
    ).to.deep.equal([
      {
        seq: '1',
        type: 'data_imported',
        at: NOW,
        actor: CLI,
        data: { kind: 'sales', orders: 1, lines: 2, products: 2 },
      },
    ]);
    expect(await query('SELECT seq, series FROM shop_heads WHERE shop_id = $1', shop.id)).to.deep.equal([
      { seq: '1', series: { 2015: 1 } },
    ]);
  });

  it('has what it finds sold by weight once a fraction of it was sold, and says so, tried or done', async () => {
    const shop = await givenShop(client);
    await importText(
      client,
      shop,
      fileOf('1,2015-06-01,12:00,,Rice,,,2,80,,', '1,2015-06-01,12:00,,Soap,,,1,30,,'),
    );
    const later = fileOf('2,2015-06-02,12:00,,Rice,,,0.5,80,,', '2,2015-06-02,12:00,,Soap,,,1,30,,');
    const soldAs = () =>
      query('SELECT name, sold_by, unit, version FROM products WHERE shop_id = $1 ORDER BY name', shop.id);
    const before = [
      { name: 'Rice', sold_by: 'piece', unit: 'pc', version: 1 },
      { name: 'Soap', sold_by: 'piece', unit: 'pc', version: 1 },
    ];
    const tried = await importText(client, shop, later, { dryRun: true });
    expect([tried.soldByWeight, await soldAs()]).to.deep.equal([['Rice'], before]);
    expect((await importText(client, shop, later)).soldByWeight).to.deep.equal(['Rice']);
    const rice = { name: 'Rice', sold_by: 'weight', unit: 'kg', version: 2 };
    expect(await soldAs()).to.deep.equal([rice, before[1]]);
    expect((await importText(client, shop, later)).soldByWeight).to.deep.equal([]);
    expect(await soldAs()).to.deep.equal([rice, before[1]]);
  });

  it('sells by weight what is being sold meanwhile, and sales go on meanwhile', async () => {
    const shop = await givenShop(client);
    await importText(client, shop, fileOf('1,2015-06-01,12:30,,Rice,,,1,1.50,Cash,'));
    const [rice] = await query('SELECT id FROM products WHERE shop_id = $1', shop.id);
    const weigh = (by: pg.Client) =>
      insertProducts(by, shop.id, { products: [], variants: [], weighed: [rice] }, NOW);
    // A sale's line refers to its product, and so locks its key.
    const sell = (by: pg.Client) =>
      by.query(
        `INSERT INTO order_lines
         SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'line_no', 2))).*
         FROM order_lines l WHERE shop_id = $1`,
        [shop.id],
      );
    const beside = await database.connect();
    for (const [first, second] of [
      [sell, weigh],
      [weigh, sell],
    ] as const) {
      await client.query('BEGIN');
      await first(client);
      await beside.query("BEGIN; SET LOCAL lock_timeout = '2s'");
      await second(beside);
      await beside.query('ROLLBACK');
      await client.query('ROLLBACK');
    }
  });

  it('numbers bills in time order, by fiscal year, after those that there are', async () => {
    const shop = await givenShop(client, { fiscalYearStart: '04-01' });
    await client.query('UPDATE shop_heads SET seq = 4, series = $2 WHERE shop_id = $1', [
      shop.id,
      { 1415: 41, 2627: 9 },
    ]);
    await importText(
      client,
      shop,
      fileOf(
        'c,2015-04-01,00:00,,Tea,,,1,1,,',
        'b,2015-03-31,12:00,,Tea,,,1,1,,',
        'a,2015-03-31,11:00,,Tea,,,1,1,,',
        'a,2015-03-31,13:00,,Tea,,,1,1,,',
        'd,2026-06-14,13:00,,Tea,,,1,1,,',
        'r,2026-06-14,14:00,,Tea,,,-1,1,,',
      ),
      { allowReturns: true },
    );
    const orders = await query(
      'SELECT order_number FROM orders WHERE shop_id = $1 ORDER BY created_at',
      shop.id,
    );
    expect(orders.map(({ order_number }) => order_number)).to.deep.equal([
      formatOrderNumber(shop.code, '1415', 42),
      formatOrderNumber(shop.code, '1415', 43),
      formatOrderNumber(shop.code, '1516', 1),
      // The year that tills count up now, numbered under the lock.
      formatOrderNumber(shop.code, '2627', 10),
    ]);
    const [refund] = await query(
      `SELECT r.credit_note_number, r.paid_out, m.method, m.amount FROM refunds r
       JOIN refund_payments m ON m.shop_id = r.shop_id AND m.refund_id = r.id WHERE r.shop_id = $1`,
      shop.id,
    );
    expect(refund).to.deep.equal({
      credit_note_number: formatCreditNoteNumber(shop.code, '2627', 1),
      paid_out: '1.00',
      method: 'other',
      amount: '1.00',
    });
    expect((await query('SELECT seq, series FROM shop_heads WHERE shop_id = $1', shop.id))[0]).to.deep.equal({
      seq: '5',
      series: { 1415: 43, 1516: 1, 2627: 10, C2627: 1 },
    });
  });

  it('puts rows with the same order and business date together, wherever they stand', async () => {
    const shop = await givenShop(client, { dayStart: '04:00' });
    const rows = ['1,2015-06-01,23:50', '2,2015-06-01,12:00', '1,2015-06-02,00:10', '1,2015-06-02,04:00'];
    const result = await importText(client, shop, fileOf(...rows.map((row) => `${row},,Tea,,,1,1,,`)));
    expect(result).to.include({ orders: 3, lines: 4, from: '2015-06-01', to: '2015-06-02' });
    const bills = await query(
      `SELECT business_date::text, created_at, jsonb_array_length(items) AS lines
       FROM orders WHERE shop_id = $1 ORDER BY created_at`,
      shop.id,
    );
    expect(bills).to.deep.equal([
      { business_date: '2015-06-01', created_at: new Date('2015-06-01T16:00:00Z'), lines: 1 },
      { business_date: '2015-06-01', created_at: new Date('2015-06-02T03:50:00Z'), lines: 2 },
      { business_date: '2015-06-02', created_at: new Date('2015-06-02T08:00:00Z'), lines: 1 },
    ]);
  });

  it('finds the instant of a wall time around changes of the clock', async () => {
    const shop = await givenShop(client);
    const times = ['03-08,01:59', '03-08,03:00', '11-01,00:59', '11-01,02:00'];
    await importText(client, shop, fileOf(...times.map((time, i) => `${i},2015-${time},,Tea,,,1,1,,`)));
    const orders = await query(
      'SELECT created_at FROM orders WHERE shop_id = $1 ORDER BY created_at',
      shop.id,
    );
    expect(orders.map(({ created_at }) => created_at.toISOString())).to.deep.equal([
      '2015-03-08T06:59:00.000Z',
      '2015-03-08T07:00:00.000Z',
      '2015-11-01T04:59:00.000Z',
      '2015-11-01T07:00:00.000Z',
    ]);
  });

  it('lets a sale without a time stand on the date that it names', async () => {
    const shop = await givenShop(client, { dayStart: '04:00' });
    await importText(client, shop, 'date,product,quantity,price\n2015-06-01,Tea,1,1\n');
    const [order] = await query(
      'SELECT business_date::text, created_at FROM orders WHERE shop_id = $1',
      shop.id,
    );
    expect(order).to.deep.equal({
      business_date: '2015-06-01',
      created_at: new Date('2015-06-01T08:00:00Z'),
    });
  });
});
