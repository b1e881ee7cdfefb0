import { formatMinor, MAX_MINOR } from '../contract/money.ts';
import { ProblemError } from '../contract/problem.ts';

/** The largest amount there is, as a person reads it. */
export const LIMIT = formatMinor(MAX_MINOR);

/** Throws `amount_too_large` when a figure of the bill doesn't fit numeric(10,2). */
export function requireFits(figureMinor: number, maxMinor: number = MAX_MINOR): void {
  if (figureMinor <= maxMinor) return;
  throw new ProblemError('amount_too_large', {
    detail: `The bill comes to more than ${LIMIT}, the most it can hold. Split it into several bills.`,
  });
}
