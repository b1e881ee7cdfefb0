import { type Digits, smallestMinor } from '../contract/currencies.ts';
import { mulDiv, mulDivHalfUp, requireWhole, sum } from './arithmetic.ts';
import { type CashSteps, cashAmountOf, cashToReturn } from './rounding.ts';
import type { TaxSplit } from './tax.ts';

/** A line of a bill as it was priced (minor units), with what came back before and what comes back now. */
export type RefundableLine = {
  /** What was sold, in thousandths; above 0. */
  quantityMilli: number;
  /** What the line cost, tax included. */
  totalMinor: number;
  taxMinor: number;
  returnedMilli: number;
  takeMilli: number;
};

/** All in minor units. */
export type PricedRefund = {
  /** Each line's share, before the bill's rounding. */
  lines: { taxMinor: number; totalMinor: number }[];
  taxMinor: number;
  /** What the bill's rounding adds to the lines' shares, or takes from them when negative. */
  roundingMinor: number;
  /** The money that goes back. */
  totalMinor: number;
};

type Share = { netMinor: number; taxMinor: number };

/** One unit of a product in thousandths. */
const UNIT = 1000;

/** The tax of `part` out of `whole`, rounded half up; in pieces of 2 its CGST and SGST stay equal. */
const taxPart = (taxMinor: number, part: number, whole: number, piece: number) =>
  piece * mulDivHalfUp(taxMinor, part, piece * whole);

/** The share of the first `milli` of a line by its total and its tax, each rounded by itself. */
function directShare(line: RefundableLine, milli: number, piece: number): Share {
  const { quantityMilli, totalMinor } = line;
  const taxMinor = taxPart(line.taxMinor, milli, quantityMilli, piece);
  return { netMinor: mulDivHalfUp(totalMinor, milli, quantityMilli) - taxMinor, taxMinor };
}

/**
 * Whether a line can be returned `step` by step with each step worth its tax: what the tax of a step is at
 * most, its exact part rounded up to a piece, is not above what the step is worth at least, rounded down. What
 * is left beside whole steps must be worth its own.
 */
function isSound(line: RefundableLine, step: number, piece: number): boolean {
  const { quantityMilli, totalMinor, taxMinor } = line;
  const least = mulDiv(totalMinor, step, quantityMilli).quotient;
  const most = mulDiv(taxMinor, step, piece * quantityMilli);
  if (piece * (most.quotient + (most.remainder > 0 ? 1 : 0)) > least) return false;
  const wholeSteps = quantityMilli - (quantityMilli % step);
  return directShare(line, wholeSteps, piece).netMinor <= totalMinor - taxMinor;
}

/**
 * What the first `milli` of a line carry. It only grows, in the tax and in the rest, and ends at the line's own
 * figures: the difference of two is never negative and all differences add up to the line, however it is split.
 *
 * Total and tax each rounded by itself would not always keep to that: a spoonful worth 0.01 could hold 0.02 of
 * GST. So they are rounded by themselves at each thousandth where a thousandth is worth enough, else at each
 * unit, with the tax and the rest of a unit rounded within it; a line of next to nothing is one unit. A cup out
 * of three thus goes back at the price of a cup.
 */
function shareUpTo(line: RefundableLine, milli: number, piece: number): Share {
  const { quantityMilli } = line;
  const step = [1, UNIT].find((candidate) => isSound(line, candidate, piece)) ?? quantityMilli;
  const start = milli - (milli % step);
  const from = directShare(line, start, piece);
  if (start === milli) return from;
  const end = Math.min(start + step, quantityMilli);
  const to = directShare(line, end, piece);
  const [part, whole] = [milli - start, end - start];
  return {
    netMinor: from.netMinor + mulDivHalfUp(to.netMinor - from.netMinor, part, whole),
    taxMinor: from.taxMinor + taxPart(to.taxMinor - from.taxMinor, part, whole, piece),
  };
}

/** What a line gives back: its share after this refund less its share before. */
function refundLine(line: RefundableLine, piece: number): { taxMinor: number; totalMinor: number } {
  const before = shareUpTo(line, line.returnedMilli, piece);
  const after = shareUpTo(line, line.returnedMilli + line.takeMilli, piece);
  const taxMinor = after.taxMinor - before.taxMinor;
  return { taxMinor, totalMinor: after.netMinor - before.netMinor + taxMinor };
}

function requireLine(line: RefundableLine, piece: number): void {
  requireWhole(line.quantityMilli, 'a quantity');
  requireWhole(line.taxMinor / piece, 'each tax of a line');
  requireWhole(line.totalMinor - line.taxMinor, 'a total without its tax');
  requireWhole(line.returnedMilli, 'what came back');
  requireWhole(line.takeMilli, 'what comes back');
  requireWhole(line.quantityMilli - line.returnedMilli - line.takeMilli, 'what is left of a line');
}

const returned = (line: RefundableLine) => line.returnedMilli;
const returnedWithThis = (line: RefundableLine) => line.returnedMilli + line.takeMilli;

/** The money that has gone back once the first `milli` of each line have: all of it when every line is back. */
function moneyBack(
  lines: RefundableLine[],
  billMinor: number,
  piece: number,
  milliOf: typeof returned,
): number {
  if (lines.every((line) => milliOf(line) === line.quantityMilli)) return billMinor;
  const shares = lines.map((line) => shareUpTo(line, milliOf(line), piece));
  return Math.min(sum(shares.map((share) => share.netMinor + share.taxMinor)), billMinor);
}

/**
 * Prices a refund of parts of a bill of `totalMinor`, its rounding included. Each line gives back its share of
 * what it cost, and of its tax (a credit note: CGST Act 2017, s. 34). The bill's rounding goes back with what
 * is returned last, or as soon as the shares would pass what the bill came to: no refund is negative, together
 * they never exceed the bill, and once all is returned they equal it, to the paisa.
 *
 * `refundedMinor` is what the refunds before it came to: where one was rounded for cash (`refundInSteps`),
 * this one makes up for the difference. Left out, none was.
 *
 * RangeError when an input is negative or fractional, when more of a line comes back than is left of it, when a
 * tax is above its total, or under GST odd: the caller checks first.
 */
export function priceRefund({ digits = 2, ...refund }: RefundInput): PricedRefund {
  const unit = smallestMinor(digits);
  if (unit === 1) return refundUnits(refund);
  const priced = refundUnits({
    ...refund,
    totalMinor: refund.totalMinor / unit,
    ...(refund.refundedMinor !== undefined && { refundedMinor: refund.refundedMinor / unit }),
    lines: refund.lines.map((line) => ({
      ...line,
      totalMinor: line.totalMinor / unit,
      taxMinor: line.taxMinor / unit,
    })),
  });
  return {
    lines: priced.lines.map(({ taxMinor, totalMinor }) => ({
      taxMinor: taxMinor * unit,
      totalMinor: totalMinor * unit,
    })),
    taxMinor: priced.taxMinor * unit,
    roundingMinor: priced.roundingMinor * unit,
    totalMinor: priced.totalMinor * unit,
  };
}

export type RefundInput = {
  lines: RefundableLine[];
  totalMinor: number;
  taxSplit: TaxSplit;
  /** What the refunds before it came to. */
  refundedMinor?: number;
  /** Decimals of the currency: with 0 every amount is a multiple of 100 minor units, as is every share. 2 when absent. */
  digits?: Digits;
};

function refundUnits(refund: Omit<RefundInput, 'digits'>): PricedRefund {
  const { totalMinor: billMinor, taxSplit } = refund;
  requireWhole(billMinor, 'a total');
  const piece = taxSplit === 'gst' ? 2 : 1;
  for (const line of refund.lines) requireLine(line, piece);
  const lines = refund.lines.map((line) => refundLine(line, piece));
  const { refundedMinor = moneyBack(refund.lines, billMinor, piece, returned) } = refund;
  requireWhole(refundedMinor, 'what was refunded');
  const backMinor = moneyBack(refund.lines, billMinor, piece, returnedWithThis);
  return withTotal(lines, Math.max(backMinor - refundedMinor, 0));
}

const withTotal = (lines: PricedRefund['lines'], totalMinor: number): PricedRefund => ({
  lines,
  taxMinor: sum(lines.map((line) => line.taxMinor)),
  roundingMinor: totalMinor - sum(lines.map((line) => line.totalMinor)),
  totalMinor,
});

/**
 * A refund in multiples of the step, with the difference in its rounding: what is paid out in cash, and any part of an
 * order that cash paid and that comes to a multiple. The next refund of the order makes up for it, and the last one in cash
 * comes to what is left of it in coins: 24.98 by card are 25.00 in coins of 0.05.
 *
 * Refunds before the last never pay out more than is left, `leftMinor`. So whatever the order of methods, they add up to
 * what was paid: to the paisa where that is a multiple of the step or the last doesn't go back in cash, else to within the
 * step.
 */
export function refundInSteps(
  { lines, totalMinor }: PricedRefund,
  steps: CashSteps,
  { leftMinor, isLast }: { leftMinor: number; isLast: boolean },
): PricedRefund {
  requireWhole(leftMinor, 'what is left to refund');
  const inStepsMinor = cashToReturn(totalMinor, steps);
  const isTooMuch = inStepsMinor > leftMinor && !isLast;
  return withTotal(lines, isTooMuch ? cashAmountOf(totalMinor, { ...steps, mode: 'down' }) : inStepsMinor);
}
