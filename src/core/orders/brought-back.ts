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

/** The people and devices named in a batch of orders that the shop knows. */
export type KnownSellers = { people: ReadonlySet<string>; devices: ReadonlySet<string> };

export const NO_SELLERS: KnownSellers = { people: new Set(), devices: new Set() };

// Includes disabled users and revoked devices: they made the sale.
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
 * Whether an order number was given or lent before a restore, so that its order may be lost. `lent` is its number block, if
 * still known. `answered` counts only for such orders.
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
 * Whether a stored order is the one that the till got in response, by number and time. Needed because after a restore without
 * the keys, an order with a phone number has another request fingerprint.
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

/** Seller and device of an order, as stored. */
export type Seller = { cashierId: string | null; deviceId: string | null; flags: OrderFlag[] };

/**
 * Seller of an order sent again after a restore, as its till says; the sender replaces a person or device that the shop doesn't
 * know. The seller's permissions are not checked: an order is never more than its sender may sell.
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
