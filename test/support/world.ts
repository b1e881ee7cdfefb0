import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Product } from '../../src/contract/products.ts';
import type { Role } from '../../src/contract/users.ts';
import { formatRefreshToken, hashesOf, newRefreshToken } from '../../src/core/auth/refresh-token.ts';
import { signAccessToken } from '../../src/core/auth/tokens.ts';
import type { TestApp } from './app.ts';
import { givenItem, givenProduct, givenShop, saleOf, type TestShop } from './factories.ts';

/** A shop at work: it has tax, a stock that moved, a menu and bills, so that every route has work to do. */
export type World = {
  test: TestApp;
  db: pg.Client;
  shop: TestShop;
  milk: { id: string };
  sundae: Product;
};

/** Somebody signed in, made for one test alone: whatever a request does to them disturbs nobody else. */
export type Person = {
  id: string;
  email: string;
  role: Role;
  sessionId: string;
  accessToken: string;
  refreshToken: string;
};

export async function givenWorld(test: TestApp, code: string): Promise<World> {
  const shop = await givenShop(test, code);
  const db = await test.database.connect();
  // What the tests prepare may be lost in a crash; it need not wait for the disk.
  await db.query('SET synchronous_commit = off');
  await resetSettings(shop);
  const milk = await givenItem(shop, { name: 'Milk', unit: 'litre', quantity: 100_000 });
  await givenItem(shop, { name: 'Sugar' });
  await shop.manager.put(`${shop.path}/inventory/${milk.id}`, { adjust: '5', reason: 'purchase' });
  const world = { test, db, shop, milk };
  const sundae = await givenSundae(world);
  await givenSundae(world);
  for (const price of [10, 20]) {
    const product = await givenProduct(shop, { price });
    await shop.cashier.post(`${shop.path}/orders`, saleOf(product));
  }
  return { ...world, sundae };
}

/** The settings that the valid requests count on: prices with tax in them, and the class `food`. */
export async function resetSettings(shop: TestShop): Promise<void> {
  const food = { code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] };
  const tax = { mode: 'inclusive', classes: [food], defaultClass: 'food' };
  const { status, text } = await shop.manager.put(`${shop.path}/settings`, { tax, dayStart: '00:00' });
  if (status !== 200) throw new Error(`The settings were refused: ${text}`);
}

/** A product with everything that a product can have; a large one with one topping is 170.00. */
export async function givenSundae({ shop, milk }: Pick<World, 'shop' | 'milk'>): Promise<Product> {
  return await givenProduct(shop, {
    name: `Sundae ${randomUUID()}`,
    price: '100.00',
    taxClass: 'food',
    category: 'Ice cream',
    variants: [
      { name: 'Large', price: '150.00', sku: `S-${randomUUID()}`, barcode: `B-${randomUUID()}` },
      { name: 'Small', price: '90.00' },
    ],
    modifierGroups: [{ name: 'Toppings', min: 0, max: 2, modifiers: [{ name: 'Nuts', price: '20.00' }] }],
    recipe: [{ inventoryItemId: milk.id, quantity: '0.250' }],
  });
}

const COPY_PERSON = `
  WITH person AS (
    INSERT INTO users (id, email, password_hash, name, role, shop_id)
    SELECT $1, $2, password_hash, name, role, shop_id FROM users WHERE email = $3
    RETURNING id
  )
  INSERT INTO sessions (id, user_id, family_hash, refresh_hash, created_at, last_seen_at, expires_at)
  SELECT $4, id, $5, $6, $7, $7, $7::timestamptz + interval '30 days' FROM person`;

/**
 * A copy of the shop's owner, manager or cashier, with a session as signing in makes it: no password is hashed
 * for it, so that each test can have somebody of its own.
 */
export async function givenPerson({ test: { app }, db, shop }: World, role: Role): Promise<Person> {
  const [id, sessionId] = [uuidv7(), uuidv7()];
  const email = `${role}-${id}@example.com`;
  const refresh = newRefreshToken(sessionId);
  const { familyHash, refreshHash } = hashesOf(refresh);
  await db.query(COPY_PERSON, [id, email, shop.emails[role], sessionId, familyHash, refreshHash, app.now()]);
  const accessToken = signAccessToken(app, { userId: id, sessionId, generation: 1 });
  return { id, email, role, sessionId, accessToken, refreshToken: formatRefreshToken(refresh) };
}

/** Another session of the same person, of which they have no token here. */
export async function givenSession({ test: { app }, db }: World, { id: userId }: Person): Promise<string> {
  const id = uuidv7();
  const { familyHash, refreshHash } = hashesOf(newRefreshToken(id));
  await db.query(
    `INSERT INTO sessions (id, user_id, family_hash, refresh_hash, created_at, last_seen_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $5, $5::timestamptz + interval '30 days')`,
    [id, userId, familyHash, refreshHash, app.now()],
  );
  return id;
}

/**
 * What the whole database holds, or all of one shop's, a line a table: how many rows, and a hash of all of them. Two that
 * are equal mean that nothing changed in between. When somebody was last seen is no
 * change, and neither is what a refusal leaves: its record, and the count of wrong PINs.
 */
export async function fingerprint(db: pg.Client, shopId?: string): Promise<Record<string, string>> {
  const tables = await watchedTables(db, shopId === undefined ? undefined : 'shop_id');
  const where = shopId === undefined ? '' : `WHERE shop_id = '${shopId}'`;
  const queries = tables.map(
    (table) => `
      SELECT '${table}' AS name,
             count(*) || ' rows, ' || md5(coalesce(string_agg(line, '' ORDER BY line), '')) AS hash
      FROM (SELECT (to_jsonb(t) - 'last_seen_at' - 'pin_failures')::text AS line FROM "${table}" t ${where}) lines`,
  );
  const { rows } = await db.query(queries.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, hash }) => [name, hash]));
}

/** The id of every row that has one. */
export async function idsIn(db: pg.Client): Promise<Set<string>> {
  const { rows } = await db.query(
    `SELECT table_name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name = 'id' AND data_type = 'uuid'`,
  );
  const ids = await db.query(
    rows.map(({ table_name }) => `SELECT id::text FROM "${table_name}"`).join(' UNION '),
  );
  return new Set(ids.rows.map(({ id }) => id));
}

/** The tables where a change is one: all of them, or those that have the column. */
export async function watchedTables(db: pg.Client, column?: string): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT table_name FROM information_schema.tables t
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT IN ('audit_chains', 'audit_seals', 'security_log')
       AND ($1::text IS NULL OR EXISTS (
       SELECT FROM information_schema.columns c
       WHERE c.table_schema = 'public' AND c.table_name = t.table_name AND c.column_name = $1))
     ORDER BY table_name`,
    [column ?? null],
  );
  return rows.map(({ table_name }) => table_name);
}
