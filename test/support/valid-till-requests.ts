import { randomInt, randomUUID } from 'node:crypto';
import { saleOf } from './factories.ts';
import { approvalOf, cursorOf, firstDay, inShop, lastDay, lineOf, unique } from './request-parts.ts';
import { countOf, givenShift, movementOf } from './shift-parts.ts';
import type { Builder } from './valid-requests.ts';
import type { World } from './world.ts';

/** Of a drawer of its own: a drawer has one open shift. */
const givenOwnShift = ({ shop }: World) => givenShift(shop, '100.00', { deviceId: unique('till') });

const newPhone = () => `+9198${randomInt(10_000_000, 99_999_999)}`;

async function givenCustomer(world: World) {
  const { shop, sundae } = world;
  const items = [lineOf(world, null)];
  const sale = saleOf(sundae, { items, customerPhone: newPhone(), customerName: unique('Asha') });
  const { status, body, text } = await shop.cashier.post(`${shop.path}/orders`, sale);
  if (status !== 201) throw new Error(`The order was refused: ${text}`);
  return (await shop.cashier.get(`${shop.path}/customers/${body.customerId}`)).body;
}

/** Valid requests about drawers and about customers. */
export const tillRequests: Record<string, Builder[]> = {
  listShifts: [
    async (world) => {
      for (let n = 0; n < 2; n++) await givenOwnShift(world);
      const cursor = await cursorOf(world, '/shifts');
      return {
        params: inShop(world),
        query: { limit: '10', cursor, open: 'true', from: firstDay, to: lastDay },
      };
    },
  ],
  openShift: [
    (world) => ({
      params: inShop(world),
      body: { id: randomUUID(), openingFloat: '1000.00', deviceId: unique('till') },
    }),
  ],
  addCashMovement: [
    async (world) => ({
      params: { ...inShop(world), shiftId: (await givenOwnShift(world)).id },
      body: movementOf('out', '12.50', 'lemons'),
    }),
    async (world) => ({
      params: { ...inShop(world), shiftId: (await givenOwnShift(world)).id },
      body: { ...movementOf('out', '212.50', 'lemons'), approval: approvalOf(world) },
    }),
  ],
  closeShift: [
    async (world) => ({
      params: { ...inShop(world), shiftId: (await givenOwnShift(world)).id },
      body: countOf(1, 5, 'five too many'),
    }),
  ],
  getShiftReport: [
    async (world) => ({ params: { ...inShop(world), shiftId: (await givenOwnShift(world)).id } }),
  ],

  listCustomers: [
    async (world) => {
      const { phone } = await givenCustomer(world);
      await givenCustomer(world);
      const cursor = await cursorOf(world, '/customers');
      return { params: inShop(world), query: { limit: '10', cursor, phone, search: 'ash' } };
    },
  ],
  getCustomer: [
    async (world) => ({ params: { ...inShop(world), customerId: (await givenCustomer(world)).id } }),
  ],
  updateCustomer: [
    async (world) => {
      const { id, version } = await givenCustomer(world);
      const contact = { phone: newPhone(), email: 'asha.rao@example.com', address: '4 Hill Road\nBandra' };
      const body = { name: 'Asha Rao', notes: 'no onions', ...contact, version };
      return { params: { ...inShop(world), customerId: id }, body };
    },
  ],
};
