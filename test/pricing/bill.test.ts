import { expect } from 'chai';
import fc from 'fast-check';
import { type BillInput, mulDivHalfUp, type PricedBill, priceBill } from '../../src/pricing/index.ts';
import {
  anyBill,
  anyRate,
  expectProblem,
  plainLine,
  readVectors,
  sumOf,
  tightBill,
  vectorFiles,
} from './support.ts';

type Refused = { problem: string; pointers: string[] };

const summed = [
  'subtotalMinor',
  'discountMinor',
  'serviceChargeMinor',
  'taxMinor',
  'totalMinor',
] as const satisfies (keyof PricedBill)[];

const sumsOf = ({ lines: _lines, ...sums }: PricedBill) => sums;
const shapeOf = (bill: PricedBill) => bill.lines.map((line) => JSON.stringify(line)).sort();

describe('priceBill', () => {
  for (const file of vectorFiles.filter((name) => name.startsWith('bill-'))) {
    describe(file, () => {
      for (const { name, input, expected } of readVectors<BillInput, PricedBill | Refused>(file)) {
        it(name, () => {
          if ('lines' in expected) return expect(priceBill(input)).to.deep.equal(expected);
          const { code, errors = [] } = expectProblem(() => priceBill(input));
          expect(code).to.equal(expected.problem);
          expect(errors.map((error) => error.pointer)).to.deep.equal(expected.pointers);
        });
      }
    });
  }

  it('says in words which line or bill is too large', () => {
    const bill = (prices: number[]): BillInput => ({
      lines: prices.map((price) => ({ ...plainLine(price), quantityMilli: 2000 })),
      discount: null,
      serviceChargePercent: 0,
      taxMode: 'inclusive',
      taxSplit: 'none',
    });
    expect(expectProblem(() => priceBill(bill([1, 5_000_000_000]))).detail).to.equal(
      'Line 2 comes to more than 99999999.99, the most a bill can hold. Check its quantity and price.',
    );
    expect(expectProblem(() => priceBill(bill([3_000_000_000, 3_000_000_000]))).detail).to.equal(
      'The bill comes to more than 99999999.99, the most it can hold. Split it into several bills.',
    );
  });

  it('refuses negative and fractional inputs', () => {
    const bill = (line: object, serviceChargePercent = 0): BillInput => ({
      lines: [{ ...plainLine(100), ...line }],
      discount: null,
      serviceChargePercent,
      taxMode: 'inclusive',
      taxSplit: 'none',
    });
    const wrong = [
      { unitPriceMinor: -1 },
      { unitPriceMinor: 0.5 },
      { modifierPricesMinor: [-1] },
      { quantityMilli: 0.25 },
      { discount: { type: 'flat', value: -1 } },
      { discount: { type: 'percentage', value: 12.5 } },
      { taxPercent: -5000 },
      { taxPercent: Number.NaN },
    ];
    for (const line of wrong) expect(() => priceBill(bill(line)), JSON.stringify(line)).to.throw(RangeError);
    for (const percent of [-1, 0.5]) expect(() => priceBill(bill({}, percent))).to.throw(RangeError);
  });
});

describe('any bill', () => {
  const property = (check: (input: BillInput, bill: PricedBill) => void) =>
    fc.assert(
      fc.property(anyBill, (input) => check(input, priceBill(input))),
      { numRuns: 500 },
    );

  it('is the sum of its parts', () => {
    property((input, bill) => {
      for (const figure of summed) {
        expect(bill[figure]).to.equal(sumOf(bill.lines.map((line) => line[figure])));
      }
      expect(sumOf(bill.taxLines.map((line) => line.amountMinor))).to.equal(bill.taxMinor);
      for (const line of bill.lines) expect(line.totalMinor).to.equal(line.taxableMinor + line.taxMinor);
      for (const part of [bill, ...bill.lines]) {
        const onTop = input.taxMode === 'exclusive' ? part.taxMinor : 0;
        expect(part.totalMinor).to.equal(
          part.subtotalMinor - part.discountMinor + part.serviceChargeMinor + onTop,
        );
      }
    });
  });

  it('has no negative and no fractional figure', () => {
    property((_, { lines, taxLines, ...sums }) => {
      const figures = [...lines, ...taxLines, { ...sums }].flatMap((part) => Object.values(part));
      for (const figure of figures) {
        if (typeof figure === 'number') expect(Number.isSafeInteger(figure) && figure >= 0).to.equal(true);
      }
    });
  });

  it('takes each discount from the line that carries it, never more than the line', () => {
    property((_, bill) => {
      for (const line of bill.lines) expect(line.discountMinor).to.be.at.most(line.subtotalMinor);
    });
  });

  it('bears its service charge on what discounts leave, each line within a unit of its part', () => {
    property((input, bill) => {
      const charge = (valueMinor: number) => mulDivHalfUp(valueMinor, input.serviceChargePercent, 100_000);
      expect(bill.serviceChargeMinor).to.equal(charge(bill.subtotalMinor - bill.discountMinor));
      for (const line of bill.lines) {
        const valueMinor = line.subtotalMinor - line.discountMinor;
        expect(line.serviceChargeMinor - charge(valueMinor)).to.be.within(-1, 1);
        if (valueMinor === 0) expect(line.serviceChargeMinor).to.equal(0);
      }
    });
  });

  it('costs the same in whatever order it was typed', () => {
    const shuffled = fc
      .oneof(anyBill, tightBill)
      .chain((input) =>
        fc
          .shuffledSubarray(input.lines, { minLength: input.lines.length })
          .map((lines) => ({ input, lines })),
      );
    const check = ({ input, lines }: { input: BillInput; lines: BillInput['lines'] }) => {
      const [bill, other] = [priceBill(input), priceBill({ ...input, lines })];
      expect(sumsOf(other)).to.deep.equal(sumsOf(bill));
      expect(shapeOf(other)).to.deep.equal(shapeOf(bill));
    };
    fc.assert(fc.property(shuffled, check), { numRuns: 500 });
  });

  it('is free under a discount of 100%', () => {
    property((input) => {
      const all = { type: 'percentage', value: 100_000 } as const;
      const free = priceBill({ ...input, discount: all });
      expect(free).to.include({ totalMinor: 0, taxMinor: 0, serviceChargeMinor: 0 });
      expect(free.discountMinor).to.equal(free.subtotalMinor);
      const lines = input.lines.map((line) => ({ ...line, discount: all }));
      expect(priceBill({ ...input, lines }).totalMinor).to.equal(0);
    });
  });

  it('splits GST into equal halves, CGST first', () => {
    property((input) => {
      const { taxLines, taxMinor, lines } = priceBill({ ...input, taxSplit: 'gst' });
      for (const line of lines) expect(line.taxMinor % 2).to.equal(0);
      const [central, state] = ['CGST', 'SGST'].map((tax) =>
        taxLines.filter((line) => line.name.startsWith(tax)),
      );
      const rename = (line: { name: string }) => ({ ...line, name: line.name.replace('SGST', 'CGST') });
      expect(state?.map(rename)).to.deep.equal(central);
      expect(taxLines).to.deep.equal(central?.flatMap((line, index) => [line, state?.[index]]));
      expect(taxMinor).to.equal(2 * sumOf(central?.map((line) => line.amountMinor) ?? []));
    });
  });

  it('bears an IGST within a paisa a line of CGST and SGST together, all in one tax line a rate', () => {
    property((input) => {
      const within = priceBill({ ...input, taxSplit: 'gst' });
      const across = priceBill({ ...input, taxSplit: 'igst' });
      for (const [index, line] of across.lines.entries()) {
        expect(line.taxMinor - (within.lines[index]?.taxMinor ?? 0)).to.be.within(-1, 1);
      }
      for (const { name, percent } of across.taxLines) expect(name).to.equal(`IGST ${percent}%`);
      expect(across.taxLines).to.have.length(within.taxLines.length / 2);
    });
  });

  it('orders tax lines by rate and gives untaxed lines none', () => {
    property((input, { taxLines }) => {
      const rates = taxLines.map((line) => Number(line.percent));
      expect(rates).to.deep.equal(rates.toSorted((a, b) => a - b));
      const taxed = new Set(input.lines.map((line) => line.taxPercent).filter((rate) => rate > 0));
      expect(taxLines).to.have.length(taxed.size * (input.taxSplit === 'gst' ? 2 : 1));
    });
  });
});

describe('inclusive and exclusive prices', () => {
  /** Taxable values of which each rate, and each service charge in whole per cents, takes whole units. */
  const agree = (taxables: number[], taxPercent: number, input: Omit<BillInput, 'lines' | 'taxMode'>) => {
    const bill = (prices: number[], taxMode: BillInput['taxMode']) =>
      priceBill({ ...input, lines: prices.map((price) => plainLine(price, taxPercent)), taxMode });
    const exclusive = bill(taxables, 'exclusive');
    const prices = taxables.map((taxable) => taxable + (taxable / 100_000) * taxPercent);
    const inclusive = bill(prices, 'inclusive');
    expect(inclusive.totalMinor).to.equal(exclusive.totalMinor);
    expect(inclusive.taxLines).to.deep.equal(exclusive.taxLines);
    const taxablesOf = ({ lines }: PricedBill) => lines.map((line) => line.taxableMinor);
    expect(taxablesOf(inclusive)).to.deep.equal(taxablesOf(exclusive));
  };
  const anySplit = fc.constantFrom('none', 'gst', 'igst');
  const multiplesOf = (step: number, most: number) =>
    fc.array(
      fc.integer({ min: 0, max: most }).map((count) => count * step),
      { maxLength: 10 },
    );

  it('agree when the tax comes out even', () => {
    const check = (taxables: number[], rate: number, taxSplit: BillInput['taxSplit']) =>
      agree(taxables, rate, { discount: null, serviceChargePercent: 0, taxSplit });
    fc.assert(fc.property(multiplesOf(200_000, 2000), anyRate, anySplit, check), { numRuns: 500 });
  });

  it('agree under a service charge, which holds its tax as its prices do', () => {
    const check = (taxables: number[], rate: number, taxSplit: BillInput['taxSplit'], percent: number) =>
      agree(taxables, rate, { discount: null, serviceChargePercent: percent * 1000, taxSplit });
    const anyPercent = fc.integer({ min: 0, max: 20 });
    fc.assert(fc.property(multiplesOf(20_000_000, 20), anyRate, anySplit, anyPercent, check), {
      numRuns: 500,
    });
  });

  it('of a currency without decimals has whole amounts alone, by the same rules', () => {
    const times100 = (minor: number) => minor * 100;
    const discountOf = (discount: BillInput['discount']) =>
      discount?.type === 'flat' ? { ...discount, value: times100(discount.value) } : discount;
    fc.assert(
      fc.property(tightBill, (bill) => {
        const whole = priceBill({
          ...bill,
          digits: 0,
          discount: discountOf(bill.discount),
          lines: bill.lines.map((line) => ({
            ...line,
            unitPriceMinor: times100(line.unitPriceMinor),
            modifierPricesMinor: line.modifierPricesMinor.map(times100),
            discount: discountOf(line.discount),
          })),
        });
        const scaled = JSON.parse(
          JSON.stringify(priceBill(bill), (key, value) => (key.endsWith('Minor') ? times100(value) : value)),
        );
        expect(whole).to.deep.equal(scaled);
      }),
    );
    const half = { ...plainLine(150), quantityMilli: 1000 };
    const odd: BillInput = { ...blank, lines: [half], digits: 0 };
    expect(() => priceBill(odd)).to.throw(RangeError);
    expect(priceBill({ ...odd, digits: 2 }).totalMinor).to.equal(150);
  });
});

const blank = {
  lines: [],
  discount: null,
  serviceChargePercent: 0,
  taxMode: 'inclusive',
  taxSplit: 'none',
} satisfies BillInput;
