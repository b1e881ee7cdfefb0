import { randomUUID } from 'node:crypto';
import { formatLentNumber } from '../../src/core/devices/lent-number.ts';
import { insertDevice, offlineSaleOf, orderOf, replay } from './offline-parts.ts';
import { billOf, lineOf, TOTAL } from './request-parts.ts';
import type { World } from './world.ts';

const LAST_LENT = `
  SELECT coalesce(max(last_number), 0) AS last FROM number_leases WHERE shop_id = $1 AND series = 'Z'`;

/** Each bill has a number of its own, out of a lease of its own; in each shop they begin at 1. */
const lastLent = new Map<string, number>();

/** A bill as a till keeps it while it is offline, with a number that was lent to some device. */
export async function offlineBill(world: World, ofLine: unknown, ofBill: unknown) {
  // A device of the series may have been lent numbers by the program itself.
  const { rows } = await world.db.query(LAST_LENT, [world.shop.id]);
  const number = Math.max(lastLent.get(world.shop.id) ?? 0, rows[0].last) + 1;
  lastLent.set(world.shop.id, number);
  await insertDevice(world.db, world.shop.id, { series: 'Z', leases: [[number, number]] });
  return {
    id: randomUUID(),
    ...billOf({ ...lineOf(world, ofLine), listPrice: '150.00' }, ofBill),
    placedAt: world.test.app.now().toISOString(),
    orderNumber: formatLentNumber(world.shop.code, { series: 'Z', label: '2627', number }),
  };
}

/** An offline order as a till keeps it after it was confirmed, with all that the till knows of it. */
export async function answeredBill(world: World, ofLine: unknown, ofBill: unknown) {
  const bill = await offlineBill(world, ofLine, ofBill);
  const goods = {
    name: 'Sundae',
    variantName: 'Large',
    category: 'Ice cream',
    sku: 'S-1',
    hsn: '2105',
    taxClass: 'food',
    taxPercent: '5',
    modifiers: [{ id: randomUUID(), name: 'Nuts', price: '20.00' }],
  };
  const answered = {
    total: TOTAL,
    cashier: { id: randomUUID(), name: 'Asha' },
    device: { id: randomUUID(), name: 'Counter' },
  };
  return { ...bill, items: bill.items.map((line) => ({ ...(line as object), goods })), answered };
}

/** A sundae that was sold at another price than today's. */
export async function givenFlaggedOrder(world: World) {
  const { shop, sundae, test } = world;
  const items = [{ ...lineOf(world, null), unitPrice: undefined, listPrice: '1.00' }];
  const [answer] = await replay(shop.cashier, shop, [offlineSaleOf(sundae, test.app.now(), { items })]);
  return orderOf(answer);
}
