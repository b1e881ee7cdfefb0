import { expect } from 'chai';
import fc from 'fast-check';
import { ProblemError } from '../../src/contract/problem.ts';
import { type OfferedPayment, type Settlement, settlePayments } from '../../src/pricing/index.ts';
import { expectProblem, readVectors, sumOf } from './support.ts';

type Input = { totalMinor: number; payments: OfferedPayment[]; alreadyPaidMinor: number };
type Refused = { problem: string; errors: { pointer: string; detail: string }[] };

const settle = ({ totalMinor, payments, alreadyPaidMinor }: Input) =>
  settlePayments(totalMinor, payments, alreadyPaidMinor);

const anyAmount = fc.nat(2000);
const anyPayment = fc.record(
  {
    method: fc.constantFrom('cash', 'cash', 'card', 'upi', 'wallet', 'other'),
    amountMinor: anyAmount,
    tenderedMinor: anyAmount,
  },
  { requiredKeys: ['method', 'amountMinor'] },
);
const anyInput: fc.Arbitrary<Input> = fc.record({
  totalMinor: fc.nat(5000),
  payments: fc.array(anyPayment, { maxLength: 4 }),
  alreadyPaidMinor: fc.oneof(fc.constant(0), anyAmount),
});

function settledOrRefused(input: Input): Settlement | undefined {
  try {
    return settle(input);
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'invalid_payment') return undefined;
    throw error;
  }
}

describe('settlePayments', () => {
  for (const { name, input, expected } of readVectors<Input, Settlement | Refused>('payments.json')) {
    it(name, () => {
      if ('payments' in expected) return expect(settle(input)).to.deep.equal(expected);
      const problem = expectProblem(() => settle(input));
      expect(problem.code).to.equal(expected.problem);
      expect(problem.errors).to.deep.equal(expected.errors);
      expect(problem.detail).to.equal(expected.errors.map((error) => error.detail).join(' '));
    });
  }

  it('refuses negative and fractional amounts', () => {
    expect(() => settlePayments(-1, [])).to.throw(RangeError);
    expect(() => settlePayments(1, [], 0.5)).to.throw(RangeError);
    expect(() => settlePayments(1, [{ method: 'cash', amountMinor: -1 }])).to.throw(RangeError);
    expect(() => settlePayments(1, [{ method: 'cash', amountMinor: 1, tenderedMinor: 1.5 }])).to.throw(
      RangeError,
    );
  });

  it('never takes more than is due and accounts for all that was handed over', () => {
    const check = (input: Input) => {
      const settled = settledOrRefused(input);
      if (!settled) return;
      const { payments, paidMinor, changeMinor } = settled;
      expect(paidMinor).to.equal(
        input.alreadyPaidMinor + sumOf(payments.map((payment) => payment.amountMinor)),
      );
      expect(paidMinor).to.be.at.most(Math.max(input.totalMinor, input.alreadyPaidMinor));
      expect(changeMinor).to.equal(sumOf(payments.map((payment) => payment.changeMinor)));
      for (const [index, payment] of payments.entries()) {
        const offered = input.payments[index];
        expect(payment.tenderedMinor).to.equal(offered?.tenderedMinor ?? offered?.amountMinor);
        expect(payment.tenderedMinor).to.equal(payment.amountMinor + payment.changeMinor);
        expect(payment.changeMinor).to.be.at.least(0);
        if (payment.method !== 'cash') expect(payment.changeMinor).to.equal(0);
      }
    };
    fc.assert(fc.property(anyInput, check), { numRuns: 1000 });
  });

  it('gives the status that the sums say', () => {
    const check = (input: Input) => {
      const settled = settledOrRefused(input);
      if (!settled) return;
      const isPaid = settled.paidMinor >= input.totalMinor;
      expect(settled.status === 'completed').to.equal(isPaid);
      expect(settled.status === 'pending').to.equal(!isPaid && settled.paidMinor === 0);
    };
    fc.assert(fc.property(anyInput, check), { numRuns: 1000 });
  });

  it('settles the same again, since booked payments name what was tendered', () => {
    const check = (input: Input) => {
      const settled = settledOrRefused(input);
      if (settled) expect(settle({ ...input, payments: settled.payments })).to.deep.equal(settled);
    };
    fc.assert(fc.property(anyInput, check), { numRuns: 1000 });
  });
});
