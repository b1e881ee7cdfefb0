/**
 * Whole-number arithmetic for bills. A double holds integers exactly up to 2^53; products that could pass it
 * go through BigInt, the others stay on the fast path.
 */

/** Throws a RangeError unless `value` is a whole number from 0 to 2^53 − 1: else the caller has a bug. */
export function requireWhole(value: number, what: string): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(`${what} must be a whole number from 0 up, not ${value}`);
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** a × b ÷ divisor with its remainder. A quotient above 2^53 comes out as the nearest double. */
export function mulDiv(a: number, b: number, divisor: number): { quotient: number; remainder: number } {
  requireWhole(a, 'a factor');
  requireWhole(b, 'a factor');
  requireWhole(divisor, 'a divisor');
  if (divisor === 0) throw new RangeError('a divisor must not be 0');
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) {
    const remainder = product % divisor;
    return { quotient: (product - remainder) / divisor, remainder };
  }
  const exact = BigInt(a) * BigInt(b);
  const by = BigInt(divisor);
  return { quotient: Number(exact / by), remainder: Number(exact % by) };
}

/**
 * a × b ÷ divisor, rounded half up to a whole number. All are whole numbers from 0 up, or else RangeError.
 * Exact up to 2^53 − 1; above it the nearest double, which is good enough to be refused as too large.
 */
export function mulDivHalfUp(a: number, b: number, divisor: number): number {
  const { quotient, remainder } = mulDiv(a, b, divisor);
  return remainder >= divisor - remainder ? quotient + 1 : quotient;
}

/**
 * Splits an amount over `weights` by largest remainder: each share is its exact part rounded down or up, and
 * the shares add up to `totalMinor`. Of equal remainders the heavier weight comes first, then the earlier
 * one, so the amounts that fall to a weight don't hang on the order of the others. No share passes its
 * weight while the total doesn't pass their sum. RangeError on an amount with no weight to carry it.
 */
export function apportion(totalMinor: number, weights: number[]): number[] {
  requireWhole(totalMinor, 'the amount to apportion');
  const whole = sum(weights);
  requireWhole(whole, 'the sum of the weights');
  if (whole === 0 && totalMinor > 0) throw new RangeError('an amount needs a weight above 0 to fall on');
  if (totalMinor === 0) return weights.map(() => 0);

  const parts = weights.map((weight) => {
    const { quotient, remainder } = mulDiv(totalMinor, weight, whole);
    return { weight, remainder, share: quotient };
  });
  const left = totalMinor - sum(parts.map((part) => part.share));
  const byRemainder = parts.toSorted((a, b) => b.remainder - a.remainder || b.weight - a.weight);
  for (const part of byRemainder.slice(0, left)) part.share += 1;
  return parts.map((part) => part.share);
}
