import { expect } from 'chai';
import { groupings, lineGroupings } from '../../src/contract/reports.ts';
import { csvOf, DAY_BEFORE, givenReportDay, type ReportDay, reportOf } from '../support/report-day.ts';

/** Minor units of decimal text. */
const minor = (amount: string) => Number(amount.replace('.', ''));
const sum = <Row>(rows: Row[], of: (row: Row) => string) =>
  rows.reduce((whole, row) => whole + minor(of(row)), 0);

// The day is worked out in test/support/report-day.ts; each figure below is added up from its table.
describe('the reports of a day worked out on paper', () => {
  let day: ReportDay;
  before(async () => {
    day = await givenReportDay('DAYR');
  });
  after(() => day.test.close());

  const report = (name: string, query = '') => reportOf(day.shop, name, query);
  const csv = (name: string, query = '') => csvOf(day.shop, name, query);

  // 228 + 341 + 649 + 104 + 236 = 1558.00; back went 104.00 + 216.33 + 104.00 = 424.33.
  const totals = {
    orders: 5,
    itemsSold: 7,
    gross: '1420.00',
    discount: '72.50',
    serviceCharge: '19.80',
    tax: '190.88',
    rounding: '-0.18',
    refunds: '424.33',
    total: '1133.67',
    averageOrder: '226.73',
    days: 1,
  };

  describe('sales', () => {
    it('add up to the bills by every grouping', async () => {
      for (const groupBy of groupings) {
        const { totals: summed, groups } = await report('sales', `groupBy=${groupBy}`);
        expect(summed, groupBy).to.deep.equal(totals);
        for (const figure of ['gross', 'discount', 'serviceCharge', 'tax', 'rounding', 'refunds', 'total']) {
          const whole = sum(groups as Record<string, string>[], (group) => group[figure] as string);
          expect([groupBy, figure, whole]).to.deep.equal([
            groupBy,
            figure,
            minor((totals as unknown as Record<string, string>)[figure] as string),
          ]);
        }
      }
    });

    it('come to gross − discount + service charge + tax on top + rounding − refunds', async () => {
      const { totals: all, groups } = await report('sales', 'groupBy=category');
      for (const each of [all, ...groups]) {
        const parts = minor(each.gross) - minor(each.discount) + minor(each.serviceCharge) + minor(each.tax);
        expect(parts + minor(each.rounding) - minor(each.refunds)).to.equal(minor(each.total));
      }
    });

    it('show rounding as a group of its own where lines are grouped, and last', async () => {
      expect(await csv('sales', 'groupBy=category')).to.deep.equal([
        'category,orders,itemsSold,gross,discount,serviceCharge,tax,rounding,refunds,total',
        'Shop,3,4,1000.00,50.00,0.00,171.00,0.00,216.33,904.67',
        'Ice,3,2,400.00,20.50,18.00,19.88,0.00,208.43,208.95',
        'Drinks,1,1,20.00,2.00,1.80,0.00,0.00,0.00,19.80',
        '(rounding),0,0,0.00,0.00,0.00,0.00,-0.18,-0.43,0.25',
      ]);
      const { groups } = await report('sales', 'groupBy=product');
      expect(groups.at(-1)).to.include({ key: '(rounding)', id: null, orders: 0, rounding: '-0.18' });
      const before = await report('sales', `groupBy=product&from=${DAY_BEFORE}&to=${DAY_BEFORE}`);
      expect(before.groups.map(({ key }: { key: string }) => key)).to.deep.equal(['Water']);
    });

    it('are held against the span of the same length just before', async () => {
      for (const groupBy of ['day', 'product']) {
        const { totals: now, previous } = await report('sales', `compare=previous&groupBy=${groupBy}`);
        expect(now).to.deep.equal(totals);
        expect([previous.from, previous.to]).to.deep.equal([DAY_BEFORE, DAY_BEFORE]);
        expect(previous.totals).to.deep.include({ orders: 1, itemsSold: 1, total: '20.00', days: 1 });
      }
      const week = await report('sales', 'from=2026-05-05&to=2026-05-11&compare=previous');
      expect([week.previous.from, week.previous.to]).to.deep.equal(['2026-04-28', '2026-05-04']);
      expect(week.previous.totals).to.deep.include({ orders: 6, total: '1153.67', days: 2 });
      expect((await report('sales')).previous).to.equal(null);
      const first = await report('sales', 'from=0001-01-01&to=0001-01-02&compare=previous');
      expect(first.previous).to.equal(null);
    });
  });

  describe('tax', () => {
    const taxes = (taxable: string, half: string, igst: string, tax: string) => ({
      taxable,
      cgst: half,
      sgst: half,
      igst,
      otherTax: '0.00',
      tax,
    });
    const sides = (sold: [string, string], refunded: [string, string] = ['0.00', '0.00']) => ({
      sold: { taxable: sold[0], tax: sold[1] },
      refunded: { taxable: refunded[0], tax: refunded[1] },
    });

    it('is told by split and rate, sold and refunded apart', async () => {
      const { rates, totals: all } = await report('tax');
      expect(rates).to.deep.equal([
        // Water: 20.00 − 2.00 + 1.80.
        {
          taxSplit: 'gst',
          percent: '0',
          ...taxes('19.80', '0.00', '0.00', '0.00'),
          ...sides(['19.80', '0.00']),
        },
        // A 198.00 and D 99.50, less 98.99 of A and all of D.
        {
          ...{ taxSplit: 'gst', percent: '5', ...taxes('99.01', '2.47', '0.00', '4.94') },
          ...sides(['297.50', '14.88'], ['198.49', '9.94']),
        },
        // C 550.00 and G 200.00, less a third of C: 216.33 − 33.00.
        {
          ...{ taxSplit: 'gst', percent: '18', ...taxes('566.67', '51.00', '0.00', '102.00') },
          ...sides(['750.00', '135.00'], ['183.33', '33.00']),
        },
        {
          taxSplit: 'igst',
          percent: '5',
          ...taxes('100.00', '0.00', '5.00', '5.00'),
          ...sides(['100.00', '5.00']),
        },
        {
          taxSplit: 'igst',
          percent: '18',
          ...taxes('200.00', '0.00', '36.00', '36.00'),
          ...sides(['200.00', '36.00']),
        },
      ]);
      expect(all).to.deep.equal({
        ...taxes('985.48', '53.47', '41.00', '147.94'),
        ...sides(['1367.30', '190.88'], ['381.82', '42.94']),
      });
    });

    it('is told by HSN code, as a return wants it', async () => {
      expect((await report('tax')).hsn).to.deep.equal([
        { hsn: '2105', percent: '5', quantity: 2, ...taxes('199.01', '2.47', '5.00', '9.94') },
        { hsn: '6912', percent: '18', quantity: 4, ...taxes('766.67', '51.00', '36.00', '138.00') },
        { hsn: null, percent: '0', quantity: 1, ...taxes('19.80', '0.00', '0.00', '0.00') },
      ]);
      const lines = await csv('tax');
      expect(lines).to.have.length(1 + 5 + 3);
      expect(lines[0]).to.equal(
        'list,taxSplit,percent,hsn,quantity,taxable,cgst,sgst,igst,otherTax,tax,soldTaxable,soldTax,refundedTaxable,refundedTax',
      );
      expect(lines[2]).to.equal('rate,gst,5,,,99.01,2.47,2.47,0.00,0.00,4.94,297.50,14.88,198.49,9.94');
      expect(lines[6]).to.equal('hsn,,5,2105,2,199.01,2.47,2.47,5.00,0.00,9.94,,,,');
    });
  });

  it('payments are told by method: taken, tips, given back', async () => {
    const { methods, totals: all, unpaid } = await report('payments');
    expect(await csv('payments')).to.deep.equal([
      'method,count,taken,tips,refunds,returned,net',
      // A, D and E; back went 104.00 and 104.00, and E's 20.00 with its tip.
      'cash,3,352.00,15.00,208.00,25.00,134.00',
      'card,2,849.00,0.00,216.33,0.00,632.67',
      'upi,2,177.00,0.00,0.00,0.00,177.00',
    ]);
    expect(methods).to.have.length(3);
    expect(all).to.deep.equal({
      ...{ count: 7, taken: '1378.00', tips: '15.00', refunds: '424.33', returned: '25.00', net: '943.67' },
    });
    expect(unpaid).to.deep.equal({ count: 1, due: '200.00' });
  });

  it('margins count what is known to cost something, and say how much is not', async () => {
    expect(await csv('margins')).to.deep.equal([
      'product,itemsSold,revenue,revenueWithoutCost,cost,margin,marginPercent',
      // 397.50 less 198.49; 4 cost 10.00 each, the one of A went back to the shelf.
      'Kulfi,2,199.01,0.00,30.00,169.01,84.9',
      'Water,1,19.80,0.00,8.00,11.80,59.6',
      'Mug,4,766.67,766.67,0.00,0.00,',
    ]);
    expect((await report('margins', 'groupBy=category')).totals).to.deep.equal({
      ...{ itemsSold: 7, revenue: '985.48', revenueWithoutCost: '766.67', cost: '38.00' },
      ...{ margin: '180.81', marginPercent: '82.6' },
    });
    const byVariant = await report('margins', 'groupBy=variant');
    expect(byVariant.groups[0]).to.include({ key: 'Kulfi', id: day.products.kulfi.id });
  });

  it('the staff are told apart by what each sold, took off and gave back', async () => {
    const none = { count: 0, amount: '0.00' };
    const { staff } = await report('staff');
    expect(staff.map(({ id: _, ...member }: { id: string }) => member)).to.deep.equal([
      {
        ...{ key: 'cashier of DAYR', orders: 4, total: '909.00', discount: '22.50', discountedOrders: 2 },
        ...{ voidedLines: { count: 1, amount: '105.00' }, voidedOrders: none, refunds: none },
      },
      {
        ...{ key: 'manager of DAYR', orders: 1, total: '649.00', discount: '50.00', discountedOrders: 1 },
        ...{ voidedLines: none, voidedOrders: { count: 1, amount: '20.00' } },
        refunds: { count: 3, amount: '424.33' },
      },
    ]);
    expect((await csv('staff'))[2]).to.equal('manager of DAYR,1,649.00,50.00,1,0,0.00,1,20.00,3,424.33');
  });

  it('the best and the worst sellers are listed, with what nobody wants', async () => {
    expect(await csv('sellers', 'limit=2')).to.deep.equal([
      'list,name,category,quantity,total',
      'best,Mug,Shop,4,904.67',
      'best,Kulfi,Ice,2,208.95',
      'worst,Falooda,Ice,0,0.00',
      'worst,Water,Drinks,1,19.80',
    ]);
    const { best, worst } = await report('sellers', 'by=quantity');
    expect(best.map(({ name }: { name: string }) => name)).to.deep.equal(['Mug', 'Kulfi', 'Water']);
    expect(worst.map(({ name }: { name: string }) => name)).to.deep.equal([
      'Falooda',
      'Water',
      'Kulfi',
      'Mug',
    ]);
  });

  it('agree with each other', async () => {
    const { totals: sales } = await report('sales');
    const { totals: tax } = await report('tax');
    const { totals: payments, unpaid, methods } = await report('payments');
    const { totals: margins } = await report('margins');
    const { totals: staff } = await report('staff');
    const rounding = (await report('sales', 'groupBy=product')).groups.at(-1);

    expect(tax.sold.tax).to.equal(sales.tax);
    expect(minor(tax.taxable) + minor(tax.tax) + minor(rounding.total)).to.equal(minor(sales.total));
    expect(margins.revenue).to.equal(tax.taxable);
    expect(margins.itemsSold).to.equal(sales.itemsSold);
    expect(minor(staff.total) - minor(staff.refunds.amount)).to.equal(minor(sales.total));
    expect(staff.refunds.amount).to.equal(sales.refunds);
    expect(payments.refunds).to.equal(sales.refunds);
    // E's tip of 5.00 went back with its bill.
    const tipsKept = minor(payments.tips) - 500;
    expect(minor(payments.net) - tipsKept + minor(unpaid.due)).to.equal(minor(sales.total));
    expect(sum(methods as { net: string }[], ({ net }) => net)).to.equal(minor(payments.net));
    for (const groupBy of lineGroupings) {
      const { groups, totals: all } = await report('margins', `groupBy=${groupBy}`);
      expect(all).to.deep.equal(margins);
      expect(sum(groups as { margin: string }[], ({ margin }) => margin)).to.equal(minor(margins.margin));
    }
  });
});
