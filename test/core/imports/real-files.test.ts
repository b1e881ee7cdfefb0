import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type pg from 'pg';
import type { ImportSalesOptions } from '../../../src/core/imports/import-sales.ts';
import type { SalesShop } from '../../../src/core/imports/sales-file.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { contentOf, givenShop, importText, PIZZA_SALES, problemOf } from './support.ts';

let database: TestDatabase;
let client: pg.Client;

before(async () => {
  database = await testDatabase();
  client = await database.connect();
});
after(() => database.drop());

const query = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows;

/** One row, its values in a list. */
const one = async (sql: string, ...values: unknown[]) =>
  Object.values((await query(sql, ...values))[0] ?? {});

describe('a year of pizza sales', () => {
  let shop: SalesShop;
  before(async () => {
    shop = await givenShop(client);
    const result = await importText(client, shop, PIZZA_SALES);
    expect(result).to.include({ rows: 48_620, lines: 48_620, orders: 21_350, products: 32, variants: 91 });
    expect(result).to.include({ from: '2015-01-01', to: '2015-12-31', totalMinor: 81_786_005, badCount: 0 });
  });

  it('gives the figures that others have published', async () => {
    const orders = `FROM orders WHERE shop_id = $1`;
    const lines = `FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.shop_id = $1`;
    const local = `created_at AT TIME ZONE 'America/New_York'`;
    expect(
      await one(
        `SELECT sum(total), count(*), round(avg(total), 2), count(DISTINCT business_date) AS days ${orders}`,
        shop.id,
      ),
    ).to.deep.equal(['817860.05', '21350', '38.31', '358']);
    expect(
      await one(`SELECT sum(l.quantity) AS items, sum(l.total) AS total ${lines}`, shop.id),
    ).to.deep.equal(['49574.000', '817860.05']);
    expect(
      await query(`SELECT l.category, sum(l.total) AS total ${lines} GROUP BY 1 ORDER BY 2 DESC`, shop.id),
    ).to.deep.equal([
      { category: 'Classic', total: '220053.10' },
      { category: 'Supreme', total: '208197.00' },
      { category: 'Chicken', total: '195919.50' },
      { category: 'Veggie', total: '193690.45' },
    ]);
    expect(
      await one(
        `SELECT l.name, sum(l.total) ${lines} GROUP BY l.product_id, 1 ORDER BY 2 DESC LIMIT 1`,
        shop.id,
      ),
    ).to.deep.equal(['The Thai Chicken Pizza', '43434.25']);
    expect(
      await one(`SELECT count(*) ${orders} AND extract(isodow FROM business_date) = 5`, shop.id),
    ).to.deep.equal(['3538']);
    expect(
      await one(`SELECT sum(l.quantity) ${lines} AND extract(hour FROM ${local}) = 12`, shop.id),
    ).to.deep.equal(['6776.000']);
    expect(
      await one(
        `SELECT sum(total) ${orders} AND business_date BETWEEN '2015-07-01' AND '2015-07-31'`,
        shop.id,
      ),
    ).to.deep.equal(['72557.90']);
  });

  it('holds what it must: items are lines are totals are payments, and numbers have no gap', async () => {
    const unequal = `SELECT count(*)::integer FROM orders o
      WHERE o.shop_id = $1 AND (
        o.total <> (SELECT sum((item->>'total')::numeric) FROM jsonb_array_elements(o.items) item)
        OR o.total <> (SELECT sum(total) FROM order_lines WHERE order_id = o.id)
        OR o.total <> (SELECT sum(amount - change) FROM payments WHERE order_id = o.id)
        OR (SELECT jsonb_agg(item->>'id' ORDER BY n) FROM jsonb_array_elements(o.items) WITH ORDINALITY AS i (item, n))
          <> (SELECT jsonb_agg(id ORDER BY line_no) FROM order_lines WHERE order_id = o.id))`;
    expect(await one(unequal, shop.id)).to.deep.equal([0]);
    const numbers = `SELECT count(*)::integer FROM (
        SELECT order_number, row_number() OVER (ORDER BY created_at, order_number) AS place
        FROM orders WHERE shop_id = $1
      ) placed WHERE order_number <> $2 || '/2015/' || lpad(place::text, 6, '0')`;
    expect(await one(numbers, shop.id, shop.code)).to.deep.equal([0]);
    const strays = `SELECT count(*)::integer FROM order_lines l
      LEFT JOIN products p ON p.shop_id = l.shop_id AND p.id = l.product_id
      LEFT JOIN product_variants v ON v.shop_id = l.shop_id AND v.product_id = p.id AND v.id = l.variant_id
      WHERE l.shop_id = $1 AND (v.id IS NULL OR v.name <> l.variant_name OR p.name <> l.name)`;
    expect(await one(strays, shop.id)).to.deep.equal([0]);
    const dear = `SELECT count(*)::integer FROM products p WHERE shop_id = $1
      AND price <> (SELECT min(price) FROM product_variants WHERE product_id = p.id)`;
    expect(await one(dear, shop.id)).to.deep.equal([0]);
  });

  it('adds nothing when it is imported again', async () => {
    const before = await contentOf(client, shop);
    const again = await importText(client, shop, PIZZA_SALES);
    expect(again).to.include({ lines: 0, orders: 0, products: 0, variants: 0, existingOrders: 21_350 });
    expect(await contentOf(client, shop)).to.deep.equal(before);
  });
});

describe('files of other tills', () => {
  type Expected = { total: string; orders: string; lines: string; day: string };
  const files: [
    what: string,
    file: string | Buffer,
    options: Partial<ImportSalesOptions>,
    expected: Expected,
  ][] = [
    [
      'UCI Online Retail',
      [
        'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country',
        '536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom',
        '536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom',
        '536366,22633,HAND WARMER UNION JACK,6,12/1/2010 8:28,1.85,,United Kingdom',
      ].join('\r\n'),
      { dateFormat: 'M/d/yyyy H:mm' },
      { total: '46.74', orders: '2', lines: '3', day: '2010-12-01' },
    ],
    [
      'a French bakery',
      ',date,time,ticket_number,article,Quantity,unit_price\n0,2021-01-02,08:38,150040.0,BAGUETTE,1.0,"0,90 €"\n1,2021-01-02,08:38,150040.0,PAIN AU CHOCOLAT,3.0,"1,20 €"\n',
      { columns: { quantity: 'Quantity' }, decimal: ',' as const },
      { total: '4.50', orders: '1', lines: '2', day: '2021-01-02' },
    ],
    [
      'Indian fast food',
      [
        'order_id,date,item_name,item_type,item_price,quantity,transaction_amount,transaction_type,received_by,time_of_sale',
        '1,07-03-2022,Aalopuri,Fastfood,20,13,260,,Mr.,Night',
        '2,8/23/2022,Vadapav,Fastfood,20,15,300,Cash,Mr.,Afternoon',
      ].join('\n'),
      {},
      { total: '560.00', orders: '2', lines: '2', day: '2022-07-03' },
    ],
    [
      'Square',
      'Date,Time,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Transaction ID\n2022-05-01,08:15:00,Coffee,Latte,2,Large,L1,$9.00,abc\n2022-05-01,08:15:00,Coffee,Mocha,1,,,"$1,004.50",abc\n',
      {},
      { total: '1013.50', orders: '1', lines: '2', day: '2022-05-01' },
    ],
    [
      'semicolons, windows-1252 and gzip',
      gzipSync(
        Buffer.from(
          'Datum;Beleg;Artikel;Menge;Einzelpreis\r\n13.05.2022 08:15;1;K\xe4se;0,250;12,40 \x80\r\n',
          'latin1',
        ),
      ),
      { decimal: ',' as const, columns: { order: 'Beleg' } },
      { total: '3.10', orders: '1', lines: '1', day: '2022-05-13' },
    ],
    [
      'tabs and a byte order mark',
      '\ufeffdate\ttime\torder_id\titem\tqty\tprice\n2022-05-01\t9:05 PM\t1\tTea, green\t1\t2.50\n',
      {},
      { total: '2.50', orders: '1', lines: '1', day: '2022-05-01' },
    ],
  ];
  for (const [what, file, options, expected] of files) {
    it(`reads ${what}`, async () => {
      const shop = await givenShop(client, { timezone: 'Asia/Kolkata' });
      await importText(client, shop, file, options);
      const [figures] = await query(
        `SELECT sum(total) AS total, count(*) AS orders, min(business_date)::text AS day,
           (SELECT count(*) FROM order_lines WHERE shop_id = $1) AS lines
         FROM orders WHERE shop_id = $1`,
        shop.id,
      );
      expect(figures).to.deep.equal(expected);
    });
  }

  it('asks how dates are to be read when the file does not tell', async () => {
    const shop = await givenShop(client);
    const file = 'date,product,quantity,price\n12/1/2010 8:26,Tea,1,1\n';
    const problem = await problemOf(importText(client, shop, file));
    expect(problem.detail).to.match(/may be 2010-01-12 \(day first\) or 2010-12-01 \(month first\)/);
    expect(problem.errors?.[0]?.pointer).to.equal('/dateFormat');
  });
});
