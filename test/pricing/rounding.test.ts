import { expect } from 'chai';
import fc from 'fast-check';
import { roundingOf } from '../../src/pricing/index.ts';
import { readVectors } from './support.ts';

type Input = { exactMinor: number; stepMinor: number };

describe('roundingOf', () => {
  for (const { name, input, expected } of readVectors<Input, number>('rounding.json')) {
    it(name, () => expect(roundingOf(input.exactMinor, input.stepMinor)).to.equal(expected));
  }

  it('leads to a multiple of the step, at most half a step away', () => {
    const check = (exactMinor: number, stepMinor: number) => {
      const roundingMinor = roundingOf(exactMinor, stepMinor);
      expect((exactMinor + roundingMinor) % stepMinor).to.equal(0);
      expect(2 * roundingMinor).to.be.within(-stepMinor, stepMinor);
      expect(2 * roundingMinor).to.not.equal(-stepMinor);
    };
    const anyExact = fc.oneof(fc.nat(1000), fc.nat(9_999_999_999));
    const anyStep = fc.oneof(fc.constantFrom(5, 10, 50, 100), fc.integer({ min: 2, max: 1000 }));
    fc.assert(fc.property(anyExact, anyStep, check));
  });

  it('goes to the step above or below by its mode, and never where an amount is a multiple already', () => {
    const check = (exactMinor: number, stepMinor: number) => {
      const up = roundingOf(exactMinor, stepMinor, 'up');
      const down = roundingOf(exactMinor, stepMinor, 'down');
      expect([(exactMinor + up) % stepMinor, (exactMinor + down) % stepMinor]).to.deep.equal([0, 0]);
      expect(up).to.be.within(0, stepMinor - 1);
      expect(up - down).to.equal(exactMinor % stepMinor === 0 ? 0 : stepMinor);
      expect(roundingOf(exactMinor, stepMinor)).to.be.oneOf([up, down]);
    };
    const anyStep = fc.constantFrom(5, 10, 25, 50, 100, 500, 1000);
    fc.assert(fc.property(fc.oneof(fc.nat(3000), fc.nat(9_999_999_999)), anyStep, check));
    expect([roundingOf(7, 0, 'up'), roundingOf(7, 1, 'down')]).to.deep.equal([0, 0]);
  });

  it('refuses negative and fractional amounts and steps', () => {
    expect(() => roundingOf(-1, 5)).to.throw(RangeError);
    expect(() => roundingOf(0.5, 5)).to.throw(RangeError);
    expect(() => roundingOf(1, -5)).to.throw(RangeError);
    expect(() => roundingOf(1, 0.5)).to.throw(RangeError);
  });
});
