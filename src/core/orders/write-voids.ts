import { v7 as uuidv7 } from 'uuid';
import { moveStock } from '../inventory/sql/move-stock.ts';
import type { Transaction } from '../transact.ts';
import type { Void } from './sql/insert-voids.ts';

/** Assigns ids to voids and books their waste. The goods were put back to stock before and leave it again. */
export async function wasteVoids(
  tx: Transaction,
  shopId: string,
  voids: Void[],
): Promise<(Void & { id: string })[]> {
  const identified = voids.map((voided) => ({ ...voided, id: voided.id ?? uuidv7() }));
  for (const { id: voidId, wasted, reason } of identified) {
    const changes = wasted.map(({ itemId, quantityMilli }) => ({ itemId, quantityMilli: -quantityMilli }));
    const movement = {
      shopId,
      changes,
      reason: 'waste',
      voidId,
      note: reason,
      actor: tx.actor,
      at: tx.app.now(),
      isGone: true,
    } as const;
    for (const event of await moveStock(tx.em, movement)) tx.record({ shopId, ...event });
  }
  return identified;
}
