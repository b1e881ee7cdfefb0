import type { Order as OrderView } from '../../contract/orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { stockDifference, stockOfOrder } from '../inventory/sql/stock-of-order.ts';
import { lockOpenShift } from '../shifts/sql/open-shift.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { findOrder } from './find-orders.ts';
import { insertVoids } from './sql/insert-voids.ts';
import { markLines } from './sql/replace-lines.ts';
import { type OrderParts, viewOrder } from './view-order.ts';

/**
 * Voids an order: it keeps its number and leaves the reports, its stock goes back and so does what was paid.
 * Throws `order_closed` for one that is voided already, or of which something was given back.
 */
export async function voidOrder(
  context: Context,
  shopId: string,
  orderId: string,
  { reason, version }: { reason: string; version?: number | undefined },
): Promise<OrderView> {
  return await transact(context, async (tx) => {
    const parts = await findOrder(tx.em, shopId, orderId, true);
    const { order, payments, refunds } = parts;
    const before = viewOrder(parts);
    checkVersion(version, before);
    if (order.status === 'voided') {
      throw new ProblemError('order_closed', { detail: `Bill ${order.orderNumber} is voided already.` });
    }
    if (refunds.length > 0) {
      const detail = `Something of bill ${order.orderNumber} was refunded. Refund the rest of it instead.`;
      throw new ProblemError('order_closed', { detail });
    }
    const at = tx.app.now();
    order.status = 'voided';
    order.voidReason = reason;
    order.updatedAt = new Date(Math.max(at.getTime(), order.updatedAt.getTime() + 1));
    const businessDate = businessDateAt(at, await findShop(tx.em, shopId));
    // Locks come in the order in which every change takes them: the bill, its stock, the shift, the shop's counters.
    const changes = stockDifference(await stockOfOrder(tx.em, shopId, orderId), []);
    const movement = { shopId, changes, reason: 'void', orderId, actor: tx.actor, at } as const;
    for (const event of await moveStock(tx.em, movement)) tx.record({ shopId, ...event });
    const shiftId = await lockOpenShift(tx.em, shopId, deviceOf(tx.actor));
    for (const payment of payments) {
      Object.assign(payment, { returnedAt: at, returnedOn: businessDate, returnedShiftId: shiftId });
    }
    await tx.em.flush();
    await markLines(tx.em, order);
    await recordVoid(tx, parts, { reason, businessDate, shiftId });
    const view = viewOrder(parts);
    tx.record({ shopId, type: 'order_updated', data: view, before });
    return view;
  });
}

async function recordVoid(
  tx: Transaction,
  { order }: OrderParts,
  { reason, businessDate, shiftId }: { reason: string; businessDate: string; shiftId: string | null },
): Promise<void> {
  const whole = {
    id: undefined,
    lineId: null,
    name: null,
    variantName: null,
    quantityMilli: order.itemQuantityMilli,
    amountMinor: order.totalMinor,
    reason,
  };
  await insertVoids(tx.em, [whole], {
    shopId: order.shopId,
    orderId: order.id,
    cashierId: personOf(tx.actor),
    approvedBy: null,
    shiftId,
    businessDate,
    at: tx.app.now(),
  });
}
