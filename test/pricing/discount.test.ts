import { expect } from 'chai';
import fc from 'fast-check';
import { exceedsDiscountLimit, priceBill } from '../../src/pricing/index.ts';
import { anyBill } from './support.ts';

const line = (subtotalMinor: number, discountMinor: number) => ({ subtotalMinor, discountMinor });

describe('exceedsDiscountLimit', () => {
  it('lets each line have its limit and the odd minor unit', () => {
    expect(exceedsDiscountLimit([line(10_000, 0), line(10_000, 1000)], 10_000)).to.equal(false);
    expect(exceedsDiscountLimit([line(10_000, 1001)], 10_000)).to.equal(false);
    expect(exceedsDiscountLimit([line(10_000, 1002)], 10_000)).to.equal(true);
  });

  it('looks at each line: a large one does not hide one given away', () => {
    expect(exceedsDiscountLimit([line(1_000_000, 0), line(500, 500)], 10_000)).to.equal(true);
  });

  it('knows all and nothing as limits', () => {
    expect(exceedsDiscountLimit([line(500, 500)], 100_000)).to.equal(false);
    expect(exceedsDiscountLimit([line(500, 0), line(0, 0)], 0)).to.equal(false);
    expect(exceedsDiscountLimit([line(500, 2)], 0)).to.equal(true);
    expect(exceedsDiscountLimit([], 0)).to.equal(false);
  });

  it('never asks for approval of a bill discount of exactly the limit', () => {
    const check = (input: Parameters<typeof priceBill>[0], value: number) => {
      const lines = input.lines.map((sold) => ({ ...sold, discount: null }));
      const bill = priceBill({ ...input, lines, discount: { type: 'percentage', value } });
      expect(exceedsDiscountLimit(bill.lines, value)).to.equal(false);
    };
    fc.assert(fc.property(anyBill, fc.integer({ min: 0, max: 100_000 }), check), { numRuns: 500 });
  });

  it('refuses negative and fractional figures', () => {
    expect(() => exceedsDiscountLimit([line(-1, 0)], 0)).to.throw(RangeError);
    expect(() => exceedsDiscountLimit([line(1, 0.5)], 0)).to.throw(RangeError);
    expect(() => exceedsDiscountLimit([], 12.5)).to.throw(RangeError);
  });

  it('lets one yen more pass where there is nothing smaller, and no second one', () => {
    const line = (discountMinor: number) => [{ subtotalMinor: 1000_00, discountMinor }];
    expect(exceedsDiscountLimit(line(101_00), 10_000, 0)).to.equal(false);
    expect(exceedsDiscountLimit(line(102_00), 10_000, 0)).to.equal(true);
    expect(exceedsDiscountLimit(line(101_00), 10_000, 2)).to.equal(true);
  });
});
