// Makes the archive of this version that the tests of later versions restore, in a folder that must not exist yet:
//   node test/support/make-backup-fixture.ts test/fixtures/backup-0.1
// Run it for a version whose archives differ from the previous one's. Never recreate a fixture (README.md in the folder).
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import { textSheet } from '../../src/backup/recovery-key.ts';
import { changeBackupSettings } from '../../src/backup/settings.ts';
import { loadConfig } from '../../src/config.ts';
import { salesReport } from '../../src/core/reports/sales-report.ts';
import { startTestApp } from './app.ts';
import { sealAll } from './audit-parts.ts';
import { startDatabaseServer, stopDatabaseServer } from './database.ts';
import { beginEpochs, givenOldShop, refundAll, sell, signInAgain } from './epoch-parts.ts';
import { givenItem, givenProduct, saleOf } from './factories.ts';
import { givenPicture } from './image-parts.ts';
import { photo } from './pictures.ts';
import { backUp } from './restore-parts.ts';
import { countOf, givenShift, movementOf } from './shift-parts.ts';

const PHONE = '9811100011';

/** What a restore of it must match; only facts that every later version can still check. */
export type BackupFixture = {
  shop: { id: string; code: string; orders: number; total: string };
  span: { from: string; to: string };
  totals: Record<string, unknown>;
  customer: { name: string; phone: string };
  picture: { key: string; sha256: string };
  orderNumbers: string[];
};

async function make(folder: string): Promise<void> {
  if (existsSync(folder)) throw new Error(`${folder} is there already, and is never made anew.`);
  const test = await startTestApp();
  const { shop: opened, bills } = await givenOldShop(test);
  // Everything up to here belongs to an older epoch.
  await beginEpochs(test);
  const shop = await signInAgain(test, opened);
  const kulfi = await givenPicture(shop, await photo(48, 36).jpeg().toBuffer(), {
    name: 'Kulfi \t"Malai" \\ कुल्फ़ी',
    price: '40.00',
  });
  const shift = await givenShift(shop);
  await shop.cashier.post(
    `${shop.path}/shifts/${shift.id}/cash-movements`,
    movementOf('out', '50.00', 'milk'),
  );
  const customer = { customerName: 'Asha', customerPhone: PHONE };
  const open = { paymentMethod: undefined, payLater: true };
  await shop.cashier.post(`${shop.path}/orders`, saleOf(kulfi, { ...customer, ...open }));
  await refundAll(shop, await sell(shop, kulfi));
  await shop.manager.delete(`${shop.path}/orders/${(await sell(shop, kulfi)).id}`, { reason: 'wrong table' });
  await givenProduct(shop, { name: 'Two\nlines' });
  const milk = await givenItem(shop, { name: 'Milk', unit: 'litre', quantity: 10 });
  const recipe = [{ inventoryItemId: milk.id, quantity: '0.250' }];
  await sell(shop, await givenProduct(shop, { name: 'Lassi', price: '60.00', recipe }));
  const closed = await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, countOf(9, 50));
  if (closed.status !== 200) throw new Error(closed.text);

  const recovery = await newKeyPair();
  changeBackupSettings(test.home, { recoveryRecipient: recovery.recipient });
  const config = loadConfig({ home: test.home }, { DATABASE_URL: test.database.url, LOG_LEVEL: 'silent' });
  await sealAll(test);
  const { file, shops } = await backUp({ home: test.home, database: test.database, config });
  const span = { from: '2026-01-01', to: '2099-12-31' };
  const context = { app: test.app, em: test.app.orm.em.fork() };
  const { totals } = await salesReport(context, shop.id, { ...span, groupBy: 'month' });
  const db = await test.database.connect();
  const { rows } = await db.query('SELECT order_number AS n FROM orders WHERE shop_id = $1 ORDER BY 1', [
    shop.id,
  ]);
  const { rows: images } = await db.query(
    "SELECT shop_id || '/' || hash || '-160.webp' AS key, files->0->>'sha256' AS sha256 FROM images",
  );
  const made = shops.find(({ code }) => code === shop.code);
  if (!made) throw new Error('The shop is not in its backup.');
  const fixture: BackupFixture = {
    shop: { id: shop.id, ...made },
    span,
    totals: totals as Record<string, unknown>,
    customer: { name: 'Asha', phone: `+91${PHONE}` },
    picture: images[0],
    orderNumbers: rows.map(({ n }) => n),
  };
  if (bills.length === 0 || images.length !== 1) throw new Error('It lacks something.');
  mkdirSync(folder, { recursive: true });
  copyFileSync(file, join(folder, 'shop.smoocho'));
  writeFileSync(join(folder, 'recovery-key.txt'), textSheet(recovery, new Date()));
  writeFileSync(join(folder, 'figures.json'), `${JSON.stringify(fixture, null, 2)}\n`);
  console.log(`${folder}: ${JSON.stringify(made)}`);
  await test.close();
}

if (import.meta.main) {
  const [, , folder] = process.argv;
  if (!folder) throw new Error('Name the folder, such as test/fixtures/backup-0.1.');
  await startDatabaseServer();
  try {
    await make(folder);
  } finally {
    await stopDatabaseServer();
  }
}
