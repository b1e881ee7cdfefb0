import { expect } from 'chai';
import { givenItem } from '../support/factories.ts';
import {
  csvOf,
  DAY,
  DAY_BEFORE,
  givenReportDay,
  type ReportDay,
  reportOf,
  require2xx,
} from '../support/report-day.ts';

const DAY_AFTER = '2026-05-05';

describe('GET /api/shops/:shopId/reports/inventory', () => {
  let day: ReportDay;

  before(async () => {
    day = await givenReportDay('STCK');
    const { shop, items, setClock } = day;
    const change = async (id: string, fields: object) =>
      require2xx(await shop.manager.put(`${shop.path}/inventory/${id}`, fields));
    await change(items.milk.id, { adjust: 5, reason: 'purchase' });
    await change(items.milk.id, { adjust: '-0.5', reason: 'waste' });
    await change(items.milk.id, { adjust: '0.25', reason: 'correction' });
    await change(items.milk.id, { count: '13.5' });
    const cup = await givenItem(shop, { name: 'cup', quantity: 1, cost: '0.33', policy: 'allow' });
    await change(cup.id, { adjust: '-2.5', reason: 'waste' });
    // The shop's day ends at 04:00 in Kolkata.
    await setClock(`${DAY}T22:29:59.999Z`);
    await change(items.bottle.id, { adjust: -1, reason: 'waste' });
    await setClock(`${DAY}T22:30:00Z`);
    await change(items.bottle.id, { adjust: 10, reason: 'purchase' });
  });
  after(() => day.test.close());

  const report = (from: string, to = from) => reportOf(day.shop, 'inventory', `from=${from}&to=${to}`);

  it('says what is there now and what it is worth, and what moved in the span', async () => {
    expect(await csvOf(day.shop, 'inventory', `from=${DAY}&to=${DAY}`)).to.deep.equal([
      'name,unit,quantity,cost,value,isLow,opened,sold,purchased,wasted,corrected,counted,usageCost,wasteCost',
      // 3 − P − A − (E, given back) − 1 wasted + 10 of the next day.
      'Bottle,piece,10,8.00,80.00,false,0,1,0,1,0,0,8.00,8.00',
      // −1.5 × 0.33 = −0.495.
      'cup,piece,-1.5,0.33,-0.50,true,1,0,0,2.5,0,0,0.00,0.83',
      // 2 + 1 + 1 kulfi of A, B, D and the 2 left on F, less 1 that A gave back: 5 × 0.2 litres at 50.00.
      'Milk,litre,13.5,50.00,675.00,false,0,1,5,0.5,0.25,-0.25,50.00,25.00',
    ]);
    expect((await report(DAY)).totals).to.deep.equal({
      ...{ items: 3, lowItems: 1, value: '754.50', usageCost: '58.00', wasteCost: '33.83' },
    });
  });

  it('bounds the span by the clock on the wall', async () => {
    const moved = async (date: string) =>
      (await report(date)).items.map(
        ({ name, opened, sold, purchased }: Record<string, unknown>) =>
          `${name} ${opened} ${sold} ${purchased}`,
      );
    expect(await moved(DAY_BEFORE)).to.deep.equal(['Bottle 3 1 0', 'cup 0 0 0', 'Milk 10 0 0']);
    expect(await moved(DAY_AFTER)).to.deep.equal(['Bottle 0 0 10', 'cup 0 0 0', 'Milk 0 0 0']);
  });

  it('adds up to what is there', async () => {
    for (const item of (await report(DAY_BEFORE, DAY_AFTER)).items) {
      const { opened, purchased, sold, wasted, corrected, counted, quantity } = item;
      expect(opened + purchased - sold - wasted + corrected + counted).to.be.closeTo(quantity, 1e-9);
    }
  });
});
