import { type Digits, smallestMinor } from '../contract/currencies.ts';
import { mulDiv, mulDivHalfUp, requireWhole, sum } from './arithmetic.ts';
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

type DiscountedLine = { subtotalMinor: number; discountMinor: number };

/**
 * Whether lines are discounted by more than `limitPercent` (thousandths of a per cent), so that a manager has to approve:
 * any line above the limit on its subtotal, rounded up, or all of them together above the limit on their sum or the sum of
 * their limits, each rounded half up. Allows one unit of the currency (`digits`) more per order, on any line, because a
 * discount of exactly the limit is shared out in whole units. RangeError on a negative or fractional input.
 */
export function exceedsDiscountLimit(
  given: DiscountedLine[],
  limitPercent: number,
  digits: Digits = 2,
): boolean {
  const unit = smallestMinor(digits);
  const lines = given.map((line) => ({
    subtotalMinor: line.subtotalMinor / unit,
    discountMinor: line.discountMinor / unit,
  }));
  requireWhole(limitPercent, 'a discount limit');
  for (const { discountMinor } of lines) requireWhole(discountMinor, 'a discount');
  const limitOf = (minor: number) => mulDivHalfUp(minor, limitPercent, WHOLE);
  const excess = lines.map(({ subtotalMinor, discountMinor }) => {
    const { quotient, remainder } = mulDiv(subtotalMinor, limitPercent, WHOLE);
    return Math.max(0, discountMinor - quotient - (remainder > 0 ? 1 : 0));
  });
  const taken = sum(lines.map(({ discountMinor }) => discountMinor));
  const together = Math.max(
    limitOf(sum(lines.map(({ subtotalMinor }) => subtotalMinor))),
    sum(lines.map(({ subtotalMinor }) => limitOf(subtotalMinor))),
  );
  return sum(excess) > 1 || taken > together + 1;
}
