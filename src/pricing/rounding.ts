import { mulDiv, mulDivHalfUp, requireWhole } from './arithmetic.ts';

/** To the nearest step, half up; or always to the one above or below. */
export type RoundingMode = 'nearest' | 'up' | 'down';

/**
 * What a shop rounds to, in minor units (100 = 1.00, 5 = 0.05; 0 or 1 = nothing), and which orders: all of them, or only
 * what is paid in cash, where the smaller coins don't exist (Australia, Canada, Switzerland). Cash changes hands in
 * multiples of the step either way. Without a mode, `nearest`.
 */
export type Rounding = { stepMinor: number; when: 'always' | 'cash'; mode?: RoundingMode };

/** The steps in which cash changes hands. */
export type CashSteps = Pick<Rounding, 'stepMinor' | 'mode'>;

/**
 * What rounding adds to `exactMinor` to make it a multiple of `stepMinor`: to the nearest one, half up, or to the one
 * above or below. 0 when the step is 0 or 1. RangeError when either is negative or fractional.
 */
export function roundingOf(exactMinor: number, stepMinor: number, mode: RoundingMode = 'nearest'): number {
  requireWhole(exactMinor, 'an amount to round');
  requireWhole(stepMinor, 'a step of rounding');
  if (stepMinor === 0) return 0;
  if (mode === 'nearest') return mulDivHalfUp(exactMinor, 1, stepMinor) * stepMinor - exactMinor;
  const { remainder } = mulDiv(exactMinor, 1, stepMinor);
  if (remainder === 0) return 0;
  return mode === 'up' ? stepMinor - remainder : -remainder;
}

/** What an amount is in cash: the multiple of the step that rounding leads to. RangeError like `roundingOf`. */
export const cashAmountOf = (exactMinor: number, { stepMinor, mode }: CashSteps): number =>
  exactMinor + roundingOf(exactMinor, stepMinor, mode);

/**
 * What an amount that goes back is in cash. Of it, `up` adds no more than half a step, as `nearest` does: 3.33 by card, in a
 * shop that takes the next 10.00 in cash, goes back as 0.00 and not as 10.00. RangeError like `roundingOf`.
 */
export const cashToReturn = (exactMinor: number, { stepMinor, mode }: CashSteps): number =>
  cashAmountOf(exactMinor, { stepMinor, mode: mode === 'down' ? 'down' : 'nearest' });

/** Whether an amount can change hands in cash. */
export const isInSteps = (amountMinor: number, { stepMinor }: CashSteps): boolean =>
  stepMinor === 0 || amountMinor % stepMinor === 0;
