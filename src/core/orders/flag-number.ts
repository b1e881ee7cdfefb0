import type { Order as OrderView } from '../../contract/orders.ts';
import type { Context } from '../context.ts';
import { transact } from '../transact.ts';
import { nextUpdatedAt } from '../versions.ts';
import { findOrder } from './find-orders.ts';
import { viewOrder } from './view-order.ts';

/**
 * Notes that a till printed another number on a bill than the books have: it sold, heard no answer, took the sale for one
 * that it made alone, and printed a number that was lent to it. Once is enough. Throws `not_found`.
 */
export async function flagPrintedNumber(
  context: Context,
  shopId: string,
  orderId: string,
  printed: string,
): Promise<OrderView> {
  return await transact(context, async (tx) => {
    const parts = await findOrder(tx.em, shopId, orderId, true);
    const { order } = parts;
    if (order.flags.some(({ code }) => code === 'number_differs')) return viewOrder(parts);
    const before = viewOrder(parts);
    const at = tx.app.now();
    const detail = `The till printed ${printed}; on the books it is ${order.orderNumber}.`;
    order.flags = [...order.flags, { code: 'number_differs', detail }];
    order.reviewedBy = null;
    order.reviewedAt = null;
    order.updatedAt = nextUpdatedAt(at, order);
    await tx.em.flush();
    const view = viewOrder(parts);
    tx.record({ shopId, type: 'order_updated', data: view, before });
    return view;
  });
}
