import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  EARLIER,
  givenOldShop,
  givenRestoredShop,
  labelNow,
  numbered,
  signInAgain,
  soundNotes,
  userIdOf,
  withGoods,
} from '../support/epoch-parts.ts';
import { givenProduct } from '../support/factories.ts';
import { offlineSaleOf, orderOf, otherFlags, problemOf, replay } from '../support/offline-parts.ts';

describe('bills that are said to come back after a restore', () => {
  let test: TestApp;
  let db: pg.Client;
  let clock = new Date('2026-05-10T06:30:00Z');

  before(async () => {
    test = await startTestApp({ now: () => clock });
    db = await test.database.connect();
  });
  beforeEach(() => {
    clock = new Date('2026-05-10T06:30:00Z');
  });
  after(() => test.close());

  describe('refuses a number', () => {
    it('of a series of now that it did not give, of one that the books had, and of no form of its own', async () => {
      const { shop, tea, label, bills } = await givenRestoredShop(test);
      const { code } = shop;
      const numbers = [
        `${code}/${label}/000001`,
        `${code}/${await labelNow(test, shop, '2728')}/000001`,
        `${code}/${await labelNow(test, shop, '2040')}/000001`,
        `${code}-A/${label}/00001`,
        `${code}/2627/000003`,
        `${code}/2627/000000`,
        `${code}/2627/4`,
        `${code}/2627/0000004`,
        `${code}/26-27/000004`,
        `${code}/C2627/00002`,
        `${code}/KTQ0/000004`,
        `${code}/ktqx/000004`,
        `${code}/KTQX1/000004`,
        `XX/2627/000004`,
        `${code}-A/2627/00000`,
        `${code}-a/2627/00011`,
        'Z4',
      ];
      const sent = numbers.map((orderNumber) =>
        offlineSaleOf(tea, EARLIER, { orderNumber, answered: { total: '100.00' } }),
      );
      const answers = await replay(shop.cashier, shop, sent);
      answers.forEach((answer, n) => {
        expect([numbers[n], ...problemOf(answer)]).to.deep.equal([
          numbers[n],
          'order_conflict',
          '/orderNumber',
        ]);
      });
      const taken = offlineSaleOf(tea, EARLIER, { orderNumber: bills[2].orderNumber });
      expect(problemOf((await replay(shop.cashier, shop, [taken]))[0])).to.deep.equal([
        'order_conflict',
        '/orderNumber',
      ]);
      await soundNotes(test, shop);
    });

    it('that another bill came back with', async () => {
      const { shop, tea } = await givenRestoredShop(test);
      const bills = [1, 2].map(() =>
        offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}/2627/000004` }),
      );
      const answers = await replay(shop.cashier, shop, bills);
      expect(answers.map(({ result }) => result)).to.deep.equal(['created', 'conflict']);
      expect(problemOf(answers[1])).to.deep.equal(['order_conflict', '/orderNumber']);
    });

    it('where there was no restore, as before, and takes nothing of what an answer is said to have been', async () => {
      const { shop, tea } = await givenOldShop(test);
      const manager = await userIdOf(test, shop.emails.manager);
      const refused = [`${shop.code}/2526/000009`, `${shop.code}/2627/000004`, `${shop.code}/KTQX/000001`];
      const answered = {
        total: '1.00',
        cashier: { id: manager, name: '' },
        device: { id: 'till-9', name: '' },
      };
      const answers = await replay(shop.cashier, shop, [
        ...refused.map((orderNumber) => offlineSaleOf(tea, EARLIER, { orderNumber, answered })),
        offlineSaleOf(tea, EARLIER, { answered }),
        offlineSaleOf({ id: randomUUID() }, EARLIER, withGoods({ name: 'Mango' })),
      ]);
      expect(answers.map((answer) => ('problem' in answer ? problemOf(answer) : 'taken'))).to.deep.equal([
        ['order_conflict', '/orderNumber'],
        ['order_conflict', '/orderNumber'],
        ['order_conflict', '/orderNumber'],
        'taken',
        ['unknown_product', '/items/0/productId'],
      ]);
      const order = orderOf(answers[3]);
      expect(order).to.include({ total: '100.00', deviceId: null });
      expect(otherFlags(order)).to.deep.equal([]);
      expect(order.cashierId).to.equal(await userIdOf(test, shop.emails.cashier));
    });
  });

  it("tells nothing of another shop's goods, people and devices, and takes none of them", async () => {
    const other = await givenOldShop(test);
    const { shop, tea } = await givenRestoredShop(test);
    const otherShop = await signInAgain(test, other.shop);
    const cake = await givenProduct(otherShop, {
      name: 'Cake',
      variants: [{ name: 'Slice', price: '30.00' }],
    });
    const goods = { name: 'Mango', variantName: 'Large' };
    const fields = [
      withGoods(goods, { productId: cake.id }),
      withGoods(goods, { productId: randomUUID(), variantId: cake.variants[0].id }),
      withGoods(goods, { productId: tea.id, variantId: cake.variants[0].id }),
    ];
    const before = await db.query('SELECT * FROM products WHERE shop_id = $1 ORDER BY id', [otherShop.id]);
    const answers = await replay(
      shop.cashier,
      shop,
      fields.map((each, n) => offlineSaleOf(tea, EARLIER, numbered(shop, 4 + n, each))),
    );
    expect(answers.map(problemOf)).to.deep.equal([
      ['unknown_product', '/items/0/productId'],
      ['unknown_product', '/items/0/variantId'],
      ['unknown_product', '/items/0/variantId'],
    ]);
    expect(JSON.stringify(answers)).to.not.include('Cake').and.not.include(otherShop.id);
    const after = await db.query('SELECT * FROM products WHERE shop_id = $1 ORDER BY id', [otherShop.id]);
    expect(after.rows).to.deep.equal(before.rows);
    // Nothing is left of what was refused: a product that had come first went with its bill.
    const { rows } = await db.query('SELECT name FROM products WHERE shop_id = $1', [shop.id]);
    expect(rows).to.deep.equal([{ name: 'Tea' }]);

    // Nor is one variant that of two products, in one bill or in two.
    const variantId = randomUUID();
    const one = { productId: randomUUID(), variantId, quantity: 1, listPrice: '50.00', goods };
    const two = { ...one, productId: randomUUID() };
    const twice = [[one, two], [one], [two]].map((items, n) =>
      offlineSaleOf(tea, EARLIER, numbered(shop, 10 + n, { items })),
    );
    const [both, first, second] = await replay(shop.cashier, shop, twice);
    expect([problemOf(both)[0], orderOf(first).items[0]?.variantId, ...problemOf(second)]).to.deep.equal([
      'unknown_product',
      variantId,
      'unknown_product',
      '/items/0/variantId',
    ]);

    const answered = {
      total: '100.00',
      cashier: { id: await userIdOf(test, otherShop.emails.cashier), name: 'Eve' },
      device: { id: other.deviceId, name: 'Theirs' },
    };
    const [theirs] = await replay(shop.cashier, shop, [
      offlineSaleOf(tea, EARLIER, numbered(shop, 9, { answered })),
    ]);
    const order = orderOf(theirs);
    expect([order.cashierId, order.deviceId]).to.deep.equal([
      await userIdOf(test, shop.emails.cashier),
      null,
    ]);
    expect(otherFlags(order)).to.deep.equal([
      { code: 'unknown_cashier', detail: 'Eve, who sold it, is not known to this shop any more.' },
      {
        code: 'unknown_device',
        detail: 'It was sold on Theirs, which is not known to this shop any more.',
      },
    ]);
    await soundNotes(test, shop);
  });

  describe('lets a cashier do no more than an offline sale does', () => {
    it('whoever is said to have sold: prices and discounts above their limits are flagged', async () => {
      const { shop, tea } = await givenRestoredShop(test);
      const owner = { id: await userIdOf(test, shop.emails.owner), name: 'Olga' };
      const line = { productId: tea.id, quantity: 1 };
      const cheap = { items: [{ ...line, listPrice: '100.00', unitPrice: '1.00' }] };
      const given = { items: [line], discount: { type: 'percentage', value: '90' } };
      const made = withGoods({ name: 'Mango', taxPercent: '0' }, { listPrice: '100.00', unitPrice: '0.01' });
      const answers = await replay(
        shop.cashier,
        shop,
        [cheap, given, made].map((fields, n) => {
          const answered = { total: ['1.00', '10.00', '0.01'][n], cashier: owner };
          return offlineSaleOf(tea, EARLIER, numbered(shop, 4 + n, { ...fields, answered }));
        }),
      );
      const orders = answers.map(orderOf);
      expect(orders.map((order) => otherFlags(order).map(({ code }) => code))).to.deep.equal([
        ['approval_missing'],
        ['approval_missing'],
        ['product_gone', 'approval_missing'],
      ]);
      expect(orders.map(({ approvedBy }) => approvedBy)).to.deep.equal([null, null, null]);
    });

    it('and a total that the lines do not come to is one that is flagged', async () => {
      const { shop, tea } = await givenRestoredShop(test);
      const sale = offlineSaleOf(tea, EARLIER, numbered(shop, 4, { answered: { total: '1.00' } }));
      const order = orderOf((await replay(shop.cashier, shop, [sale]))[0]);
      expect([order.total, order.rounding]).to.deep.equal(['1.00', '-99.00']);
      expect(otherFlags(order)).to.deep.equal([
        { code: 'total_differs', detail: 'The till printed 1.00; it comes to 100.00.' },
      ]);
    });

    it('and what an answer is said to have been counts for nothing without a number of before', async () => {
      const { shop, tea } = await givenRestoredShop(test);
      const answered = {
        total: '1.00',
        cashier: { id: await userIdOf(test, shop.emails.owner), name: 'Olga' },
      };
      const order = orderOf(
        (await replay(shop.cashier, shop, [offlineSaleOf(tea, EARLIER, { answered })]))[0],
      );
      expect(order).to.include({ total: '100.00', cashierId: await userIdOf(test, shop.emails.cashier) });
    });

    it('and a number of another fiscal year than that of the sale is flagged', async () => {
      const { shop, tea } = await givenRestoredShop(test);
      const sale = offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}/9899/000001` });
      const [flag] = otherFlags(orderOf((await replay(shop.cashier, shop, [sale]))[0]));
      expect(flag).to.deep.equal({
        code: 'number_of_other_year',
        detail: `${shop.code}/9899/000001 is a number of the fiscal year 9899; it was sold in 2627.`,
      });
    });

    it('and fields that are too long, of another type or unknown are refused', async () => {
      const { shop, tea } = await givenRestoredShop(test);
      const long = (length: number) => 'x'.repeat(length);
      const faults: [object, string][] = [
        [withGoods({ name: long(256) }), '/items/0/goods/name'],
        [withGoods({ name: ' ' }), '/items/0/goods/name'],
        [withGoods({ name: 'x', hsn: 'abc' }), '/items/0/goods/hsn'],
        [withGoods({ name: 'x', taxPercent: '101' }), '/items/0/goods/taxPercent'],
        [withGoods({ name: 'x', price: '1' }), '/items/0/goods/price'],
        [
          withGoods({
            name: 'x',
            modifiers: Array.from({ length: 51 }, () => ({ id: randomUUID(), name: 'x', price: 1 })),
          }),
          '/items/0/goods/modifiers',
        ],
        [{ answered: { total: '-1' } }, '/answered/total'],
        [{ answered: { total: '1', cashier: { id: 'me', name: '' } } }, '/answered/cashier/id'],
        [{ answered: { total: '1', device: { id: long(101), name: '' } } }, '/answered/device/id'],
        [{ answered: { total: '1', approvedBy: randomUUID() } }, '/answered/approvedBy'],
      ];
      const answers = await replay(
        shop.cashier,
        shop,
        faults.map(([fields]) => offlineSaleOf(tea, EARLIER, fields)),
      );
      expect(answers.map(problemOf)).to.deep.equal(faults.map(([, pointer]) => ['invalid_request', pointer]));
    });
  });
});
