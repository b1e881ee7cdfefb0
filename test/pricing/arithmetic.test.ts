import { expect } from 'chai';
import fc from 'fast-check';
import { apportion, formatPercent, mulDivHalfUp } from '../../src/pricing/index.ts';
import { sumOf } from './support.ts';

const anyWhole = fc.oneof(fc.nat(1000), fc.nat(), fc.integer({ min: 0, max: 9_999_999_999 }));

describe('mulDivHalfUp', () => {
  it('rounds a half up and less than a half down', () => {
    expect([1, 2, 3, 4].map((value) => mulDivHalfUp(value, 1, 4))).to.deep.equal([0, 1, 1, 1]);
    expect([1, 2, 3, 4].map((value) => mulDivHalfUp(value, 1, 3))).to.deep.equal([0, 1, 1, 1]);
  });

  it('is exact where a double is not', () => {
    // The product is 9007199515875289, odd and just above 2^53: as a double it is one less.
    expect(mulDivHalfUp(94_906_267, 94_906_267, 2)).to.equal(4_503_599_757_937_645);
  });

  it('agrees with exact integers, nearly so above 2^53', () => {
    const check = (a: number, b: number, divisor: number) => {
      const [x, y, d] = [BigInt(a), BigInt(b), BigInt(divisor)];
      const exact = Number((2n * x * y + d) / (2n * d));
      const result = mulDivHalfUp(a, b, divisor);
      if (exact <= Number.MAX_SAFE_INTEGER) expect(result).to.equal(exact);
      else expect(result / exact).to.be.closeTo(1, 1e-15);
    };
    fc.assert(fc.property(anyWhole, anyWhole, fc.integer({ min: 1, max: 9_999_999_999 }), check));
  });

  it('refuses what is no whole number from 0 up, and a divisor of 0', () => {
    const wrong: [number, number, number][] = [
      [-1, 1, 1],
      [1, 0.5, 1],
      [1, 1, 0],
      [Number.POSITIVE_INFINITY, 1, 1],
    ];
    for (const [a, b, divisor] of wrong) expect(() => mulDivHalfUp(a, b, divisor)).to.throw(RangeError);
  });
});

describe('apportion', () => {
  const anyWeights = fc.array(anyWhole, { minLength: 1, maxLength: 50 });

  it('adds up exactly, each share its exact part rounded down or up', () => {
    const check = (total: number, weights: number[]) => {
      const whole = sumOf(weights);
      if (whole === 0) return;
      const shares = apportion(total, weights);
      expect(sumOf(shares)).to.equal(total);
      for (const [index, weight] of weights.entries()) {
        const floor = Number((BigInt(total) * BigInt(weight)) / BigInt(whole));
        expect((shares[index] ?? -1) - floor).to.be.oneOf([0, 1]);
        if (weight === 0) expect(shares[index]).to.equal(0);
      }
    };
    fc.assert(fc.property(anyWhole, anyWeights, check));
  });

  it('gives each weight the same amounts in any order', () => {
    const byWeight = (total: number, weights: number[]) => {
      const shares = apportion(total, weights);
      return weights.map((weight, index) => `${weight}: ${shares[index]}`).sort();
    };
    const check = (total: number, weights: number[]) => {
      if (sumOf(weights) === 0) return;
      expect(byWeight(total, weights.toReversed())).to.deep.equal(byWeight(total, weights));
    };
    fc.assert(fc.property(fc.nat(200), fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }), check));
  });

  it('gives nothing when there is nothing to give', () => {
    expect(apportion(0, [0, 0])).to.deep.equal([0, 0]);
    expect(apportion(0, [])).to.deep.equal([]);
    expect(apportion(0, [3, 1])).to.deep.equal([0, 0]);
  });

  it('refuses an amount that has no weight to fall on', () => {
    expect(() => apportion(1, [0, 0])).to.throw(RangeError);
    expect(() => apportion(1, [])).to.throw(RangeError);
    expect(() => apportion(1, [2, -1])).to.throw(RangeError);
    expect(() => apportion(-1, [1])).to.throw(RangeError);
  });
});

describe('formatPercent', () => {
  it('leaves out needless zeros', () => {
    const texts = [0, 1, 125, 2500, 5000, 8875, 10_000, 12_340, 100_000].map(formatPercent);
    expect(texts).to.deep.equal(['0', '0.001', '0.125', '2.5', '5', '8.875', '10', '12.34', '100']);
  });
});
