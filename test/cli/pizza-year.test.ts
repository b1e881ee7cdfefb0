import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { groupings } from '../../src/contract/reports.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { smoocho } from '../support/cli.ts';
import { eventsOf, givenShop, type TestShop } from '../support/factories.ts';

const FILE = fileURLToPath(new URL('../../docs/data/pizza-sales-2015.csv.gz', import.meta.url));
const COLUMNS =
  'order=order_id,date=date,time=time,sku=sku,product=pizza_name,variant=size,category=category,quantity=quantity,price=unit_price';

// docs/data/README.md: figures that others have published for this data.
const published = {
  totals: { total: '817860.05', orders: 21350, itemsSold: 49574, averageOrder: '38.31', days: 358 },
  categories: { Classic: '220053.10', Supreme: '208197.00', Chicken: '195919.50', Veggie: '193690.45' },
  bestSeller: ['The Thai Chicken Pizza', '43434.25'],
  fridays: 3538,
  noon: 6776,
  july: '72557.90',
};

type Group = { key: string; orders: number; itemsSold: number; total: string; gross: string };
type Report = { totals: Record<string, unknown>; groups: Group[] };

describe("a real year of sales, Maven's Pizza Place 2015", () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PIZA', { currency: 'USD', timezone: 'America/New_York' });
  });
  after(async () => {
    await test.close();
  });

  const run = (...args: string[]) =>
    smoocho([...args, '--shop=PIZA'], { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url });

  it('comes in once', async () => {
    const first = await run('import', 'sales', FILE, '--columns', COLUMNS, '--json');
    expect([first.code, first.stderr]).to.deep.equal([0, '']);
    expect(first.json()).to.include({
      rows: 48620,
      lines: 48620,
      orders: 21350,
      total: '817860.05',
      badCount: 0,
    });
    expect(first.json()).to.include({ products: 32, from: '2015-01-01', to: '2015-12-31' });
    const again = await run('import', 'sales', FILE, '--json');
    expect(again.json()).to.include({ lines: 0, orders: 0, existingOrders: 21350, products: 0 });
    const events = (await eventsOf(test, shop.id)).filter(({ type }) => type !== 'user_created');
    expect(events.map(({ type, data }) => [type, data.orders])).to.deep.equal([['data_imported', 21350]]);
  }).timeout(120_000);

  const byHttp = async (groupBy: string): Promise<Report> =>
    (await shop.manager.get(`${shop.path}/reports/sales?from=2015-01-01&to=2015-12-31&groupBy=${groupBy}`))
      .body;
  const byCli = async (groupBy: string): Promise<Report> =>
    (
      await run('report', 'sales', '--from=2015-01-01', '--to=2015-12-31', `--group-by=${groupBy}`, '--json')
    ).json();

  for (const [name, report] of [['HTTP', byHttp] as const, ['the command line', byCli] as const]) {
    it(`gives every published figure by ${name}`, async () => {
      const { totals, groups } = await report('category');
      expect(totals).to.include(published.totals);
      expect(Object.fromEntries(groups.map(({ key, total }) => [key, total]))).to.deep.equal(
        published.categories,
      );
      const of = async (groupBy: string, key: string) =>
        (await report(groupBy)).groups.find((group) => group.key === key);
      const [best] = (await report('product')).groups;
      expect([best?.key, best?.total]).to.deep.equal(published.bestSeller);
      expect((await of('weekday', 'Friday'))?.orders).to.equal(published.fridays);
      expect((await of('hour', '12'))?.itemsSold).to.equal(published.noon);
      expect((await of('month', '2015-07'))?.total).to.equal(published.july);
    }).timeout(120_000);
  }

  it('adds up the same by every grouping', async () => {
    for (const groupBy of groupings) {
      const { groups } = await byHttp(groupBy);
      const cents = groups.reduce((sum, { total }) => sum + Number(total.replace('.', '')), 0);
      const items = groups.reduce((sum, { itemsSold }) => sum + itemsSold, 0);
      expect([groupBy, cents, items]).to.deep.equal([groupBy, 81_786_005, 49_574]);
    }
    expect((await byHttp('day')).groups).to.have.length(358);
    expect((await byHttp('variant')).groups[0]?.key).to.equal('The Thai Chicken Pizza · L');
  });

  it('comes as CSV too, and as a table with bars', async () => {
    const csv = await shop.manager.get(
      `${shop.path}/reports/sales?from=2015-01-01&to=2015-12-31&groupBy=category`,
      {
        accept: 'text/csv',
      },
    );
    expect(csv.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
    expect(csv.text.split('\r\n')[1]).to.equal(
      'Classic,10859,14888,220053.10,0.00,0.00,0.00,0.00,0.00,220053.10',
    );
    const table = await run('report', 'sales', '--from=2015-01-01', '--to=2015-12-31', '--group-by=category');
    expect(table.stdout).to.match(/^Classic +10,859 +14,888 +220,053\.10 +█+$/m);
    const none = await shop.manager.get(`${shop.path}/reports/sales`, { accept: 'image/png' });
    expect(none.status).to.equal(406);
  });

  it('numbers the bills without a gap, in the order of their time', async () => {
    const client = await test.database.connect();
    const { rows } = await client.query(
      `SELECT count(*)::int AS orders, min(order_number) AS first, max(order_number) AS last,
              bool_and(number = place) AS gapless
       FROM (SELECT order_number, right(order_number, 6)::int AS number,
                    row_number() OVER (ORDER BY created_at, order_number) AS place
             FROM orders WHERE shop_id = $1) numbered`,
      [shop.id],
    );
    expect(rows[0]).to.deep.equal({
      orders: 21350,
      first: 'PIZA/2015/000001',
      last: 'PIZA/2015/021350',
      gapless: true,
    });
  });
});
