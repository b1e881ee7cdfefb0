import type { Order as OrderView } from '../../contract/orders.ts';
import { type Context, personOf } from '../context.ts';
import { transact } from '../transact.ts';
import { nextUpdatedAt } from '../versions.ts';
import { findOrder } from './find-orders.ts';
import { viewOrder } from './view-order.ts';

/** Says that somebody looked at what an order is flagged for; once is enough. Throws `not_found`. */
export async function reviewOrder(context: Context, shopId: string, orderId: string): Promise<OrderView> {
  return await transact(context, async (tx) => {
    const parts = await findOrder(tx.em, shopId, orderId, true);
    const { order } = parts;
    if (order.flags.length === 0 || order.reviewedAt) return viewOrder(parts);
    const before = viewOrder(parts);
    const at = tx.app.now();
    order.reviewedBy = personOf(tx.actor);
    order.reviewedAt = at;
    order.updatedAt = nextUpdatedAt(at, order);
    await tx.em.flush();
    const view = viewOrder(parts);
    tx.record({ shopId, type: 'order_updated', data: view, before });
    return view;
  });
}
