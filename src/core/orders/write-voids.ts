import { v7 as uuidv7 } from 'uuid';
import { moveStock } from '../inventory/sql/move-stock.ts';
import type { Transaction } from '../transact.ts';
import type { Order } from './order.entity.ts';
import type { Void } from './sql/insert-voids.ts';

/** Assigns ids to voids and books their waste. The goods were put back to stock before and leave it again. */
export async function wasteVoids(
  tx: Transaction,
  { shopId, id: orderId }: Pick<Order, 'shopId' | 'id'>,
  voids: Void[],
  businessDate: string,
): Promise<(Void & { id: string })[]> {
  const identified = voids.map((voided) => ({ ...voided, id: voided.id ?? uuidv7() }));
  for (const { id: voidId, wasted, reason } of identified) {
    const changes = wasted.map(({ itemId, quantityMilli }) => ({ itemId, quantityMilli: -quantityMilli }));
    const movement = {
      shopId,
      changes,
      reason: 'waste',
      voided: { voidId, orderId },
      note: reason,
      actor: tx.actor,
      at: tx.app.now(),
      businessDate,
      isGone: true,
    } as const;
    for (const event of await moveStock(tx.em, movement)) tx.record({ shopId, ...event });
  }
  return identified;
}
