import { OrderChange } from '../../contract/orders.ts';
import { digitsOfOrder, requireWholeAmounts } from '../shops/whole-amounts.ts';
import type { Order } from './order.entity.ts';

/**
 * Throws `invalid_request` for an amount with decimals where the currency has none, unless the order was stored with decimals
 * before that was required: then it can be paid in full.
 */
export function requireWholeChange(
  currency: string,
  { totalMinor }: Pick<Order, 'totalMinor'>,
  change: OrderChange,
): void {
  if (digitsOfOrder(currency, [totalMinor]) === 0) requireWholeAmounts(currency, OrderChange, change);
}
