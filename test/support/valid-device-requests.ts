import { givenCode, givenDevice, leaseOf } from './device-parts.ts';
import { PASSWORD } from './factories.ts';
import { cursorOf, inShop, unique } from './request-parts.ts';
import type { Builder } from './valid-requests.ts';
import type { Person, World } from './world.ts';

const givenOwnDevice = ({ test, shop }: World) => givenDevice(test, shop, unique('Till'));
const ofDevice = (world: World, deviceId: string) => ({ ...inShop(world), deviceId });

/** Puts somebody who is signed in already on a device. */
const putOn = ({ db }: World, { sessionId }: Person, deviceId: string) =>
  db.query('UPDATE sessions SET device_id = $2 WHERE id = $1', [sessionId, deviceId]);

/** Signing in on a paired device. */
export const loginOnDevice: Builder = async (world) => {
  const { device, deviceToken } = await givenOwnDevice(world);
  const email = world.shop.emails.cashier;
  return { body: { email, password: PASSWORD, device: { id: device.id, token: deviceToken } } };
};

/** Valid requests about devices. */
export const deviceRequests: Record<string, Builder[]> = {
  listDevices: [
    async (world) => {
      for (let n = 0; n < 2; n += 1) await givenOwnDevice(world);
      return { params: inShop(world), query: { limit: '10', cursor: await cursorOf(world, '/devices') } };
    },
  ],
  createPairingCode: [
    async (world) => {
      // Those that were made for nothing but to be refused: there are so many at most.
      await world.db.query('DELETE FROM pairing_codes WHERE shop_id = $1', [world.shop.id]);
      return { params: inShop(world), body: { name: unique('Till') } };
    },
  ],
  pairDevice: [async ({ shop }) => ({ body: { code: await givenCode(shop), name: unique('Till') } })],
  renameDevice: [
    async (world) => {
      const { device } = await givenOwnDevice(world);
      return {
        params: ofDevice(world, device.id),
        body: { name: unique('Terrace'), version: device.version },
      };
    },
  ],
  revokeDevice: [async (world) => ({ params: ofDevice(world, (await givenOwnDevice(world)).device.id) })],
  leaseNumbers: [
    async (world, person) => {
      const { device } = await givenOwnDevice(world);
      await putOn(world, person, device.id);
      const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
      return { params: ofDevice(world, device.id), body: leaseOf(10, { day }) };
    },
  ],
};
