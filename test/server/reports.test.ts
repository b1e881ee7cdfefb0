import { expect } from 'chai';
import { groupings } from '../../src/contract/reports.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('GET /api/shops/:shopId/reports/sales', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;
  let products: { id: string; variants: { id: string }[] }[];

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'REPO');
    orders = `${shop.path}/orders`;
    products = [
      await givenProduct(shop, { name: 'Tea', price: 10, category: 'Hot' }),
      await givenProduct(shop, { name: 'Soup', price: '33.33', category: 'Hot' }),
      await givenProduct(shop, {
        name: 'Ice',
        variants: [
          { name: 'S', price: 20 },
          { name: 'L', price: 30 },
        ],
      }),
    ];
  });
  after(() => test.close());

  const report = async (groupBy: string) =>
    (await shop.manager.get(`${shop.path}/reports/sales?groupBy=${groupBy}`)).body;
  const line = (product: number, variant?: number, quantity = 1) => ({
    productId: products[product]?.id,
    ...(variant === undefined ? {} : { variantId: products[product]?.variants[variant]?.id }),
    quantity,
  });
  const sell = async (items: object[], fields = {}) =>
    (await shop.cashier.post(orders, saleOf({ id: '' }, { items, ...fields }))).body;

  /** Every grouping says the same in all, and that is what is expected. */
  async function expectTotals(expected: { orders: number; itemsSold: number; total: string }): Promise<void> {
    for (const groupBy of groupings) {
      const { totals, groups } = await report(groupBy);
      expect({ groupBy, ...totals }).to.include({ groupBy, ...expected });
      const sum = (of: (group: { total: string; itemsSold: number }) => number) =>
        groups.reduce((whole: number, group: { total: string; itemsSold: number }) => whole + of(group), 0);
      expect(Math.round(sum((group) => Number(group.total) * 100)) / 100, groupBy).to.equal(
        Number(expected.total),
      );
      expect(
        sum((group) => group.itemsSold),
        groupBy,
      ).to.equal(expected.itemsSold);
    }
  }

  it('counts what is sold, not what is parked or voided, alike by every grouping', async () => {
    await expectTotals({ orders: 0, itemsSold: 0, total: '0.00' });
    const bill = await sell([line(0), line(1, undefined, 2), line(0), line(2, 0), line(2, 1)]);
    await expectTotals({ orders: 1, itemsSold: 6, total: '136.66' });
    const parked = await sell([line(0)], { paymentMethod: undefined });
    await expectTotals({ orders: 1, itemsSold: 6, total: '136.66' });
    const more = { ...line(0, undefined, 3), id: parked.items[0].id };
    await shop.cashier.put(`${orders}/${parked.id}`, { items: [more, line(2, 1)] });
    await expectTotals({ orders: 1, itemsSold: 6, total: '136.66' });
    await shop.cashier.put(`${orders}/${parked.id}`, { payments: [{ method: 'card', amount: '60' }] });
    await expectTotals({ orders: 2, itemsSold: 10, total: '196.66' });
    await shop.manager.delete(`${orders}/${bill.id}`, { reason: 'mistake' });
    await expectTotals({ orders: 1, itemsSold: 4, total: '60.00' });
  });

  it('counts a bill once in each group that it has lines in', async () => {
    await sell([line(0), line(1), line(0), line(2, 0), line(2, 1), line(2, 1)]);
    const ordersBy = async (groupBy: string) =>
      Object.fromEntries(
        (await report(groupBy)).groups.map(({ key, orders: count }: { key: string; orders: number }) => [
          key,
          count,
        ]),
      );
    expect(await ordersBy('category')).to.deep.equal({ '(none)': 2, Hot: 2 });
    expect(await ordersBy('product')).to.deep.equal({ Tea: 2, Soup: 1, Ice: 2 });
    expect(await ordersBy('variant')).to.deep.equal({ Tea: 2, Soup: 1, 'Ice · S': 1, 'Ice · L': 2 });
    expect(await ordersBy('paymentMethod')).to.deep.equal({ cash: 1, card: 1 });
  });

  it('has the tax of a shop outside GST in one piece, and in the total where prices contain it', async () => {
    const plain = await givenShop(test, 'TENP', { currency: 'USD', timezone: 'America/New_York' });
    const rates = [{ from: '2020-01-01', percent: 10 }];
    const tax = { mode: 'inclusive', classes: [{ code: 'a', name: 'A', rates }], defaultClass: 'a' };
    await plain.owner.put(`${plain.path}/settings`, { tax });
    const cake = await givenProduct(plain, { price: 11 });
    await plain.cashier.post(`${plain.path}/orders`, saleOf(cake));
    const { totals } = (await plain.manager.get(`${plain.path}/reports/sales`)).body;
    expect(totals).to.include({ gross: '11.00', tax: '1.00', total: '11.00' });
    const { rates: shown } = (await plain.manager.get(`${plain.path}/reports/tax`)).body;
    expect(shown[0]).to.deep.include({ taxSplit: 'none', percent: '10', taxable: '10.00', tax: '1.00' });
    expect(shown[0]).to.include({ cgst: '0.00', sgst: '0.00', igst: '0.00', otherTax: '1.00' });
  });

  it('is for managers, and understands its question or says what is wrong with it', async () => {
    expect((await shop.cashier.get(`${shop.path}/reports/sales`)).status).to.equal(403);
    const wrong = await shop.manager.get(`${shop.path}/reports/sales?from=2026-02-30&groupBy=mood`);
    expect(wrong.body.errors.map((fault: { pointer: string }) => fault.pointer)).to.deep.equal([
      '/query/from',
      '/query/groupBy',
    ]);
    const reversed = await shop.manager.get(`${shop.path}/reports/sales?from=2026-02-02&to=2026-02-01`);
    expect(reversed.body.errors[0].pointer).to.equal('/query/to');
  });
});
