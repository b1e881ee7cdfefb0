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

/** What restoring a backup that was made just now comes to: nothing is lost, and an epoch begins. */
export const beginEpochs = (
  { app }: Pick<TestApp, 'app'>,
  { reason = 'restored', backup = { id: 'test', madeAt: app.now() }, ...more }: Partial<NewEpochs> = {},
) => beginEpoch(systemContext(app, 'restore'), { reason, backup, ...more });

/** What `smoocho restore` does to a database that holds a backup, before a server runs on it. */
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

/** The people of a shop sign in anew, as they have to after a restore. */
export async function signInAgain(test: TestApp, shop: TestShop): Promise<TestShop> {
  const { owner, manager, cashier } = shop.emails;
  return {
    ...shop,
    owner: await signedIn(test, owner),
    manager: await signedIn(test, manager),
    cashier: await signedIn(test, cashier),
  };
}

/** What stands in the numbers that a shop gives now. */
export async function labelNow({ app }: TestApp, shop: TestShop, fiscalYear = '2627'): Promise<string> {
  return seriesLabel(await findEpoch(app.orm.em.fork(), shop.id), fiscalYear);
}

/** What `smoocho verify` says of a shop's numbers, and finds wrong anywhere. */
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

/** A shop that sold three bills, refunded the first and lent a device numbers 1 to 10, of which it used the first. */
export async function givenOldShop(test: TestApp) {
  const shop = await givenShop(test, `E${letter(Math.floor(shops / 26))}${letter(shops)}`);
  shops += 1;
  const tea = await givenProduct(shop, { name: 'Tea', price: '100.00', category: 'Drinks' });
  const db = await test.database.connect();
  const deviceId = await insertDevice(db, shop.id, { leases: [[1, 10]] });
  const bills = [await sell(shop, tea), await sell(shop, tea), await sell(shop, tea)];
  await refundAll(shop, bills[0]);
  const used = offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}-A/2627/00001` });
  const [lent] = await replay(await signInOn(test, shop.emails.cashier, deviceId), shop, [used]);
  return { shop, tea, deviceId, bills, lent: orderOf(lent) };
}

/** The same after a restore of a backup that had all of it; `label` is that of its numbers since. */
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

/** What `smoocho verify` notes on the numbers of a shop in which it finds nothing wrong. */
export async function soundNotes(test: TestApp, shop: TestShop): Promise<string[]> {
  const { faults, notes } = await accountOf(test, shop);
  expect(faults).to.deep.equal([]);
  return notes;
}

/** A line of goods that only the till knows. */
export const withGoods = (goods: object, line: object = {}) => ({
  items: [{ productId: randomUUID(), quantity: 1, listPrice: '50.00', goods, ...line }],
});

/** A number of the series of before that the books of `givenOldShop` end with 3 of. */
export const numbered = (shop: TestShop, n: number, fields: object = {}) => ({
  orderNumber: `${shop.code}/2627/${String(n).padStart(6, '0')}`,
  ...fields,
});

export async function userIdOf({ database }: TestApp, email: string): Promise<string> {
  const db = await database.connect();
  return (await db.query('SELECT id FROM users WHERE email = $1', [email])).rows[0].id;
}
