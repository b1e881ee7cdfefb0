import { expect } from 'chai';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { contentOf, givenShop, importText, problemOf } from './support.ts';

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

describe('importing sales into a shop that has some', () => {
  it('takes each row for a sale of its own where there is no order', async () => {
    const shop = await givenShop(client);
    const row = '2015-06-01 10:00,Tea,1,1\n';
    const first = await importText(
      client,
      shop,
      `date,product,quantity,price\n${row}${row}2015-06-01 11:00,Tea,1,1\n`,
    );
    expect(first).to.include({ orders: 3, existingOrders: 0 });
    const more = await importText(client, shop, `date,product,quantity,price\n${row}${row}${row}`);
    expect(more).to.include({ orders: 1, existingOrders: 2 });
    const categorised = importText(
      client,
      shop,
      'date,product,category,quantity,price\n2015-06-01 11:00,Tea,Hot,1,1\n',
    );
    expect((await problemOf(categorised)).detail).to.equal(
      'Line 2: order without a number of 2015-06-01 was imported before with other lines. Nothing was imported.',
    );
  });

  it('keeps the prices of products that the shop has, and finds them by sku and name', async () => {
    const shop = await givenShop(client);
    const product = `INSERT INTO products (shop_id, name, price, sku) VALUES ($1, $2, $3, $4) RETURNING id`;
    const [tea] = await query(product, shop.id, 'Tea', '9.00', null);
    const [cake] = await query(product, shop.id, 'Kuchen', '8.00', 'cake');
    const file =
      'date,sku,product,quantity,price\n2015-06-01,,Tea,1,1\n2015-06-01,cake,Cake,1,2\n2015-06-01,pie,Pie,1,3\n';
    expect(await importText(client, shop, file)).to.include({ products: 1 });
    const lines = await query(
      `SELECT l.name, l.product_id, p.price FROM order_lines l JOIN products p ON p.id = l.product_id
       WHERE l.shop_id = $1 ORDER BY l.name`,
      shop.id,
    );
    expect(lines.slice(0, 1)).to.deep.equal([{ name: 'Cake', product_id: cake.id, price: '8.00' }]);
    expect(lines[2]).to.deep.equal({ name: 'Tea', product_id: tea.id, price: '9.00' });
    expect(lines[1]).to.include({ name: 'Pie', price: '3.00' });
  });

  it('gives a new product the newest of its prices', async () => {
    const shop = await givenShop(client);
    const prices = ['2015-06-03,Tea,1,3', '2015-06-09,Tea,1,5', '2015-06-01,Tea,1,1', '2015-06-10,Tea,1,0'];
    await importText(client, shop, `date,product,quantity,price\n${prices.join('\n')}\n`);
    expect(await query('SELECT price FROM products WHERE shop_id = $1', shop.id)).to.deep.equal([
      { price: '5.00' },
    ]);
  });

  it('says of a bill that was paid in two ways neither', async () => {
    const shop = await givenShop(client);
    await importText(
      client,
      shop,
      fileOf('1,2015-06-01,10:00,,Tea,,,1,1,Cash,', '1,2015-06-01,10:00,,Tea,,,1,1,Visa,'),
    );
    const [order] = await query('SELECT payment_method FROM orders WHERE shop_id = $1', shop.id);
    expect(order.payment_method).to.equal('other');
  });

  it('writes nothing when it is only tried, and tells what it would do', async () => {
    const shop = await givenShop(client);
    const before = await contentOf(client, shop);
    const file = fileOf('1,2015-06-01,10:00,,Tea,S,,2,1.50,,');
    const tried = await importText(client, shop, file, { dryRun: true });
    expect(tried).to.include({ orders: 1, lines: 1, products: 1, variants: 1, totalMinor: 300 });
    expect(await contentOf(client, shop)).to.deep.equal(before);
    expect(await importText(client, shop, file)).to.include({ orders: 1, existingOrders: 0 });
  });

  it('hears how far it is', async () => {
    const shop = await givenShop(client);
    const heard: { bytes: number; rows: number }[] = [];
    const file = fileOf('1,2015-06-01,10:00,,Tea,S,,2,1.50,,');
    await importText(client, shop, file, { onProgress: (progress) => heard.push(progress) });
    expect(heard.at(-1)).to.deep.equal({ bytes: file.length, rows: 1 });
  });

  it('imports two files of a shop at once, one after the other', async () => {
    const shop = await givenShop(client);
    const other = await database.connect();
    const file = fileOf('1,2026-06-01,10:00,,Tea,S,,2,1.50,,');
    const [first, second] = await Promise.all([
      importText(client, shop, file),
      importText(other, shop, file),
    ]);
    expect(first.orders + second.orders).to.equal(1);
    expect(first.existingOrders + second.existingOrders).to.equal(1);
  });

  it('writes the same as a role that may not skip the row checks', async () => {
    const role = 'import_plain';
    await client.query(`CREATE ROLE ${role}`);
    try {
      await client.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
      const plain = await database.connect();
      await plain.query(`SET ROLE ${role}`);
      const shop = await givenShop(client);
      const file = fileOf('1,2015-06-01,10:00,,Tea,S,,2,1.50,,', '1,2015-06-01,10:00,,Cake,,,1,2,,');
      expect(await importText(plain, shop, file)).to.include({ orders: 1, lines: 2, products: 2 });
      expect(await importText(client, shop, file)).to.include({ orders: 0, existingOrders: 1 });
    } finally {
      await client.query(`DROP OWNED BY ${role}`);
      await client.query(`DROP ROLE ${role}`);
    }
  });
});
