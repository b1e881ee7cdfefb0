import { expect } from 'chai';
import fc from 'fast-check';
import {
  type BillInput,
  type CashSteps,
  isInSteps,
  mulDivHalfUp,
  type PricedRefund,
  priceBill,
  priceRefund,
  type RefundableLine,
  refundInSteps,
  roundingOf,
} from '../../src/pricing/index.ts';
import { anyBill, readVectors, sumOf, tightBill } from './support.ts';

type Input = Parameters<typeof priceRefund>[0];

const soldLine = (line: Partial<RefundableLine> = {}): RefundableLine => ({
  quantityMilli: 3000,
  totalMinor: 30_000,
  taxMinor: 4576,
  returnedMilli: 0,
  takeMilli: 1000,
  ...line,
});

const refundOf = (line: Partial<RefundableLine>, rest: Partial<Input> = {}) =>
  priceRefund({ lines: [soldLine(line)], totalMinor: 30_000, taxSplit: 'gst', ...rest });

/** Lines of a few paisa that are nearly all tax, in odd quantities: dearer taxes than any law's. */
const steepSale: fc.Arbitrary<Input> = fc
  .record({
    lines: fc.array(
      fc.record({ quantityMilli: fc.integer({ min: 1, max: 3500 }), tax: fc.nat(20), net: fc.nat(20) }),
      {
        maxLength: 4,
      },
    ),
    taxSplit: fc.constantFrom('gst', 'igst'),
    offMinor: fc.integer({ min: -10, max: 10 }),
  })
  .map(({ lines, taxSplit, offMinor }) => {
    const sold = lines.map(({ quantityMilli, tax, net }) => {
      const taxMinor = taxSplit === 'gst' ? 2 * tax : tax;
      return soldLine({ quantityMilli, taxMinor, totalMinor: net + taxMinor, takeMilli: 0 });
    });
    const exactMinor = sumOf(sold.map((line) => line.totalMinor));
    return { lines: sold, totalMinor: sold.length > 0 ? Math.max(exactMinor + offMinor, 0) : 0, taxSplit };
  });

/** A bill as it was sold, rounding included, and what to return of it, in turn: per mille of what is left. */
const anySale = fc
  .record({
    sale: fc.oneof(
      fc.tuple(fc.oneof(anyBill, tightBill), fc.constantFrom(0, 5, 50, 100)).map((sold) => sell(...sold)),
      steepSale,
    ),
    rounds: fc.array(fc.array(fc.oneof(fc.constantFrom(0, 1, 500, 1000), fc.nat(1000)), { minLength: 1 }), {
      minLength: 1,
      maxLength: 4,
    }),
    isByUnit: fc.boolean(),
  })
  .map(({ sale, ...rest }) => ({ ...sale, ...rest }));

function sell(bill: BillInput, stepMinor: number): Input {
  const priced = priceBill(bill);
  return {
    lines: priced.lines.map(({ totalMinor, taxMinor }, index) => {
      const { quantityMilli = 1 } = bill.lines[index] ?? {};
      return { quantityMilli, totalMinor, taxMinor, returnedMilli: 0, takeMilli: 0 };
    }),
    totalMinor: priced.totalMinor + roundingOf(priced.totalMinor, stepMinor),
    taxSplit: bill.taxSplit,
  };
}

/** Returns a bill in rounds, and in a last one all that is left of it. */
function returnAll({ lines, rounds, isByUnit, ...bill }: Input & { rounds: number[][]; isByUnit: boolean }) {
  let left = lines;
  return [...rounds, [1000]].map((shares, round) => {
    const asked = left.map((line, index) => {
      const leftMilli = line.quantityMilli - line.returnedMilli;
      const takeMilli = mulDivHalfUp(leftMilli, shares[index % shares.length] ?? 0, 1000);
      const isCut = isByUnit && round < rounds.length;
      return { ...line, takeMilli: isCut ? takeMilli - (takeMilli % 1000) : takeMilli };
    });
    left = asked.map((line) => ({ ...line, returnedMilli: line.returnedMilli + line.takeMilli }));
    return { asked, refund: priceRefund({ ...bill, lines: asked }) };
  });
}

/** How a refund is paid out in cash. */
type InCash = { steps: CashSteps; leftMinor: number; isLast: boolean };

describe('refundInSteps', () => {
  for (const { name, input, expected } of readVectors<Input & { cash: InCash }, PricedRefund>(
    'refunds-cash.json',
  )) {
    it(name, () => {
      const { steps, ...rest } = input.cash;
      expect(refundInSteps(priceRefund(input), steps, rest)).to.deep.equal(expected);
    });
  }
});

describe('priceRefund', () => {
  for (const file of ['refunds.json', 'refunds-whole-units.json']) {
    for (const { name, input, expected } of readVectors<Input, PricedRefund>(file)) {
      it(name, () => expect(priceRefund(input)).to.deep.equal(expected));
    }
  }

  it('refuses more than is left of a line', () => {
    expect(() => refundOf({ takeMilli: 3001 })).to.throw(RangeError);
    expect(() => refundOf({ returnedMilli: 2000, takeMilli: 1001 })).to.throw(RangeError);
    expect(refundOf({ returnedMilli: 2000, takeMilli: 1000 }).totalMinor).to.equal(10_000);
  });

  it('refuses what no bill can hold', () => {
    const wrong: Partial<RefundableLine>[] = [
      { quantityMilli: 0, takeMilli: 0 },
      { quantityMilli: 3000.5 },
      { totalMinor: -1 },
      { totalMinor: 0.5 },
      { totalMinor: 4574 },
      { taxMinor: -2 },
      { taxMinor: 4575 },
      { returnedMilli: -1 },
      { takeMilli: -1 },
      { takeMilli: 0.5 },
    ];
    for (const line of wrong) expect(() => refundOf(line), JSON.stringify(line)).to.throw(RangeError);
    for (const totalMinor of [-1, 0.5]) expect(() => refundOf({}, { totalMinor })).to.throw(RangeError);
    expect(refundOf({ taxMinor: 4575 }, { taxSplit: 'igst' }).taxMinor).to.equal(1525);
  });

  it('prices whole units by total and tax, each rounded half up, where a unit is worth 0.06 and more', () => {
    const check = (units: number, take: number, eachMinor: number, rate: number, isSplit: boolean) => {
      const [quantityMilli, takeMilli] = [units * 1000, Math.min(take, units) * 1000];
      const piece = isSplit ? 2 : 1;
      const taxMinor = piece * mulDivHalfUp(units * eachMinor, rate, piece * (100 + rate));
      const line = { quantityMilli, totalMinor: units * eachMinor, taxMinor, takeMilli };
      const { lines } = refundOf(line, { taxSplit: isSplit ? 'gst' : 'igst' });
      const share = {
        totalMinor: (takeMilli / 1000) * eachMinor,
        taxMinor: piece * mulDivHalfUp(taxMinor, takeMilli, piece * quantityMilli),
      };
      expect(lines).to.deep.equal([share]);
    };
    const anyUnits = fc.integer({ min: 1, max: 50 });
    const anyPrice = fc.oneof(fc.integer({ min: 6, max: 300 }), fc.integer({ min: 6, max: 50_000 }));
    const rates = fc.constantFrom(0, 5, 12, 18, 28, 40);
    fc.assert(fc.property(anyUnits, anyUnits, anyPrice, rates, fc.boolean(), check), { numRuns: 500 });
  });
});

describe('any sequence of refunds of a bill', () => {
  type Round = ReturnType<typeof returnAll>[number];
  const property = (check: (sale: Input, rounds: Round[]) => void) =>
    fc.assert(
      fc.property(anySale, (sale) => check(sale, returnAll(sale))),
      { numRuns: 1000 },
    );

  it('adds up to exactly what the bill came to, line by line too', () => {
    property((sale, rounds) => {
      const refunds = rounds.map(({ refund }) => refund);
      expect(sumOf(refunds.map((refund) => refund.totalMinor))).to.equal(sale.totalMinor);
      for (const [index, line] of sale.lines.entries()) {
        const sumOver = (figure: 'taxMinor' | 'totalMinor') =>
          sumOf(refunds.map((refund) => refund.lines[index]?.[figure] ?? 0));
        expect([sumOver('totalMinor'), sumOver('taxMinor')]).to.deep.equal([line.totalMinor, line.taxMinor]);
      }
    });
  });

  it('has no negative and no fractional figure, rounding aside, and never more tax than total on a line', () => {
    property((sale, rounds) => {
      for (const { refund } of rounds) {
        const { roundingMinor, lines, ...sums } = refund;
        expect(sums.taxMinor).to.equal(sumOf(lines.map((line) => line.taxMinor)));
        expect(sums.totalMinor).to.equal(sumOf(lines.map((line) => line.totalMinor)) + roundingMinor);
        for (const figure of [...lines, sums].flatMap((part) => Object.values(part))) {
          expect(Number.isSafeInteger(figure) && figure >= 0, String(figure)).to.equal(true);
        }
        for (const line of lines) {
          expect(line.taxMinor).to.be.at.most(line.totalMinor);
          if (sale.taxSplit === 'gst') expect(line.taxMinor % 2).to.equal(0);
        }
      }
    });
  });

  it('never gives back more than the bill came to on the way', () => {
    property((sale, rounds) => {
      let backMinor = 0;
      for (const { refund } of rounds) {
        backMinor += refund.totalMinor;
        expect(backMinor).to.be.at.most(sale.totalMinor);
      }
    });
  });

  it('gives each line its exact part but for the odd units of its roundings', () => {
    property((_, rounds) => {
      for (const { asked, refund } of rounds) {
        for (const [index, { quantityMilli, takeMilli, totalMinor }] of asked.entries()) {
          const part = mulDivHalfUp(totalMinor, takeMilli, quantityMilli);
          expect((refund.lines[index]?.totalMinor ?? 0) - part).to.be.within(-4, 4);
        }
      }
    });
  });
});

describe('any sequence of refunds, some of them in cash', () => {
  const anySteps = fc.record({
    stepMinor: fc.constantFrom(0, 5, 10, 25, 50, 100, 500),
    mode: fc.constantFrom('nearest' as const, 'nearest' as const, 'up' as const, 'down' as const),
  });

  it('pays out multiples of the step in cash, and adds up to what was paid, whatever the order of methods', () => {
    type Sale = Parameters<typeof returnAll>[0];
    const check = (sale: Sale, steps: CashSteps, isPaidInCash: boolean, inCash: boolean[]) => {
      const { lines: _, ...bill } = sale;
      const isMultiple = isInSteps(bill.totalMinor, steps);
      const isPaidInSteps = isPaidInCash && isMultiple;
      let refundedMinor = 0;
      let lastInCash = false;
      for (const [round, { asked }] of returnAll(sale).entries()) {
        const isLast = asked.every((line) => line.returnedMilli + line.takeMilli === line.quantityMilli);
        const leftMinor = Math.max(bill.totalMinor - refundedMinor, 0);
        const priced = priceRefund({ ...bill, lines: asked, refundedMinor });
        lastInCash = inCash[round % inCash.length] as boolean;
        const isStepped = lastInCash || (isPaidInSteps && !isLast);
        const refund = isStepped ? refundInSteps(priced, steps, { leftMinor, isLast }) : priced;
        expect(refund.totalMinor).to.be.at.least(0);
        expect(refund.totalMinor).to.equal(
          refund.roundingMinor + sumOf(refund.lines.map((line) => line.totalMinor)),
        );
        if (lastInCash) expect(isInSteps(refund.totalMinor, steps)).to.equal(true);
        expect(2 * (refund.totalMinor - priced.totalMinor)).to.be.at.most(steps.stepMinor);
        refundedMinor += refund.totalMinor;
        if (isLast) break;
        expect(refundedMinor).to.be.at.most(bill.totalMinor);
      }
      const isExact = !lastInCash || isPaidInSteps || (inCash.every(Boolean) && isMultiple);
      if (isExact) expect(refundedMinor).to.equal(bill.totalMinor);
      expect(Math.abs(refundedMinor - bill.totalMinor)).to.be.below(Math.max(steps.stepMinor, 1));
    };
    const anyMethods = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(anySale, anySteps, fc.boolean(), anyMethods, check), { numRuns: 2000 });
  });
});
