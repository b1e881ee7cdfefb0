import { randomUUID } from 'node:crypto';
import { systemContext } from '../../src/app.ts';
import type { NewUser, Role } from '../../src/contract/users.ts';
import { startSession } from '../../src/core/auth/sign-in.ts';
import { claim, isClaimed } from '../../src/core/shops/claim-installation.ts';
import { createShop } from '../../src/core/shops/create-shop.ts';
import type { Shop } from '../../src/core/shops/shop.entity.ts';
import { buildUser, createUser, saveUser } from '../../src/core/users/create-user.ts';
import { findOwner, findUserByEmail } from '../../src/core/users/find-user.ts';
import { query } from '../../src/database/query.ts';
import type { TestApp } from './app.ts';
import { type Client, clientOf } from './client.ts';

export const PASSWORD = 'correct horse battery';

export type TestShop = {
  id: string;
  code: string;
  path: string;
  owner: Client;
  manager: Client;
  cashier: Client;
  emails: Record<Role, string>;
};

const INDIAN = { currency: 'INR', timezone: 'Asia/Kolkata' };

const SAME_PASSWORD = `
  UPDATE users SET password_hash = o.password_hash FROM users o WHERE o.email = $1 AND users.email = ANY ($2)`;

/** A shop with an owner, a manager and a cashier, each signed in. The first one claims the installation. */
export async function givenShop(test: TestApp, code: string, place = INDIAN): Promise<TestShop> {
  const emails = {
    owner: `owner-${code}@example.com`.toLowerCase(),
    manager: `manager-${code}@example.com`.toLowerCase(),
    cashier: `cashier-${code}@example.com`.toLowerCase(),
  };
  const shop = await openShop(test, code, emails.owner, place);
  for (const role of ['manager', 'cashier'] as const) {
    // Without a password, which takes longer to hash than most tests do.
    const newUser = { email: emails[role], name: `${role} of ${code}`, role } as NewUser;
    await createUser(systemContext(test.app, 'test'), shop.id, newUser);
  }
  await query(systemContext(test.app, 'test').em, SAME_PASSWORD, [
    emails.owner,
    [emails.manager, emails.cashier],
  ]);
  const [owner, manager, cashier] = await Promise.all(
    (['owner', 'manager', 'cashier'] as const).map((role) => signedIn(test, emails[role])),
  );
  return { id: shop.id, code, path: `/api/shops/${shop.id}`, owner, manager, cashier, emails } as TestShop;
}

async function openShop({ app }: TestApp, code: string, email: string, place: typeof INDIAN): Promise<Shop> {
  const context = systemContext(app, 'test');
  const newShop = { name: `Shop ${code}`, code, ...place };
  const owner = { email, name: `Owner of ${code}`, password: PASSWORD };
  if (!(await isClaimed(context.em))) return (await claim(context, owner, newShop)).shop as Shop;
  await saveUser(context.em, await buildUser(context, { ...owner, role: 'owner' }, [newShop]));
  return await createShop(context, newShop, (await findOwner(context.em, email)).id);
}

/** Somebody who has shown who they are: to look at the password of each takes longer than most tests do. */
export async function signedIn({ app, url }: TestApp, email: string): Promise<Client> {
  const { em } = systemContext(app, 'test');
  const user = await findUserByEmail(em, email);
  const { accessToken } = await startSession({ app, em }, user, undefined, null, 'password');
  return clientOf(url, accessToken);
}

export async function signIn({ url }: TestApp, email: string, password = PASSWORD): Promise<Client> {
  const { status, body } = await clientOf(url).post('/api/auth/login', { email, password });
  if (status !== 200) throw new Error(`${email} can't sign in: ${JSON.stringify(body)}`);
  return clientOf(url, body.accessToken);
}

/** A product as the menu has it; ids come back in `body`. */
export async function givenProduct(shop: TestShop, fields: Record<string, unknown> = {}) {
  const { status, body } = await shop.manager.post(`${shop.path}/products`, {
    name: `Product ${randomUUID().slice(0, 8)}`,
    price: '100.00',
    ...fields,
  });
  if (status !== 201) throw new Error(`The product was refused: ${JSON.stringify(body)}`);
  return body;
}

export async function givenItem(shop: TestShop, fields: Record<string, unknown> = {}) {
  const { status, body } = await shop.manager.post(`${shop.path}/inventory`, {
    name: `Item ${randomUUID().slice(0, 8)}`,
    unit: 'piece',
    quantity: 100,
    ...fields,
  });
  if (status !== 201) throw new Error(`The item was refused: ${JSON.stringify(body)}`);
  return body;
}

/** A sale as a till sends it. */
export const saleOf = (product: { id: string }, fields: Record<string, unknown> = {}) => ({
  id: randomUUID(),
  items: [{ productId: product.id, quantity: 1 }],
  paymentMethod: 'cash',
  ...fields,
});

/** The events of a shop, as the feed has them. */
export async function eventsOf({ database }: TestApp, shopId: string, type?: string) {
  const client = await database.connect();
  const { rows } = await client.query(
    'SELECT seq::int, type, data, actor FROM events WHERE shop_id = $1 AND ($2::text IS NULL OR type = $2) ORDER BY seq',
    [shopId, type ?? null],
  );
  return rows as { seq: number; type: string; data: Record<string, unknown>; actor: { name: string } }[];
}
