import { mulDivHalfUp, requireWhole } from './arithmetic.ts';
import { WHOLE } from './tax.ts';

/** A percentage in thousandths of a per cent (10% = 10000), or an amount in minor units. */
export type BillDiscount = { type: 'percentage'; value: number } | { type: 'flat'; value: number };

/** What a discount takes off `amountMinor`, rounded half up; never more than all of it. */
export function discountOn(amountMinor: number, discount: BillDiscount | null): number {
  if (!discount) return 0;
  requireWhole(discount.value, 'a discount');
  const wanted = discount.type === 'flat' ? discount.value : mulDivHalfUp(amountMinor, discount.value, WHOLE);
  return Math.min(wanted, amountMinor);
}
