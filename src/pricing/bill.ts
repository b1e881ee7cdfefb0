import { type Digits, smallestMinor } from '../contract/currencies.ts';
import { MAX_MINOR } from '../contract/money.ts';
import { fieldProblem } from '../contract/problem.ts';
import { apportion, mulDivHalfUp, requireWhole, sum } from './arithmetic.ts';
import { type BillDiscount, discountOn } from './discount.ts';
import { LIMIT, requireFits } from './limit.ts';
import { summarizeTax, type TaxMode, type TaxSplit, type TaxSummary, taxOf, WHOLE } from './tax.ts';

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
  /** Thousandths of a per cent of what is left after all discounts; 0 = none. */
  serviceChargePercent: number;
  taxMode: TaxMode;
  taxSplit: TaxSplit;
  /** Decimals of the currency: with 0 every amount is a multiple of 100 minor units. 2 when absent. */
  digits?: Digits;
};

/** All in minor units. */
export type PricedLine = {
  /** Unit price and modifiers times quantity, before discounts. */
  subtotalMinor: number;
  /** The line's own discount and its share of the bill's. */
  discountMinor: number;
  /** The line's share of the bill's service charge. */
  serviceChargeMinor: number;
  taxMinor: number;
  /** What the line costs the customer, tax included. */
  totalMinor: number;
  /** What the tax is due on: the line after discounts with its service charge, without the tax. */
  taxableMinor: number;
};

/** Sums of the lines' figures, in minor units. */
export type PricedBill = {
  lines: PricedLine[];
  subtotalMinor: number;
  discountMinor: number;
  serviceChargeMinor: number;
  taxMinor: number;
  /** Exact: what a shop rounds its bills to comes after, see `settlePayments`. */
  totalMinor: number;
  taxLines: TaxSummary[];
};

/** A line while it is priced: `valueMinor` is what the discounts so far have left of its subtotal. */
type OpenLine = { line: BillLine; subtotalMinor: number; valueMinor: number };

function openLine(line: BillLine, index: number, maxMinor: number): OpenLine {
  for (const price of [line.unitPriceMinor, ...line.modifierPricesMinor]) requireWhole(price, 'a price');
  requireWhole(line.taxPercent, 'a tax rate');
  const eachMinor = line.unitPriceMinor + sum(line.modifierPricesMinor);
  const subtotalMinor = mulDivHalfUp(eachMinor, line.quantityMilli, 1000);
  if (subtotalMinor > maxMinor) {
    throw fieldProblem(
      'amount_too_large',
      `/items/${index}/quantity`,
      `Line ${index + 1} comes to more than ${LIMIT}, the most a bill can hold. Check its quantity and price.`,
    );
  }
  return { line, subtotalMinor, valueMinor: subtotalMinor - discountOn(subtotalMinor, line.discount) };
}

const worthOf = (lines: OpenLine[]) => sum(lines.map((line) => line.valueMinor));

/**
 * Each line's share of an amount of the bill, by its value. Lines of one value can differ in tax, and which of
 * them gets the odd paisa then shows in the bill's total: they are ranked by what is in them and not by where
 * they stand, so that a bill costs the same in whatever order it was typed. Lines that still tie are alike in
 * every figure.
 */
function shareOut(lines: OpenLine[], amountMinor: number): number[] {
  const ranked = lines.toSorted(
    (a, b) => a.line.taxPercent - b.line.taxPercent || a.subtotalMinor - b.subtotalMinor,
  );
  const shares = apportion(
    amountMinor,
    ranked.map((line) => line.valueMinor),
  );
  const shareOf = new Map(ranked.map((line, rank) => [line, shares[rank]]));
  return lines.map((line) => shareOf.get(line) ?? 0);
}

/** The lines after their shares of the bill's discount. */
function discountBill(lines: OpenLine[], discount: BillDiscount | null): OpenLine[] {
  const shares = shareOut(lines, discountOn(worthOf(lines), discount));
  return lines.map((line, index) => ({ ...line, valueMinor: line.valueMinor - (shares[index] ?? 0) }));
}

/** The service charge on lines after all discounts, rounded half up once for the bill. */
function serviceChargeOn(lines: OpenLine[], percent: number, maxMinor: number): number {
  requireWhole(percent, 'a service charge');
  const chargeMinor = mulDivHalfUp(worthOf(lines), percent, WHOLE);
  requireFits(chargeMinor, maxMinor);
  return chargeMinor;
}

function closeLine(open: OpenLine, serviceChargeMinor: number, { taxMode, taxSplit }: BillInput): PricedLine {
  const amountMinor = open.valueMinor + serviceChargeMinor;
  const taxMinor = taxOf(amountMinor, open.line.taxPercent, taxMode, taxSplit);
  const taxableMinor = taxMode === 'inclusive' ? amountMinor - taxMinor : amountMinor;
  return {
    subtotalMinor: open.subtotalMinor,
    discountMinor: open.subtotalMinor - open.valueMinor,
    serviceChargeMinor,
    taxMinor,
    totalMinor: taxableMinor + taxMinor,
    taxableMinor,
  };
}

/**
 * Prices a bill. Discounts come before tax (CGST Act 2017, s. 15(3)(a)): first each line's own, then the
 * bill's, shared out over the lines; each is capped at what it is taken from. The service charge comes on what
 * is left and is shared out likewise: it is part of the value that is taxed (s. 15(2)(c)), at the rate of what
 * it is charged on (a composite supply, s. 8). Tax is rounded half up per line. The bill's figures are sums of
 * its lines' figures, so reports that add up lines agree to the paisa: inclusive total = subtotal − discount +
 * service charge, exclusive total = subtotal − discount + service charge + tax.
 *
 * A currency without decimals (`digits` 0) is priced in whole units by the same rules: each product of price and quantity,
 * each discount, share, charge and tax is rounded half up to a whole unit.
 *
 * Throws `amount_too_large` when a figure would not fit numeric(10,2), and RangeError when an input is
 * negative or fractional.
 */
export function priceBill(input: BillInput): PricedBill {
  const unit = smallestMinor(input.digits ?? 2);
  return unit === 1
    ? priceUnits(input, MAX_MINOR)
    : billTimes(unit, priceUnits(billBy(unit, input), MAX_MINOR / unit));
}

function discountBy(unit: number, discount: BillDiscount | null): BillDiscount | null {
  return discount?.type === 'flat' ? { ...discount, value: discount.value / unit } : discount;
}

/** Divides a bill's amounts by `unit` minor units. `priceUnits` refuses a remainder. */
const billBy = (unit: number, input: BillInput): BillInput => ({
  ...input,
  discount: discountBy(unit, input.discount),
  lines: input.lines.map((line) => ({
    ...line,
    unitPriceMinor: line.unitPriceMinor / unit,
    modifierPricesMinor: line.modifierPricesMinor.map((price) => price / unit),
    discount: discountBy(unit, line.discount),
  })),
});

/** Multiplies a bill's figures back to minor units. */
const billTimes = (unit: number, { lines, taxLines, ...sums }: PricedBill): PricedBill => ({
  lines: lines.map((line) => timesAll(unit, line)),
  ...timesAll(unit, sums),
  taxLines: taxLines.map(({ name, percent, ...amounts }) => ({ name, percent, ...timesAll(unit, amounts) })),
});

const timesAll = <T extends Record<string, number>>(unit: number, figures: T): T =>
  Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, figure * unit])) as T;

function priceUnits(input: BillInput, maxMinor: number): PricedBill {
  const opened = input.lines.map((line, index) => openLine(line, index, maxMinor));
  const open = discountBill(opened, input.discount);
  const shares = shareOut(open, serviceChargeOn(open, input.serviceChargePercent, maxMinor));
  const lines = open.map((line, index) => closeLine(line, shares[index] ?? 0, input));

  const bill = {
    lines,
    subtotalMinor: sum(lines.map((line) => line.subtotalMinor)),
    discountMinor: sum(lines.map((line) => line.discountMinor)),
    serviceChargeMinor: sum(lines.map((line) => line.serviceChargeMinor)),
    taxMinor: sum(lines.map((line) => line.taxMinor)),
    totalMinor: sum(lines.map((line) => line.totalMinor)),
    taxLines: summarizeTax(
      lines.map((line, index) => ({ ...line, taxPercent: input.lines[index]?.taxPercent ?? 0 })),
      input.taxSplit,
    ),
  };
  requireFits(Math.max(bill.subtotalMinor, bill.totalMinor), maxMinor);
  return bill;
}
