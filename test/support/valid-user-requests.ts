import { randomUUID } from 'node:crypto';
import { givenDevice } from './device-parts.ts';
import { givePin, PIN, shownBy } from './pin-parts.ts';
import { inShop, unique } from './request-parts.ts';
import type { Builder } from './valid-requests.ts';
import { givenPerson, type World } from './world.ts';

const givenOwnDevice = ({ test, shop }: World) => givenDevice(test, shop, unique('Till'));
const ofCashier = async (world: World) => ({
  ...inShop(world),
  userId: (await givenPerson(world, 'cashier')).id,
});
const email = () => `${randomUUID()}@example.com`;
const NEW_PASSWORD = 'seven lamps over water';

/** Valid requests about people and their PINs. */
export const userRequests: Record<string, Builder[]> = {
  pinLogin: [
    async (world) => {
      const { id } = await givenPerson(world, 'cashier');
      await givePin(world.test, id);
      return { body: { userId: id, pin: PIN, device: shownBy(await givenOwnDevice(world)) } };
    },
  ],
  listPinPeople: [async (world) => ({ body: { device: shownBy(await givenOwnDevice(world)) } })],
  listUsers: [(world) => ({ params: inShop(world) })],
  createUser: [
    (world) => ({
      params: inShop(world),
      body: { email: email(), name: 'Ravi', role: 'cashier', password: NEW_PASSWORD, pin: PIN },
    }),
  ],
  updateUser: [
    async (world) => ({
      params: await ofCashier(world),
      body: {
        name: 'Ravi K',
        email: email(),
        role: 'cashier',
        password: NEW_PASSWORD,
        pin: PIN,
        isDisabled: true,
        version: 1,
      },
    }),
  ],
  deleteUser: [async (world) => ({ params: await ofCashier(world) })],
};
