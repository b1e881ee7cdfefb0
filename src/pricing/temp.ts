import { mulDivHalfUp } from './arithmetic.ts';
export const exceedsDiscountLimit = (
  lines: { subtotalMinor: number; discountMinor: number }[],
  limit: number,
) => lines.some((l) => l.discountMinor > mulDivHalfUp(l.subtotalMinor, limit, 100_000) + 1);
