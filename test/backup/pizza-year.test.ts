import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { boxKey } from '../../src/backup/keys.ts';
import { fillDatabase } from '../../src/backup/restore/fill-database.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';
import { smoocho } from '../support/cli.ts';
import { everyReport } from '../support/every-report.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { uploadTo } from '../support/image-parts.ts';
import { photo } from '../support/pictures.ts';
import { type Box, backUp, newBox, openOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';
import { fingerprint } from '../support/world.ts';

const FILE = fileURLToPath(new URL('../../docs/data/pizza-sales-2015.csv.gz', import.meta.url));
const COLUMNS =
  'order=order_id,date=date,time=time,sku=sku,product=pizza_name,variant=size,category=category,quantity=quantity,price=unit_price';
const PICTURES = 6;

describe('a backup of a real year of sales', function () {
  this.timeout(120_000);
  let test: TestApp;
  let pizza: TestShop;
  let busy: BusyShop;

  before(async () => {
    test = await startTestApp();
    pizza = await givenShop(test, 'PIZA', { currency: 'USD', timezone: 'America/New_York' });
    const env = { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url };
    const imported = await smoocho(
      ['import', 'sales', FILE, '--shop=PIZA', '--columns', COLUMNS, '--json'],
      env,
    );
    expect(imported.json(), imported.stderr).to.include({ orders: 21_350, total: '817860.05' });
    const { body } = await pizza.manager.get(`${pizza.path}/products?limit=${PICTURES}`);
    for (const [n, { id }] of body.data.entries()) {
      const picture = await photo(320, 240, n + 1)
        .jpeg()
        .toBuffer();
      expect((await uploadTo(pizza.manager, pizza, id, picture)).status).to.equal(200);
    }
    // Beside it a shop with staff, shifts, refunds, customers, parked, voided and offline orders.
    busy = await givenBusyShop(test, 'BUSY');
  });
  after(() => test.close());

  it('brings back every table and every report, to the row and to the cent', async () => {
    const source: Box = { home: test.home, database: test.database, config: test.app.config };
    const { file, shops } = await backUp(source);
    expect(shops.find(({ code }) => code === 'PIZA')).to.include({ orders: 21_350, total: '817860.05' });
    const identities = [(await boxKey(test.home)).identity];
    const { manifest, secrets, findings } = await readBack(file, identities);
    if (!manifest) throw new Error('It can not be read.');
    expect([findings, manifest.images.length]).to.deep.equal([[], PICTURES * 3]);
    const box = await newBox();
    let rows: Record<string, string> = {};
    const reports: unknown[] = [];
    const { shops: verified } = await fillDatabase(
      { file, identities, manifest, secrets },
      {
        config: box.config,
        url: box.database.url,
        openApp: openOn(box.config),
        now: new Date(),
        adopt: async (app) => {
          const db = await box.database.connect();
          rows = await fingerprint(db);
          await db.end();
          for (const { id } of [pizza, busy]) reports.push(await everyReport(app, id));
        },
      },
    );
    expect(verified.map(({ isSound }) => isSound)).to.deep.equal([true, true]);
    const db = await test.database.connect();
    const live = await fingerprint(db);
    await db.end();
    // The keys are wrapped for each machine; when migrations were run is its own.
    for (const name of ['keys', 'pgmigrations']) for (const found of [rows, live]) delete found[name];
    expect(rows).to.deep.equal(live);
    for (const [n, { id }] of [pizza, busy].entries())
      expect(reports[n]).to.deep.equal(await everyReport(test.app, id));
    await box.database.drop();
    removeFolder(box.home);
  });
});
