import { Readable } from 'node:stream';
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

const HEADER = 'bill,date,time,sku,name,size,category,qty,price';
const GOOD = '1,2015-06-01,10:00,,Tea,,,1,1.50';
const query = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows;

describe('bad rows of a sales file', () => {
  const rows: [row: string, reason: string][] = [
    ['2,2015-06-01,10:00,,Tea,,,,1', 'quantity is missing'],
    ['2,2015-06-01,10:00,,Tea,,,x,1', 'quantity "x" is no number'],
    ['2,2015-06-01,10:00,,Tea,,,0,1', 'quantity is 0'],
    ['2,2015-06-01,10:00,,Tea,,,-1,1', 'quantity -1 is negative (--allow-returns makes it a refund)'],
    ['2,2015-06-01,10:00,,Tea,,,1,', 'price is missing'],
    ['2,2015-06-01,10:00,,Tea,,,1,-1', 'price -1 is negative'],
    ['2,2015-06-01,10:00,,Tea,,,1,1.234', 'price "1.234" has more than two decimals'],
    ['2,2015-06-01,10:00,,Tea,,,100000000,1', 'price times quantity is beyond 99999999.99'],
    ['2,2015-06-01,10:00,,,,,1,1', 'no product'],
    [`2,2015-06-01,10:00,,${'x'.repeat(256)},,,1,1`, 'product is longer than 255 characters'],
    [`2,2015-06-01,10:00,${'x'.repeat(65)},Tea,,,1,1`, 'sku is longer than 64 characters'],
    [
      '2,2015-06-01,10:00,8.90123E+12,Tea,,,1,1',
      'sku "8.90123E+12" is a number as a spreadsheet shortens it, and not the code; format the column as text and give every digit',
    ],
    [`2,2015-06-01,10:00,,Tea,${'x'.repeat(101)},,1,1`, 'variant is longer than 100 characters'],
    [`2,2015-06-01,10:00,,Tea,,${'x'.repeat(101)},1,1`, 'category is longer than 100 characters'],
    ['2,2015-06-01,10:00,,T\0ea,,,1,1', 'product has a NUL character'],
    ['2\0,2015-06-01,10:00,,Tea,,,1,1', 'order has a NUL character'],
    [',2015-06-01,10:00,,Tea,,,1,1', 'order is missing'],
    ['2,,10:00,,Tea,,,1,1', 'date is missing'],
    ['2,2015-06-31,10:00,,Tea,,,1,1', 'date "2015-06-31" is no date'],
    ['2,2015-06-01,noon,,Tea,,,1,1', 'time "noon" is no time of day'],
    ['2,2015-06-01,10:00,,Tea,,,1', 'it has 8 columns, the header has 9'],
    ['2,2015-06-01,10:00,,Tea,,,1,1,1', 'it has 10 columns, the header has 9'],
    ['2,x,10:00,,,,,0,y', 'date "x" is no date; no product; quantity is 0; price "y" is no amount'],
  ];
  for (const [row, reason] of rows) {
    it(`names the line: ${reason}`, async () => {
      const shop = await givenShop(client);
      const before = await contentOf(client, shop);
      const file = [HEADER, GOOD, '', row, GOOD.replace('1,', '3,')].join('\r\n');
      const problem = await problemOf(importText(client, shop, file));
      expect(problem.code).to.equal('invalid_request');
      expect(problem.errors).to.deep.equal([{ pointer: '/line/4', detail: reason }]);
      expect(problem.detail).to.equal(`Line 4: ${reason}. Nothing was imported.`);
      expect(await contentOf(client, shop)).to.deep.equal(before);

      const skipped = await importText(client, shop, file, { skipBad: true });
      expect(skipped).to.deep.include({ rows: 3, orders: 2, badCount: 1, bad: [{ line: 4, reason }] });
    });
  }

  it('names the first hundred, and counts the rest', async () => {
    const shop = await givenShop(client);
    const bad = Array.from({ length: 1200 }, () => '2,2015-06-01,10:00,,Tea,,,0,1');
    const file = [HEADER, GOOD, ...bad].join('\n');
    const problem = await problemOf(importText(client, shop, file));
    expect(problem.errors).to.have.length(100);
    expect(problem.extra).to.deep.equal({ badCount: 1200 });
    expect(problem.detail).to.equal('Line 3: quantity is 0. And 1199 more bad rows. Nothing was imported.');
    const skipped = await importText(client, shop, file, { skipBad: true });
    expect(skipped.bad).to.have.length(1000);
    expect(skipped.badCount).to.equal(1200);
  });

  it('refuses an order that was imported before with other lines, and knows it in another sequence', async () => {
    const shop = await givenShop(client);
    const two = ['17,2015-01-01,10:00,,Tea,,,1,1', '17,2015-01-01,10:00,,Cake,,,1,2'];
    await importText(client, shop, [HEADER, ...two].join('\n'));
    const before = await contentOf(client, shop);
    expect(await importText(client, shop, [HEADER, two[1], two[0]].join('\n'))).to.include({
      orders: 0,
      existingOrders: 1,
    });
    const changes = [
      [two[0]],
      [...two, two[0]],
      [two[0], two[1]?.replace(/2$/, '3')],
      [two[0], `${two[1]}`.replace('10:00', '10:01')],
    ];
    for (const change of changes) {
      const file = [HEADER, GOOD, ...change].join('\n');
      const problem = await problemOf(importText(client, shop, file));
      expect(problem.errors).to.deep.equal([
        { pointer: '/line/3', detail: 'order 17 of 2015-01-01 was imported before with other lines' },
      ]);
    }
    expect(await contentOf(client, shop)).to.deep.equal(before);
    const skipped = await importText(client, shop, [HEADER, GOOD, two[0]].join('\n'), { skipBad: true });
    expect(skipped).to.include({ orders: 1, badCount: 1, products: 0 });
  });

  it('refuses a bill that is too large for the tables', async () => {
    for (const figures of ['1,60000000', '600000000,0']) {
      const shop = await givenShop(client);
      const row = `1,2015-06-01,10:00,,Gold,,,${figures}`;
      expect((await problemOf(importText(client, shop, [HEADER, row, row].join('\n')))).errors).to.deep.equal(
        [
          {
            pointer: '/line/2',
            detail: 'order 1 of 2015-06-01 comes to more than 99999999.99, or 999999999.999 items',
          },
        ],
      );
    }
  });

  it('refuses another currency, and columns that are not there', async () => {
    const shop = await givenShop(client);
    const file = [HEADER, GOOD].join('\n');
    expect((await problemOf(importText(client, shop, file, { currency: 'EUR' }))).detail).to.match(
      /in EUR.*in USD/,
    );
    expect(await importText(client, shop, file, { currency: 'usd', dryRun: true })).to.include({ orders: 1 });
    const columns = { price: 'cost' };
    expect((await problemOf(importText(client, shop, file, { columns }))).detail).to.match(
      /no column "cost"/,
    );
    expect((await problemOf(importText(client, shop, 'a,b\n1,2\n'))).detail).to.match(
      /No column was found for date/,
    );
  });

  it('makes refunds of what came back, where that is allowed', async () => {
    const shop = await givenShop(client);
    const file = [
      `${HEADER},payment`,
      '1,2015-06-01,10:00,,Tea,,,1,1.50,cash',
      '1,2015-06-01,10:01,,Cake,,,-2,2.25,cash',
      '1,2015-06-01,10:02,,Tea,,,-1,1.50,cash',
      '2,2015-06-02,10:00,,Tea,,,-1,1.50,',
    ].join('\n');
    const options = { allowReturns: true };
    const result = await importText(client, shop, file, options);
    expect(result).to.include({ orders: 1, refunds: 2, lines: 4, totalMinor: 150, refundedMinor: 750 });
    const refunds = await query(
      `SELECT id, order_id, business_date::text AS day, subtotal, tax, total, method, reason, source
       FROM refunds WHERE shop_id = $1 ORDER BY created_at`,
      shop.id,
    );
    const returned = { order_id: null, tax: '0.00', reason: 'Imported return', source: 'import' };
    expect(refunds.map(({ id: _, ...refund }) => refund)).to.deep.equal([
      { ...returned, day: '2015-06-01', subtotal: '6.00', total: '6.00', method: 'cash' },
      { ...returned, day: '2015-06-02', subtotal: '1.50', total: '1.50', method: 'other' },
    ]);
    const lines = await query(
      `SELECT order_line_no, line_no, name, quantity, unit_price, tax, total FROM refund_lines
       WHERE refund_id = $1 ORDER BY line_no`,
      refunds[0].id,
    );
    expect(lines).to.deep.equal([
      {
        order_line_no: null,
        line_no: 1,
        name: 'Cake',
        quantity: '2.000',
        unit_price: '2.25',
        tax: '0.00',
        total: '4.50',
      },
      {
        order_line_no: null,
        line_no: 2,
        name: 'Tea',
        quantity: '1.000',
        unit_price: '1.50',
        tax: '0.00',
        total: '1.50',
      },
    ]);
    const before = await contentOf(client, shop);
    const again = await importText(client, shop, file, options);
    expect(again).to.include({ orders: 0, refunds: 0, existingOrders: 1, existingRefunds: 2 });
    expect(await contentOf(client, shop)).to.deep.equal(before);
  });

  it('gives the connection back in order after a refusal', async () => {
    const shop = await givenShop(client);
    await problemOf(importText(client, shop, [HEADER, GOOD, GOOD.replace(',1,', ',0,')].join('\n')));
    expect(await importText(client, shop, [HEADER, GOOD].join('\n'))).to.include({ orders: 1 });
  });

  it('writes nothing of a file that breaks off in the middle', async () => {
    const shop = await givenShop(client);
    const before = await contentOf(client, shop);
    const rows = Array.from({ length: 5000 }, (_, i) => GOOD.replace('1', String(i)));
    const unclosed = [HEADER, ...rows, '1,2015-06-01,10:00,,"Tea,,,1,1', ...rows].join('\n');
    const problem = await problemOf(importText(client, shop, unclosed, { skipBad: true }));
    expect(problem.detail).to.equal('Line 5002: a quote (") opens in this row and is never closed.');
    async function* broken() {
      yield Buffer.from([HEADER, ...rows, ''].join('\n'));
      yield Buffer.from([...rows, ''].join('\n'));
      throw new Error('The disk is gone');
    }
    const failed = importText(client, shop, () => Readable.from(broken()));
    expect(await failed.catch((error: Error) => error.message)).to.equal('The disk is gone');
    expect(await contentOf(client, shop)).to.deep.equal(before);
    expect(await importText(client, shop, [HEADER, GOOD].join('\n'))).to.include({ orders: 1 });
  });
});
