import type { EntityManager } from '@mikro-orm/postgresql';
import type { AnsweredSale, OfflineOrder } from '../../contract/offline-orders.ts';
import type { OrderFlag, Order as OrderView } from '../../contract/orders.ts';
import { Id } from '../../contract/primitives.ts';
import { query } from '../../database/query.ts';
import { type Actor, deviceOf, personOf } from '../context.ts';
import type { LentTo } from '../devices/leases-of-numbers.ts';
import { labelOfBefore, type RestoredBooks } from '../epochs/numbers-before.ts';
import { seriesLabel } from '../epochs/series-label.ts';
import type { SaleShop } from './sql/load-for-sale.ts';

/** Of the people and devices that the orders of a batch name, those that the shop knows. */
export type KnownSellers = { people: ReadonlySet<string>; devices: ReadonlySet<string> };

export const NO_SELLERS: KnownSellers = { people: new Set(), devices: new Set() };

// Also who was disabled, and devices that were revoked: they sold it.
const KNOWN_SELLERS = `
  SELECT coalesce((
      SELECT jsonb_agg(u.id) FROM users u JOIN shops s ON s.id = $1 AND (s.id = u.shop_id OR s.owner_id = u.id)
      WHERE u.id = ANY ($2::uuid[])), '[]') AS people,
    coalesce((SELECT jsonb_agg(d.id) FROM devices d WHERE d.shop_id = $1 AND d.id = ANY ($3::uuid[])), '[]') AS devices`;

export async function findSellers(
  em: EntityManager,
  shopId: string,
  answered: AnsweredSale[],
): Promise<KnownSellers> {
  if (answered.length === 0) return NO_SELLERS;
  const people = answered.flatMap(({ cashier }) => cashier?.id ?? []);
  const devices = answered.flatMap(({ device }) => {
    const id = Id.safeParse(device?.id);
    return id.success ? id.data : [];
  });
  const [row] = await query<{ people: string[]; devices: string[] }>(em, KNOWN_SELLERS, [
    shopId,
    [...new Set(people)],
    [...new Set(devices)],
  ]);
  return { people: new Set(row?.people), devices: new Set(row?.devices) };
}

type Terms = {
  shop: SaleShop;
  restored: RestoredBooks | null;
  sellers: KnownSellers;
};

/**
 * Whether an order bears a number of before a restore: one that the lost books gave or lent. `lent` is its lease, as far as
 * the books know one. What such an order says of its answer is taken; of any other it says nothing.
 */
export function isOfBefore(
  { shop, restored }: Terms,
  orderNumber: string | undefined,
  lent: LentTo | undefined,
): boolean {
  if (!restored || orderNumber === undefined) return false;
  if (lent) return lent.label !== seriesLabel(shop.epoch, lent.fiscalYear);
  return labelOfBefore(shop.code, restored, orderNumber) !== undefined;
}

/**
 * Whether an order of the books is the one that a till was answered, by its number and its time. After a restore without the keys
 * the hash of one with a phone number is another.
 */
export const isAsAnswered = (
  { restored }: Pick<Terms, 'restored'>,
  { orderNumber, placedAt, answered }: OfflineOrder,
  order: OrderView,
): boolean =>
  restored !== null &&
  answered !== undefined &&
  orderNumber === order.orderNumber &&
  Date.parse(placedAt) === Date.parse(order.createdAt);

/** Who sold an order and on what, as the books have it. */
export type Seller = { cashierId: string | null; deviceId: string | null; flags: OrderFlag[] };

/**
 * Of an order that comes back, who its till says; whom and what the shop doesn't know, the sender stands for. What the seller
 * was allowed is not looked at: an order is never more than its sender may sell.
 */
export function sellerOf(
  { sellers }: Terms,
  actor: Actor,
  { answered }: Pick<OfflineOrder, 'answered'>,
): Seller {
  const own = { cashierId: personOf(actor), deviceId: deviceOf(actor) };
  const { cashier, device } = answered ?? {};
  const deviceId = Id.safeParse(device?.id).data ?? device?.id;
  const isKnownPerson = !cashier || cashier.id === own.cashierId || sellers.people.has(cashier.id);
  const isKnownDevice = !deviceId || deviceId === own.deviceId || sellers.devices.has(deviceId);
  const flags: OrderFlag[] = [];
  if (!isKnownPerson) {
    const detail = `${cashier.name || 'Somebody'}, who sold it, is not known to this shop any more.`;
    flags.push({ code: 'unknown_cashier', detail });
  }
  if (!isKnownDevice) {
    const detail = `It was sold on ${device?.name || 'a device'}, which is not known to this shop any more.`;
    flags.push({ code: 'unknown_device', detail });
  }
  return {
    cashierId: cashier && isKnownPerson ? cashier.id : own.cashierId,
    deviceId: deviceId && isKnownDevice ? deviceId : own.deviceId,
    flags,
  };
}
