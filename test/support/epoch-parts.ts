import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createApp, systemContext } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { setHeadsAside } from '../../src/core/audit/kept-heads.ts';
import { beginEpoch, type NewEpochs } from '../../src/core/epochs/begin-epoch.ts';
import { findEpoch } from '../../src/core/epochs/find-epoch.ts';
import { seriesLabel } from '../../src/core/epochs/series-label.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import type { TestApp } from './app.ts';
import type { TestDatabase } from './database.ts';
import { givenProduct, givenShop, saleOf, signedIn, type TestShop } from './factories.ts';
import { insertDevice, offlineSaleOf, orderOf, replay, signInOn } from './offline-parts.ts';

/** Begins an epoch like the restore of a backup made just now: nothing is lost. */
export const beginEpochs = (
  { app }: Pick<TestApp, 'app'>,
  { reason = 'restored', backup = { id: 'test', madeAt: app.now() }, ...more }: Partial<NewEpochs> = {},
) => beginEpoch(systemContext(app, 'restore'), { reason, backup, ...more });

/** Does what `smoocho restore` does to a loaded database before a server runs on it. */
export async function restoreTo(
  database: TestDatabase,
  home: string,
  epoch: Partial<NewEpochs> = {},
  now: () => Date = () => new Date(),
): Promise<void> {
  const config = loadConfig({ home }, { DATABASE_URL: database.url, LOG_LEVEL: 'silent' });
  const app = await createApp(config, { now, migrate: true });
  try {
    await beginEpochs({ app }, epoch);
    await setHeadsAside(home, app.now());
  } finally {
    await app.close();
  }
}

/** Signs the users of a shop in again: a restore revokes their sessions. */
export async function signInAgain(test: TestApp, shop: TestShop): Promise<TestShop> {
  const { owner, manager, cashier } = shop.emails;
  return {
    ...shop,
    owner: await signedIn(test, owner),
    manager: await signedIn(test, manager),
    cashier: await signedIn(test, cashier),
  };
}

/** The label in the order numbers that a shop issues now. */
export async function labelNow({ app }: TestApp, shop: TestShop, fiscalYear = '2627'): Promise<string> {
  return seriesLabel(await findEpoch(app.orm.em.fork(), shop.id), fiscalYear);
}

/** The notes of `smoocho verify` on a shop's numbers, and all its findings. */
export async function accountOf({ app }: TestApp, shop: { id: string }) {
  const { checks } = await verifyShop({ app, em: app.orm.em.fork() }, shop.id);
  const notesOf = (name: string) => checks.find((check) => check.name === name)?.notes ?? [];
  return {
    faults: checks.flatMap(({ name, faults }) =>
      faults.map((fault) => `${name}: ${fault.subject}: ${fault.detail}`),
    ),
    notes: [...notesOf('number-series'), ...notesOf('lent-numbers')],
  };
}

/** Before a backup or a restore, in the fiscal year of the shops. */
export const EARLIER = new Date('2026-05-09T04:10:00Z');

let shops = 0;
const letter = (n: number) => String.fromCharCode(65 + (n % 26));

/** A shop with three orders, the first refunded, that reserved numbers 1 to 10 for a device, which used the first. */
export async function givenOldShop(test: TestApp) {
  const shop = await givenShop(test, `E${letter(Math.floor(shops / 26))}${letter(shops)}`);
  shops += 1;
  const db = await test.database.connect();
  // It is older than what other tests restored.
  await db.query("UPDATE shop_epochs SET reason = 'opened' WHERE shop_id = $1", [shop.id]);
  const tea = await givenProduct(shop, { name: 'Tea', price: '100.00', category: 'Drinks' });
  const deviceId = await insertDevice(db, shop.id, { leases: [[1, 10]] });
  const bills = [await sell(shop, tea), await sell(shop, tea), await sell(shop, tea)];
  await refundAll(shop, bills[0]);
  const used = offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}-A/2627/00001` });
  const [lent] = await replay(await signInOn(test, shop.emails.cashier, deviceId), shop, [used]);
  return { shop, tea, deviceId, bills, lent: orderOf(lent) };
}

/** The same shop after a restore that lost nothing; `label` is that of its new numbers. */
export async function givenRestoredShop(test: TestApp) {
  const old = await givenOldShop(test);
  await beginEpochs(test);
  const shop = await signInAgain(test, old.shop);
  return { ...old, shop, label: await labelNow(test, shop) };
}

export async function sell(shop: TestShop, product: { id: string }) {
  const { status, body, text } = await shop.cashier.post(`${shop.path}/orders`, saleOf(product));
  expect(status, text).to.equal(201);
  return body;
}

export async function refundAll(shop: TestShop, { id }: { id: string }) {
  const refund = { id: randomUUID(), reason: 'cold' };
  const { status, body, text } = await shop.manager.post(`${shop.path}/orders/${id}/refunds`, refund);
  expect(status, text).to.equal(201);
  return body;
}

/** The notes of `smoocho verify` on a shop's numbers, after checking that it finds nothing wrong. */
export async function soundNotes(test: TestApp, shop: TestShop): Promise<string[]> {
  const { faults, notes } = await accountOf(test, shop);
  expect(faults).to.deep.equal([]);
  return notes;
}

/** A line with a product that only the till knows. */
export const withGoods = (goods: object, line: object = {}) => ({
  items: [{ productId: randomUUID(), quantity: 1, listPrice: '50.00', goods, ...line }],
});

/** A number of the old series, of which `givenOldShop` used 1 to 3. */
export const numbered = (shop: TestShop, n: number, fields: object = {}) => ({
  orderNumber: `${shop.code}/2627/${String(n).padStart(6, '0')}`,
  ...fields,
});

export async function userIdOf({ database }: TestApp, email: string): Promise<string> {
  const db = await database.connect();
  return (await db.query('SELECT id FROM users WHERE email = $1', [email])).rows[0].id;
}
