import { randomUUID } from 'node:crypto';
import type { Device } from '../../src/contract/devices.ts';
import type { TestApp } from './app.ts';
import { type Answer, type Client, clientOf } from './client.ts';
import { PASSWORD, type TestShop } from './factories.ts';

export type PairedDevice = { device: Device; deviceToken: string };

/** A code of the shop that nobody has used yet. */
export async function givenCode(shop: TestShop, name = 'Till'): Promise<string> {
  const { status, body, text } = await shop.manager.post(`${shop.path}/devices`, { name });
  if (status !== 201) throw new Error(`The code was refused: ${text}`);
  return body.code;
}

/** A device that is paired with the shop. */
export async function givenDevice({ url }: TestApp, shop: TestShop, name = 'Till'): Promise<PairedDevice> {
  const code = await givenCode(shop, name);
  const { status, body, text } = await clientOf(url).post('/api/devices/pair', { code });
  if (status !== 201) throw new Error(`The device was not paired: ${text}`);
  return body;
}

/** Signs somebody in on a paired device. */
export const loginOn = (
  { url }: TestApp,
  email: string,
  { device, deviceToken }: PairedDevice,
): Promise<Answer> =>
  clientOf(url).post('/api/auth/login', {
    email,
    password: PASSWORD,
    device: { id: device.id, token: deviceToken },
  });

export async function signInOn(test: TestApp, email: string, paired: PairedDevice): Promise<Client> {
  const { status, body, text } = await loginOn(test, email, paired);
  if (status !== 200) throw new Error(`${email} can't sign in on ${paired.device.name}: ${text}`);
  return clientOf(test.url, body.accessToken);
}

export const leaseOf = (count?: number, fields: object = {}) => ({
  id: randomUUID(),
  ...(count === undefined ? {} : { count }),
  ...fields,
});
