// The till of deploy/verify.sh: one command a run, against BASE with the root in NODE_EXTRA_CA_CERTS.
//   sell ID           an order under that id; prints its number. The same id again is the same order.
//   picture FILE      sets the picture of the only product
//   figures           the sales report, and the SHA-256 of that picture, as one line of JSON
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const base = process.env.BASE;
/** TIMEOUT_MS: an emulated machine takes longer than a customer waits. */
const timeoutMs = Number(process.env.TIMEOUT_MS ?? 10_000);
const credentials = { email: 'owner@example.com', password: process.env.PASSWORD };

async function request(method, path, { token, body, type = 'application/json' } = {}) {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type }),
    },
    body: type === 'application/json' && body !== undefined ? JSON.stringify(body) : body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

const { accessToken: token, shops } = await request('POST', '/api/auth/login', { body: credentials });
const shop = `/api/shops/${shops[0].id}`;
const listed = await request('GET', `${shop}/products`, { token });
const kulfi =
  listed.data[0] ??
  (await request('POST', `${shop}/products`, { token, body: { name: 'Kulfi', price: '50.00' } }));

const commands = {
  async sell(id) {
    const items = [{ productId: kulfi.id, quantity: 2 }];
    const body = { id, items, paymentMethod: 'cash', expectedTotal: '100.00' };
    return (await request('POST', `${shop}/orders`, { token, body })).orderNumber;
  },
  async picture(file) {
    const path = `${shop}/products/${kulfi.id}/image`;
    await request('PUT', path, { token, body: await readFile(file), type: 'image/png' });
    return 'taken';
  },
  async figures() {
    const { totals } = await request('GET', `${shop}/reports/sales`, { token });
    const picture = await fetch(new URL(kulfi.imageUrl, base), { signal: AbortSignal.timeout(timeoutMs) });
    if (!picture.ok) throw new Error(`The picture: ${picture.status}`);
    const sha256 = createHash('sha256').update(Buffer.from(await picture.arrayBuffer()));
    return JSON.stringify({ orders: totals.orders, total: totals.total, picture: sha256.digest('hex') });
  },
};
const [command, ...args] = process.argv.slice(2);
process.stdout.write(`${await commands[command](...args)}\n`);
