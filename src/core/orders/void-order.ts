import type { Order as OrderView } from '../../contract/orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { Context } from '../context.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { stockDifference, stockOfOrder } from '../inventory/sql/stock-of-order.ts';
import { transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { findOrder } from './find-orders.ts';
import { markLines } from './sql/replace-lines.ts';
import { viewOrder } from './view-order.ts';

/** Voids an order: it keeps its number and leaves the reports, its stock goes back. Throws `order_closed`. */
export async function voidOrder(
  context: Context,
  shopId: string,
  orderId: string,
  { reason, version }: { reason: string; version?: number | undefined },
): Promise<OrderView> {
  return await transact(context, async (tx) => {
    const { order, payments } = await findOrder(tx.em, shopId, orderId, true);
    checkVersion(version, viewOrder(order, payments));
    if (order.status === 'voided') {
      throw new ProblemError('order_closed', { detail: `Bill ${order.orderNumber} is voided already.` });
    }
    const at = tx.app.now();
    order.status = 'voided';
    order.voidReason = reason;
    order.updatedAt = at;
    await tx.em.flush();
    await markLines(tx.em, order);
    const changes = stockDifference(await stockOfOrder(tx.em, shopId, orderId), []);
    await moveStock(tx.em, { shopId, changes, reason: 'void', orderId, actor: tx.actor, at });
    const view = viewOrder(order, payments);
    tx.record({ shopId, type: 'order_updated', data: view });
    return view;
  });
}
