import { OrderChange } from '../../contract/orders.ts';
import { digitsOfOrder, requireWholeAmounts } from '../shops/whole-amounts.ts';
import type { Order } from './order.entity.ts';

/**
 * Throws `invalid_request` for an amount with decimals where the currency has none, unless the order itself is of before
 * that was held to: then it can be paid to its last fraction.
 */
export function requireWholeChange(
  currency: string,
  { totalMinor }: Pick<Order, 'totalMinor'>,
  change: OrderChange,
): void {
  if (digitsOfOrder(currency, [totalMinor]) === 0) requireWholeAmounts(currency, OrderChange, change);
}
