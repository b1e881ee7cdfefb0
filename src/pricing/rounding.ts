import { mulDivHalfUp, requireWhole } from './arithmetic.ts';

/**
 * What a shop rounds its bills to, in minor units (100 = 1.00, 5 = 0.05; 0 or 1 = nothing), and which of them:
 * all, or those paid in cash alone, where the smaller coins don't exist (Australia, Canada, Switzerland).
 */
export type Rounding = { stepMinor: number; when: 'always' | 'cash' };

/**
 * What rounding adds to `exactMinor` to make it the nearest multiple of `stepMinor`, half up: from minus half a
 * step to half a step, 0 when the step is 0 or 1. RangeError when either is negative or fractional.
 */
export function roundingOf(exactMinor: number, stepMinor: number): number {
  requireWhole(exactMinor, 'an amount to round');
  requireWhole(stepMinor, 'a step of rounding');
  return stepMinor === 0 ? 0 : mulDivHalfUp(exactMinor, 1, stepMinor) * stepMinor - exactMinor;
}
