import { randomUUID } from 'node:crypto';
import type { TestApp } from './app.ts';
import type { Client } from './client.ts';
import { clientOf } from './client.ts';
import { PASSWORD, type TestShop } from './factories.ts';

/** Somebody of the shop, signed in on a till of its own. */
export async function tillOf({ url }: TestApp, shop: TestShop, deviceId: string): Promise<Client> {
  const credentials = { email: shop.emails.cashier, password: PASSWORD };
  const device = { id: deviceId, name: `Till ${deviceId}` };
  const { status, body, text } = await clientOf(url).post('/api/auth/login', { ...credentials, device });
  if (status !== 200) throw new Error(`The cashier can't sign in on ${deviceId}: ${text}`);
  return clientOf(url, body.accessToken);
}

/** A shift as a till opens it. */
export const floatOf = (openingFloat: string, fields: object = {}) => ({
  id: randomUUID(),
  openingFloat,
  ...fields,
});

/** An open shift of the main drawer, unless `fields` name another one. */
export async function givenShift(shop: TestShop, openingFloat = '1000.00', fields: object = {}) {
  const { status, body, text } = await shop.cashier.post(
    `${shop.path}/shifts`,
    floatOf(openingFloat, fields),
  );
  if (status !== 201) throw new Error(`The shift was refused: ${text}`);
  return body;
}

export const movementOf = (type: 'in' | 'out', amount: string, reason = 'change from the bank') => ({
  id: randomUUID(),
  type,
  amount,
  reason,
});

/** A drawer that holds so many hundreds and so many single coins. */
export const countOf = (hundreds: number, ones: number, note = '') => ({
  denominations: [
    { value: '100.00', count: hundreds },
    { value: 1, count: ones },
  ],
  note,
});
