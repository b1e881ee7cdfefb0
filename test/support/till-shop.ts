import { argon2Sync, randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../../src/app.ts';
import { parseMinor } from '../../src/contract/money.ts';
import type { Product } from '../../src/contract/products.ts';
import { newOpaqueToken, signAccessToken } from '../../src/core/auth/tokens.ts';
import { createShop } from '../../src/core/shops/create-shop.ts';
import type { TestApp } from './app.ts';
import { type Client, clientOf } from './client.ts';
import { givenItem, givenProduct, type TestShop } from './factories.ts';
import { ITEMS, MENU } from './till-menu.ts';
import type { Script } from './till-script.ts';

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
  /** The manager's e-mail and password. */
  approval: { email: string; password: string };
  /** The server's clock. */
  now(): Date;
};

const CLASSES = [
  { code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] },
  { code: 'sweet', name: 'Sweets', rates: [{ from: '2017-07-01', percent: '18' }] },
];

let opened = 0;

/** `AAAA`, `AAAB` … */
const nextCode = () =>
  [17_576, 676, 26, 1].map((by) => String.fromCharCode(65 + (Math.floor(opened / by) % 26))).join('');

/** Business days begin late in the evening, so that it is still the day before; then at midnight, and it is the next. */
export const DAY_STARTS = ['23:00', '00:00'] as const;

/** A new shop of `ownerId` under the terms of a script, with its menu, its stock and its tills. */
export async function openTillShop(test: TestApp, ownerId: string, script: Script): Promise<TillShop> {
  const code = nextCode();
  opened += 1;
  const place = { name: `Shop ${code}`, code, currency: 'INR', timezone: 'Asia/Kolkata' };
  const { id } = await createShop(systemContext(test.app, 'test'), place, ownerId);
  const path = `/api/shops/${id}`;
  const { tills, approval } = await givenPeople(test, id, script.days[0]?.length ?? 0);
  const manager = tills[0]?.manager as Client;
  const shop = { id, code, path, tills, manager, approval, now: test.app.now };
  const settings = await manager.put(`${path}/settings`, settingsOf(script));
  if (settings.status !== 200) throw new Error(`The settings were refused: ${settings.text}`);
  const asTestShop = { ...shop, owner: manager, cashier: manager, emails: {} } as unknown as TestShop;
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
    products.push(await givenProduct(asTestShop, { ...product, recipe: parts }));
  }
  const { to } = script.shop.rounding;
  return { ...shop, products, items, stepMinor: to === 'none' ? 1 : (parseMinor(to) as number) };
}

const settingsOf = ({ shop }: Script) => ({
  tax: { mode: shop.taxMode, split: shop.taxSplit, classes: CLASSES, defaultClass: '' },
  serviceCharge: { percent: shop.serviceCharge, orderTypes: ['dine_in'] },
  rounding: shop.rounding,
  kitchen: { enabled: shop.hasKitchen },
  dayStart: DAY_STARTS[0],
});

const PASSWORD = 'the manager stands by';
/** As cheap as argon2id can be, or approvals would take longer than the tills work. */
const HASH = (() => {
  const nonce = randomBytes(16);
  const cost = { nonce, tagLength: 32, memory: 8, passes: 1, parallelism: 1 };
  const tag = argon2Sync('argon2id', { message: Buffer.from(PASSWORD), ...cost });
  const encode = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=8,t=1,p=1$${encode(nonce)}$${encode(tag)}`;
})();

const ADD_PERSON = `
  INSERT INTO users (id, email, password_hash, name, role, shop_id) VALUES ($1, $2, $3, $4, $5, $6)`;
const ADD_SESSION = `
  INSERT INTO sessions (id, user_id, family_hash, refresh_hash, device_id, created_at, last_seen_at, expires_at)
  VALUES ($1, $2, '', $3, $4, $5, $5, $5::timestamptz + interval '30 days')`;

/** A cashier and a manager of the shop, each signed in at every till. */
async function givenPeople(
  { app, url, database }: TestApp,
  shopId: string,
  tills: number,
): Promise<Pick<TillShop, 'tills' | 'approval'>> {
  const db = await database.connect();
  const signedIn: Record<string, Client[]> = {};
  let email = '';
  for (const role of ['cashier', 'manager']) {
    const userId = randomUUID();
    email = `${userId}@example.com`;
    await db.query(ADD_PERSON, [userId, email, HASH, `The ${role}`, role, shopId]);
    signedIn[role] = [];
    for (let n = 0; n < tills; n += 1) {
      const sessionId = uuidv7();
      await db.query(ADD_SESSION, [sessionId, userId, newOpaqueToken().hash, `till-${n}`, app.now()]);
      signedIn[role].push(clientOf(url, signAccessToken(app, { userId, sessionId, generation: 1 })));
    }
  }
  await db.end();
  const people = Array.from({ length: tills }, (_, n) => ({
    cashier: signedIn.cashier?.[n] as Client,
    manager: signedIn.manager?.[n] as Client,
  }));
  return { tills: people, approval: { email, password: PASSWORD } };
}
