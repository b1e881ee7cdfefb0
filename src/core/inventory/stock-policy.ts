import { type Fault, ProblemError } from '../../contract/problem.ts';
import type { MovedItem } from './sql/move-stock.ts';

/**
 * Refuses a sale that took more than there was of an item whose policy is `deny`; the transaction must roll back.
 * Throws `out_of_stock` naming every such item and what was left of it.
 */
export function checkStock(moved: MovedItem[]): void {
  const short = moved.filter(
    (item) => item.policy === 'deny' && Number(item.quantity) < 0 && Number(item.delta) < 0,
  );
  if (short.length === 0) return;
  const errors: Fault[] = short.map((item) => ({
    pointer: '/items',
    detail: `${item.name}: ${leftOf(item)}`,
  }));
  throw new ProblemError('out_of_stock', {
    detail: `Not enough stock of ${short.map((item) => `${item.name} (${leftOf(item)})`).join(', ')}.`,
    errors,
  });
}

function leftOf({ quantity, delta, unit }: MovedItem): string {
  const leftMilli = Math.round((Number(quantity) - Number(delta)) * 1000);
  return `${Math.max(0, leftMilli) / 1000} ${unit} left`;
}
