import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../../src/app.ts';
import { parseMinor } from '../../src/contract/money.ts';
import type { Product } from '../../src/contract/products.ts';
import { newOpaqueToken, signAccessToken } from '../../src/core/auth/tokens.ts';
import { createShop } from '../../src/core/shops/create-shop.ts';
import type { TestApp } from './app.ts';
import { type Client, clientOf } from './client.ts';
import { givenItem, givenProduct, type TestShop } from './factories.ts';
import { ITEMS, MENU, type Script } from './till-script.ts';

/** A till with two people at it: the cashier, and the manager who comes over for what a cashier may not do. */
export type Till = { cashier: Client; manager: Client };
export type TillShop = {
  id: string;
  code: string;
  path: string;
  tills: Till[];
  manager: Client;
  products: Product[];
  items: { id: string; start: number }[];
  /** What cash is a multiple of, in minor units; 1 without rounding. */
  stepMinor: number;
};

const CLASSES = [
  { code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] },
  { code: 'sweet', name: 'Sweets', rates: [{ from: '2017-07-01', percent: '18' }] },
];

let opened = 0;

/** `AAAA`, `AAAB` … */
const nextCode = () =>
  [17_576, 676, 26, 1].map((by) => String.fromCharCode(65 + (Math.floor(opened / by) % 26))).join('');

/** A new shop under the terms of a script, with its menu, its stock and its tills; `first` has the owner. */
export async function openTillShop(test: TestApp, first: TestShop, script: Script): Promise<TillShop> {
  const code = nextCode();
  opened += 1;
  const { body: profile } = await first.owner.get('/api/auth/profile');
  const place = { name: `Shop ${code}`, code, currency: 'INR', timezone: 'Asia/Kolkata' };
  const { id } = await createShop(systemContext(test.app, 'test'), place, profile.user.id);
  const path = `/api/shops/${id}`;
  const people = await givenPeople(test, id, script.tills.length);
  const manager = people[0]?.manager as Client;
  const shop = { id, code, path, tills: people, manager };
  const settings = await manager.put(`${path}/settings`, settingsOf(script));
  if (settings.status !== 200) throw new Error(`The settings were refused: ${settings.text}`);
  const asTestShop = { ...first, ...shop } as TestShop;
  const items: TillShop['items'] = [];
  for (const [n, item] of ITEMS.entries()) {
    const start = script.stock[n] as number;
    items.push({ id: (await givenItem(asTestShop, { ...item, quantity: start })).id, start });
  }
  const products: Product[] = [];
  for (const { recipe, ...product } of MENU) {
    const parts = Object.entries(recipe).map(([n, each]) => ({
      inventoryItemId: items[Number(n)]?.id,
      quantity: each,
    }));
    products.push(await givenProduct(asTestShop, { ...product, soldBy: 'weight', recipe: parts }));
  }
  const { to } = script.shop.rounding;
  return { ...shop, products, items, stepMinor: to === 'none' ? 1 : (parseMinor(to) as number) };
}

const settingsOf = ({ shop }: Script) => ({
  tax: { mode: shop.taxMode, split: shop.taxSplit, classes: CLASSES, defaultClass: '' },
  serviceCharge: { percent: shop.serviceCharge, orderTypes: ['dine_in'] },
  rounding: shop.rounding,
  kitchen: { enabled: shop.hasKitchen },
});

// Without passwords: hashing them would take longer than the tills work.
const ADD_PERSON = `
  INSERT INTO users (id, email, password_hash, name, role, shop_id) VALUES ($1, $2, '', $3, $4, $5)`;
const ADD_SESSION = `
  INSERT INTO sessions (id, user_id, family_hash, refresh_hash, device_id, created_at, last_seen_at, expires_at)
  VALUES ($1, $2, '', $3, $4, $5, $5, $5::timestamptz + interval '30 days')`;

/** A cashier and a manager of the shop, each signed in at every till. */
async function givenPeople({ app, url, database }: TestApp, shopId: string, tills: number): Promise<Till[]> {
  const db = await database.connect();
  const signedIn: Record<string, Client[]> = {};
  for (const role of ['cashier', 'manager']) {
    const userId = randomUUID();
    await db.query(ADD_PERSON, [userId, `${userId}@example.com`, `The ${role}`, role, shopId]);
    signedIn[role] = [];
    for (let n = 0; n < tills; n += 1) {
      const sessionId = uuidv7();
      await db.query(ADD_SESSION, [sessionId, userId, newOpaqueToken().hash, `till-${n}`, app.now()]);
      signedIn[role].push(clientOf(url, signAccessToken(app, { userId, sessionId, generation: 1 })));
    }
  }
  await db.end();
  return Array.from({ length: tills }, (_, n) => ({
    cashier: signedIn.cashier?.[n] as Client,
    manager: signedIn.manager?.[n] as Client,
  }));
}
