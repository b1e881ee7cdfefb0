import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { photo } from '../test/support/pictures.ts';
import { send } from './device.ts';
import { smoocho, startSmoocho } from './support.ts';

export const PASSWORD = 'correct horse battery';
export const CASHIER = 'ravi@example.com';

/** A menu of a café: each product with a picture, and a recipe of two items of the stock. */
export const PRODUCTS = 100;
const ITEMS = 20;
/** A phone's photo after its app has reduced it. */
const PHOTO = { width: 1600, height: 1200 };

/** Sets up a shop in `home` over its API, as an owner would. */
export async function makeShop(home: string): Promise<void> {
  const password = join(home, 'password.txt');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const shop = ['--shop-name=Kulfi Corner', '--shop-code=KULF', '--currency=INR', '--timezone=Asia/Kolkata'];
  const owner = ['--owner-name=Asha', '--owner-email=asha@example.com', `--password-file=${password}`];
  await smoocho(home, 'init', '--yes', ...shop, ...owner);
  const server = await startSmoocho(home, '--host=127.0.0.1');
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  try {
    await fillShop(agent, server.ready.url);
  } finally {
    agent.destroy();
    await server.stop();
  }
}

async function fillShop(agent: Agent, url: string): Promise<void> {
  const ask = async (method: string, path: string, body: object | Buffer, token?: string, type?: string) => {
    const answer = await send(agent, url, method, path, {
      body,
      ...(token && { token }),
      ...(type && { type }),
    });
    return JSON.parse(answer.body.toString());
  };
  const login = { email: 'asha@example.com', password: PASSWORD };
  const { accessToken, shops } = await ask('POST', '/api/auth/login', login);
  const base = `/api/shops/${shops[0].id}`;
  const cashier = { name: 'Ravi', email: CASHIER, role: 'cashier', password: PASSWORD };
  await ask('POST', '/api/auth/register', { ...cashier, shopId: shops[0].id }, accessToken);
  const items: string[] = [];
  for (let n = 0; n < ITEMS; n += 1) {
    const item = { name: `Item ${n}`, unit: 'kg', quantity: 100_000, policy: 'warn' };
    items.push((await ask('POST', `${base}/inventory`, item, accessToken)).id);
  }
  const add = async (n: number) => {
    const recipe = [n, n + 1].map((at) => ({ inventoryItemId: items[at % ITEMS], quantity: '0.050' }));
    const category = `Category ${n % 8}`;
    const product = { name: `Product ${n}`, price: `${40 + n}.00`, category, sku: `P${n}`, recipe };
    const { id } = await ask('POST', `${base}/products`, product, accessToken);
    const bytes = await photo(PHOTO.width, PHOTO.height, n).jpeg({ quality: 85 }).toBuffer();
    await ask('PUT', `${base}/products/${id}/image`, bytes, accessToken, 'image/jpeg');
  };
  for (let n = 0; n < PRODUCTS; n += 1) await add(n);
}
