import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { ProblemError } from '../../src/contract/problem.ts';
import type { BillDiscount, BillInput, BillLine } from '../../src/pricing/index.ts';

const vectorsAt = new URL('vectors/', import.meta.url);

export type Vector<Input, Expected> = { name: string; input: Input; expected: Expected };

export const vectorFiles = readdirSync(vectorsAt).filter((name) => name.endsWith('.json'));

export function readVectors<Input, Expected>(file: string): Vector<Input, Expected>[] {
  return JSON.parse(readFileSync(new URL(file, vectorsAt), 'utf8'));
}

export function expectProblem(act: () => unknown): ProblemError {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(ProblemError);
    return error as ProblemError;
  }
  throw new Error('no problem was thrown');
}

export const sumOf = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** Usual rates, the halves of which are odd, awkward or no thousandth at all, and any other. */
export const anyRate = fc.oneof(
  fc.constantFrom(0, 125, 250, 3000, 5000, 8875, 12000, 18000, 28000, 40000),
  fc.integer({ min: 0, max: 100_000 }),
);

const anyDiscount: fc.Arbitrary<BillDiscount | null> = fc.option(
  fc.oneof(
    fc.record({ type: fc.constant('percentage' as const), value: fc.integer({ min: 0, max: 100_000 }) }),
    fc.record({ type: fc.constant('flat' as const), value: fc.integer({ min: 0, max: 50_000 }) }),
  ),
);

/** Usual service charges, none among them, and any other. */
const anyServiceCharge = fc.oneof(
  fc.constantFrom(0, 0, 5000, 7500, 10_000, 12_500),
  fc.integer({ min: 0, max: 100_000 }),
);

/** Small prices make ties and odd paisa likely; large ones leave the range of exact doubles on the way. */
const anyPrice = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 40_000_000 }));
const anyQuantity = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map((count) => count * 1000),
  fc.integer({ min: 1, max: 5000 }),
);

const anyLine: fc.Arbitrary<BillLine> = fc.record({
  unitPriceMinor: anyPrice,
  modifierPricesMinor: fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 3 }),
  quantityMilli: anyQuantity,
  discount: anyDiscount,
  taxClass: fc.constant(null),
  taxPercent: anyRate,
});

export const anyBill: fc.Arbitrary<BillInput> = fc.record({
  lines: fc.array(anyLine, { maxLength: 20 }),
  discount: anyDiscount,
  serviceChargePercent: anyServiceCharge,
  taxMode: fc.constantFrom('inclusive', 'exclusive'),
  taxSplit: fc.constantFrom('none', 'gst', 'igst'),
});

/** Few values for each figure, so that nearly all lines tie with another that differs in something else. */
export const tightBill: fc.Arbitrary<BillInput> = fc.record({
  lines: fc.array(
    fc.record({
      unitPriceMinor: fc.constantFrom(20, 21),
      modifierPricesMinor: fc.constant([]),
      quantityMilli: fc.constant(1000),
      discount: fc.constantFrom(null, { type: 'flat' as const, value: 1 }),
      taxClass: fc.constant(null),
      taxPercent: fc.constantFrom(5000, 18000),
    }),
    { maxLength: 8 },
  ),
  discount: fc.record({ type: fc.constant('flat' as const), value: fc.integer({ min: 1, max: 20 }) }),
  serviceChargePercent: fc.constantFrom(0, 1000, 5000, 10_000),
  taxMode: fc.constantFrom('inclusive', 'exclusive'),
  taxSplit: fc.constantFrom('none', 'gst', 'igst'),
});

export const plainLine = (unitPriceMinor: number, taxPercent = 0): BillLine => ({
  unitPriceMinor,
  modifierPricesMinor: [],
  quantityMilli: 1000,
  discount: null,
  taxClass: null,
  taxPercent,
});
