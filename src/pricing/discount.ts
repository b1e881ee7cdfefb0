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

/**
 * Whether any line is discounted by more than `limitPercent` of its subtotal (thousandths of a per cent), so
 * that a manager has to approve. One minor unit more is let pass: a discount of exactly the limit on the whole
 * bill is shared out in whole units, and a line may carry the odd one. RangeError on a negative or fractional
 * input.
 */
export function exceedsDiscountLimit(
  lines: { subtotalMinor: number; discountMinor: number }[],
  limitPercent: number,
): boolean {
  requireWhole(limitPercent, 'a discount limit');
  return lines.some(({ subtotalMinor, discountMinor }) => {
    requireWhole(discountMinor, 'a discount');
    return discountMinor > mulDivHalfUp(subtotalMinor, limitPercent, WHOLE) + 1;
  });
}
