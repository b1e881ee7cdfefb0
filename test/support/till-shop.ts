import { argon2Sync, randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
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
export async function openTillShop(
  test: TestApp,
  { ownerId, db }: { ownerId: string; db: pg.Client },
  script: Script,
): Promise<TillShop> {
  const code = nextCode();
  opened += 1;
  const place = { name: `Shop ${code}`, code, currency: 'INR', timezone: 'Asia/Kolkata' };
  const { id } = await createShop(systemContext(test.app, 'test'), place, ownerId);
  const path = `/api/shops/${id}`;
  const { tills, approval } = await givenPeople(test, db, id, script.days[0]?.length ?? 0);
  const manager = tills[0]?.manager as Client;
  const shop = { id, code, path, tills, manager, approval, now: test.app.now };
  const settings = await manager.put(`${path}/settings`, settingsOf(script));
  if (settings.status !== 200) throw new Error(`The settings were refused: ${settings.text}`);
  const asTestShop = { ...shop, owner: manager, cashier: manager, emails: {} } as unknown as TestShop;
  const items: TillShop['items'] = await Promise.all(
    ITEMS.map(async (item, n) => {
      const start = script.stock[n] as number;
      return { id: (await givenItem(asTestShop, { ...item, quantity: start })).id, start };
    }),
  );
  const products: Product[] = await Promise.all(
    MENU.map(({ recipe, ...product }) => {
      const parts = Object.entries(recipe).map(([n, each]) => ({
        inventoryItemId: items[Number(n)]?.id,
        quantity: each,
      }));
      return givenProduct(asTestShop, { ...product, recipe: parts });
    }),
  );
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

// In one statement, or as many commits would wait for the disk.
const ADD_PEOPLE = `
  WITH people AS (
    INSERT INTO users (id, email, password_hash, name, role, shop_id)
    SELECT id, email, $2, name, role, $3 FROM jsonb_to_recordset($1) AS p (id uuid, email text, name text, role text)
    RETURNING id
  )
  INSERT INTO sessions (id, user_id, family_hash, refresh_hash, device_id, created_at, last_seen_at, expires_at)
  SELECT s.id, people.id, '', s.hash, s.device, $5, $5, $5::timestamptz + interval '30 days'
  FROM jsonb_to_recordset($4) AS s (id uuid, "userId" uuid, hash text, device text) JOIN people ON people.id = s."userId"`;

/** A cashier and a manager of the shop, each signed in at every till. */
async function givenPeople(
  { app, url }: TestApp,
  db: pg.Client,
  shopId: string,
  tills: number,
): Promise<Pick<TillShop, 'tills' | 'approval'>> {
  const [cashier, manager] = ['cashier', 'manager'].map((role) => {
    const id = randomUUID();
    return { id, email: `${id}@example.com`, name: `The ${role}`, role };
  }) as [Person, Person];
  const sessionsOf = ({ id: userId }: Person) =>
    Array.from({ length: tills }, (_, n) => {
      const { hash } = newOpaqueToken();
      return { id: uuidv7(), userId, hash, device: `till-${n}` };
    });
  const sessions = { cashier: sessionsOf(cashier), manager: sessionsOf(manager) };
  const people = JSON.stringify([cashier, manager]);
  const rows = JSON.stringify([...sessions.cashier, ...sessions.manager]);
  await db.query(ADD_PEOPLE, [people, HASH, shopId, rows, app.now()]);
  const clientFor = ({ id: sessionId, userId }: { id: string; userId: string }) =>
    clientOf(url, signAccessToken(app, { userId, sessionId, generation: 1 }));
  return {
    tills: sessions.cashier.map((session, n) => ({
      cashier: clientFor(session),
      manager: clientFor(sessions.manager[n] as typeof session),
    })),
    approval: { email: manager.email, password: PASSWORD },
  };
}

type Person = { id: string; email: string; name: string; role: string };
