import type { Order as OrderView } from '../../contract/orders.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { stockDifference, stockOfOrder } from '../inventory/sql/stock-of-order.ts';
import { lockOpenShift } from '../shifts/sql/open-shift.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { transact } from '../transact.ts';
import { checkVersion, nextUpdatedAt } from '../versions.ts';
import { decideWaste, hadKitchen } from './edit-bill.ts';
import { findOrder } from './find-orders.ts';
import type { Order } from './order.entity.ts';
import { isOrderClosed, requireAllowed } from './require-allowed.ts';
import { insertVoids } from './sql/insert-voids.ts';
import { markLines } from './sql/replace-lines.ts';
import { viewOrder } from './view-order.ts';
import { wasteVoids } from './write-voids.ts';

type VoidRequest = { reason: string; restock?: boolean | undefined; version?: number | undefined };

/**
 * Voids an order: it keeps its number and leaves the reports. Its payments are returned, and its goods go back to stock
 * unless the kitchen made them or `restock` says otherwise. Throws a refusal of `orderRules`, `version_conflict`.
 */
export async function voidOrder(
  context: Context,
  shopId: string,
  orderId: string,
  { reason, restock, version }: VoidRequest,
): Promise<OrderView> {
  return await transact(context, async (tx) => {
    const parts = await findOrder(tx.em, shopId, orderId, true);
    const { order, payments } = parts;
    const before = viewOrder(parts);
    // A retry.
    if (order.status === 'voided' && order.voidReason === reason) return before;
    checkVersion(version, before);
    const at = tx.app.now();
    const shop = await findShop(tx.em, shopId);
    const businessDate = businessDateAt(at, shop);
    requireAllowed(parts, 'void', await isOrderClosed(tx.em, order, businessDate, { lock: false }));
    order.status = 'voided';
    order.voidReason = reason;
    order.updatedAt = nextUpdatedAt(at, order);
    // Locks come in the order in which every change takes them: the bill, its stock, the shift, the shop's counters.
    const changes = stockDifference(await stockOfOrder(tx.em, shopId, orderId), []);
    const movement = { shopId, changes, reason: 'void', orderId, actor: tx.actor, at, businessDate } as const;
    for (const event of await moveStock(tx.em, movement)) tx.record({ shopId, ...event });
    const isMade = hadKitchen({ status: before.status }, settingsOf(shop));
    const wasted = decideWaste({ ...wholeOf(order), reason }, changes, restock, isMade);
    const voids = await wasteVoids(tx, order, [wasted], businessDate);
    const shiftId = await lockOpenShift(tx.em, shopId, deviceOf(tx.actor));
    // Checked again under lock: its shift may have been counted meanwhile.
    requireAllowed(
      { ...parts, order: { ...order, status: before.status } },
      'void',
      await isOrderClosed(tx.em, order, businessDate, { lock: true }),
    );
    for (const payment of payments) {
      Object.assign(payment, { returnedAt: at, returnedOn: businessDate, returnedShiftId: shiftId });
    }
    await tx.em.flush();
    await markLines(tx.em, order);
    const by = { cashierId: personOf(tx.actor), approvedBy: null, shiftId, businessDate, at };
    await insertVoids(tx.em, voids, { shopId, orderId, ...by });
    const view = viewOrder(parts);
    tx.record({ shopId, type: 'order_updated', data: view, before });
    return view;
  });
}

const wholeOf = ({ itemQuantityMilli, totalMinor }: Order) => ({
  id: undefined,
  lineId: null,
  name: null,
  variantName: null,
  quantityMilli: itemQuantityMilli,
  amountMinor: totalMinor,
});
