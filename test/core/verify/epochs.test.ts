import { expect } from 'chai';
import type pg from 'pg';
import type { Order } from '../../../src/contract/orders.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { accountOf, beginEpochs, EARLIER, labelNow, signInAgain } from '../../support/epoch-parts.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../../support/factories.ts';
import { offlineSaleOf, orderOf, replay } from '../../support/offline-parts.ts';

describe('smoocho verify, of a shop that was restored', () => {
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;
  let back: Order;
  let lent: Order;

  before(async () => {
    const now = new Date('2026-05-10T06:30:00Z');
    test = await startTestApp({ now: () => now });
    db = await test.database.connect();
    const old = await givenShop(test, 'VERI');
    const tea = await givenProduct(old);
    await old.cashier.post(`${old.path}/orders`, saleOf(tea));
    await beginEpochs(test);
    shop = await signInAgain(test, old);
    const sales = ['VERI/2627/000003', 'VERI-A/2627/0001'].map((orderNumber) =>
      offlineSaleOf(tea, EARLIER, { orderNumber }),
    );
    [back, lent] = (await replay(shop.cashier, shop, sales)).map(orderOf) as [Order, Order];
    await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
  });
  after(() => test.close());

  /** What is wrong with the numbers once `sql` has been at the shop ($1). */
  async function faultsAfter(sql: string): Promise<string[]> {
    await db.query('CREATE TABLE kept AS SELECT id, order_number, received_at FROM orders');
    const { rows } = await db.query('SELECT series FROM shop_heads WHERE shop_id = $1', [shop.id]);
    try {
      await db.query(sql.replaceAll('$1', `'${shop.id}'`));
      const { faults } = await accountOf(test, shop);
      return faults.filter((fault) => /^(number-series|lent-numbers)/.test(fault));
    } finally {
      await db.query(
        'UPDATE orders o SET order_number = k.order_number, received_at = k.received_at FROM kept k WHERE k.id = o.id',
      );
      await db.query('DROP TABLE kept');
      await db.query('UPDATE shop_heads SET series = $2 WHERE shop_id = $1', [shop.id, rows[0].series]);
    }
  }

  const number = (order: () => { id: string }, text: string) => () =>
    `UPDATE orders SET order_number = '${text}' WHERE id = '${order().id}'`;

  const breaks: [what: string, sql: () => string, says: RegExp][] = [
    [
      'a number of before that no order can have come back with',
      number(() => back, 'VERI/2627/3'),
      /no number of a series|Series 2627/,
    ],
    ['one of no label', number(() => back, 'VERI/KTQ0/000003'), /Series KTQ0: 1 numbers up to 3/],
    [
      'one that nobody brought back',
      () => `UPDATE orders SET received_at = NULL WHERE id = '${back.id}'`,
      /Series 2627: 2 numbers up to 3, the counter stands at 1; missing: 2/,
    ],
    [
      'one that came in before the restore',
      () => `UPDATE orders SET received_at = '2026-05-09T06:30:00Z' WHERE id = '${back.id}'`,
      /Series 2627: 2 numbers up to 3/,
    ],
    [
      'a counter of before that goes on',
      () => `UPDATE shop_heads SET series = series || '{"2627": 2}' WHERE shop_id = $1`,
      /Series 2627: It is of before a restore, when the counter stood at 1; now it stands at 2/,
    ],
    [
      'a lent number of before that nobody brought back',
      () => `UPDATE orders SET received_at = NULL WHERE id = '${lent.id}'`,
      /VERI-A\/2627\/0001: Its number was never lent/,
    ],
    ['a lent number of no form', number(() => lent, 'VERI-A/2627/00001'), /Its number was never lent/],
    [
      'the counter of a series of now that is gone',
      () => `UPDATE shop_heads SET series = '{"2627": 1}' WHERE shop_id = $1`,
      /1 numbers up to 1, the counter stands at 0/,
    ],
  ];

  for (const [what, sql, says] of breaks) {
    it(`finds ${what}`, async () => {
      expect((await faultsAfter(sql())).join('\n')).to.match(says);
    });
  }

  it('finds a number of a series of now that came in late and was never given', async () => {
    const label = await labelNow(test, shop);
    const late = number(() => back, `VERI/${label}/000009`)();
    expect((await faultsAfter(late)).join('\n')).to.match(
      new RegExp(`Series ${label}: 2 numbers up to 9, the counter stands at 1`),
    );
    const other = number(() => lent, `VERI-A/${label}/0001`)();
    expect((await faultsAfter(other)).join('\n')).to.include('Its number was never lent.');
  });

  it('finds nothing when nobody was at it', async () => {
    expect(await accountOf(test, shop)).to.deep.equal({
      faults: [],
      notes: [
        'VERI/2627: the books had it up to 1 at the restore; 1 beyond came back: 3; missing in between: 2',
        'VERI-A/2627: 1 came back after a restore that lost its lease: 1',
      ],
    });
  });
});
