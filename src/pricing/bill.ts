import { formatMinor, MAX_MINOR } from '../contract/money.ts';
import { fieldProblem, ProblemError } from '../contract/problem.ts';
import { apportion, mulDivHalfUp, requireWhole, sum } from './arithmetic.ts';
import { summarizeTax, type TaxMode, type TaxSplit, type TaxSummary, taxOf, WHOLE } from './tax.ts';

/** A percentage in thousandths of a per cent (10% = 10000), or an amount in minor units. */
export type BillDiscount = { type: 'percentage'; value: number } | { type: 'flat'; value: number };

/** Prices in minor units, the quantity in thousandths (0.250 kg = 250). */
export type BillLine = {
  unitPriceMinor: number;
  /** Each for one unit of the product, like its price. */
  modifierPricesMinor: number[];
  quantityMilli: number;
  discount: BillDiscount | null;
  taxClass: string | null;
  /** Thousandths of a per cent, as `resolveTaxPercent` gives it; 0 = untaxed. */
  taxPercent: number;
};

export type BillInput = {
  lines: BillLine[];
  discount: BillDiscount | null;
  taxMode: TaxMode;
  taxSplit: TaxSplit;
};

/** All in minor units. */
export type PricedLine = {
  /** Unit price and modifiers times quantity, before discounts. */
  subtotalMinor: number;
  /** The line's own discount and its share of the bill's. */
  discountMinor: number;
  taxMinor: number;
  /** What the line costs the customer, tax included. */
  totalMinor: number;
  /** What the tax is due on: the line after discounts, without the tax. */
  taxableMinor: number;
};

/** Sums of the lines' figures, in minor units. */
export type PricedBill = {
  lines: PricedLine[];
  subtotalMinor: number;
  discountMinor: number;
  taxMinor: number;
  totalMinor: number;
  taxLines: TaxSummary[];
};

/** A line after its own discount. */
type OpenLine = { line: BillLine; subtotalMinor: number; ownDiscountMinor: number; valueMinor: number };

const LIMIT = formatMinor(MAX_MINOR);

/** What a discount takes off `amountMinor`, rounded half up; never more than all of it. */
function discountOn(amountMinor: number, discount: BillDiscount | null): number {
  if (!discount) return 0;
  requireWhole(discount.value, 'a discount');
  const wanted = discount.type === 'flat' ? discount.value : mulDivHalfUp(amountMinor, discount.value, WHOLE);
  return Math.min(wanted, amountMinor);
}

function openLine(line: BillLine, index: number): OpenLine {
  for (const price of [line.unitPriceMinor, ...line.modifierPricesMinor]) requireWhole(price, 'a price');
  requireWhole(line.taxPercent, 'a tax rate');
  const eachMinor = line.unitPriceMinor + sum(line.modifierPricesMinor);
  const subtotalMinor = mulDivHalfUp(eachMinor, line.quantityMilli, 1000);
  if (subtotalMinor > MAX_MINOR) {
    throw fieldProblem(
      'amount_too_large',
      `/items/${index}/quantity`,
      `Line ${index + 1} comes to more than ${LIMIT}, the most a bill can hold. Check its quantity and price.`,
    );
  }
  const ownDiscountMinor = discountOn(subtotalMinor, line.discount);
  return { line, subtotalMinor, ownDiscountMinor, valueMinor: subtotalMinor - ownDiscountMinor };
}

/**
 * Each line's share of the bill's discount, by its value after its own. Lines of one value can differ in tax,
 * and which of them gets the odd paisa then shows in the bill's total: they are ranked by what is in them and
 * not by where they stand, so that a bill costs the same in whatever order it was typed.
 */
function shareDiscount(lines: OpenLine[], discountMinor: number): Map<OpenLine, number> {
  const ranked = lines.toSorted(
    (a, b) => a.line.taxPercent - b.line.taxPercent || a.subtotalMinor - b.subtotalMinor,
  );
  const shares = apportion(
    discountMinor,
    ranked.map((line) => line.valueMinor),
  );
  return new Map(ranked.map((line, rank) => [line, shares[rank] ?? 0]));
}

function closeLine(open: OpenLine, shareMinor: number, { taxMode, taxSplit }: BillInput): PricedLine {
  const amountMinor = open.valueMinor - shareMinor;
  const taxMinor = taxOf(amountMinor, open.line.taxPercent, taxMode, taxSplit);
  const taxableMinor = taxMode === 'inclusive' ? amountMinor - taxMinor : amountMinor;
  return {
    subtotalMinor: open.subtotalMinor,
    discountMinor: open.ownDiscountMinor + shareMinor,
    taxMinor,
    totalMinor: taxableMinor + taxMinor,
    taxableMinor,
  };
}

/**
 * Prices a bill. Discounts come before tax (CGST Act 2017, s. 15(3)(a)): first each line's own, then the
 * bill's, shared out over the lines; each is capped at what it is taken from. Tax is rounded half up per
 * line. The bill's figures are sums of its lines' figures, so reports that add up lines agree to the paisa:
 * inclusive total = subtotal − discount, exclusive total = subtotal − discount + tax.
 *
 * Throws `amount_too_large` when a figure would not fit numeric(10,2), and RangeError when an input is
 * negative or fractional.
 */
export function priceBill(input: BillInput): PricedBill {
  const open = input.lines.map(openLine);
  const billDiscountMinor = discountOn(sum(open.map((line) => line.valueMinor)), input.discount);
  const shares = shareDiscount(open, billDiscountMinor);
  const lines = open.map((line) => closeLine(line, shares.get(line) ?? 0, input));

  const bill = {
    lines,
    subtotalMinor: sum(lines.map((line) => line.subtotalMinor)),
    discountMinor: sum(lines.map((line) => line.discountMinor)),
    taxMinor: sum(lines.map((line) => line.taxMinor)),
    totalMinor: sum(lines.map((line) => line.totalMinor)),
    taxLines: summarizeTax(
      lines.map((line, index) => ({ ...line, taxPercent: input.lines[index]?.taxPercent ?? 0 })),
      input.taxSplit,
    ),
  };
  if (Math.max(bill.subtotalMinor, bill.totalMinor) > MAX_MINOR) {
    throw new ProblemError('amount_too_large', {
      detail: `The bill comes to more than ${LIMIT}, the most it can hold. Split it into several bills.`,
    });
  }
  return bill;
}
