import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { csvOf, reportOf, require2xx } from '../support/report-day.ts';
import { countOf, givenShift, tillOf } from '../support/shift-parts.ts';

describe('GET /api/shops/:shopId/reports/shifts', () => {
  let test: TestApp;
  let shop: TestShop;
  const NOW = '2026-05-04T10:00:00.000Z';

  before(async () => {
    test = await startTestApp({ now: () => new Date(NOW) });
    shop = await givenShop(test, 'SHIF');
    const cake = await givenProduct(shop, { price: 100 });
    const close = async (id: string, hundreds: number, ones: number) =>
      require2xx(await shop.manager.post(`${shop.path}/shifts/${id}/close`, countOf(hundreds, ones)));
    // 1000.00 and a cake in cash, of which 5.00 are missing in the end; another drawer has 3.00 too much.
    const main = await givenShift(shop, '1000.00', { deviceId: null });
    require2xx(await shop.cashier.post(`${shop.path}/orders`, saleOf(cake)));
    await close(main.id, 10, 95);
    const till = await tillOf(test, shop, 'till-1');
    const second = await givenShift({ ...shop, cashier: till }, '500.00');
    await close(second.id, 5, 3);
    await givenShift(shop, '200.00', { deviceId: null });
  });
  after(() => test.close());

  it('lists the drawers that were counted, with what was over and short apart', async () => {
    const { shifts, totals } = await reportOf(shop, 'shifts');
    expect(totals).to.deep.equal({
      ...{
        shifts: 2,
        expected: '1600.00',
        counted: '1598.00',
        variance: '-2.00',
        over: '3.00',
        short: '5.00',
      },
    });
    expect(shifts.map(({ zNumber, variance }: Record<string, unknown>) => [zNumber, variance])).to.deep.equal(
      [
        [1, '-5.00'],
        [2, '3.00'],
      ],
    );
    expect(shifts[1]).to.deep.include({ deviceId: 'till-1', businessDate: '2026-05-04', openedAt: NOW });
    expect([shifts[0].openedBy.name, shifts[0].closedBy.name]).to.deep.equal([
      'cashier of SHIF',
      'manager of SHIF',
    ]);
  });

  it('comes as CSV', async () => {
    expect(await csvOf(shop, 'shifts')).to.deep.equal([
      'zNumber,deviceId,businessDate,openedAt,openedBy,closedAt,closedBy,expected,counted,variance',
      `1,,2026-05-04,${NOW},cashier of SHIF,${NOW},manager of SHIF,1100.00,1095.00,-5.00`,
      `2,till-1,2026-05-04,${NOW},cashier of SHIF,${NOW},manager of SHIF,500.00,503.00,3.00`,
    ]);
  });
});
