import { expect } from 'chai';
import fc from 'fast-check';
import { ProblemError } from '../../src/contract/problem.ts';
import {
  cashAmountOf,
  isInSteps,
  type OfferedPayment,
  roundingOf,
  type Settlement,
  type SettlementInput,
  settlePayments,
} from '../../src/pricing/index.ts';
import { expectProblem, readVectors, sumOf, vectorFiles } from './support.ts';

type Refused = { problem: string; errors: { pointer: string; detail: string }[] };

const anyAmount = fc.nat(2000);
const anyPayment: fc.Arbitrary<OfferedPayment> = fc.record(
  {
    method: fc.constantFrom('cash', 'cash', 'cash', 'card', 'upi', 'wallet', 'other'),
    amountMinor: anyAmount,
    tipMinor: fc.oneof(fc.constant(0), fc.nat(300)),
    tenderedMinor: anyAmount,
  },
  { requiredKeys: ['method', 'amountMinor'] },
);
const anyRounding = fc.record({
  stepMinor: fc.constantFrom(0, 1, 5, 10, 25, 50, 100, 500),
  when: fc.constantFrom('always', 'cash'),
  mode: fc.constantFrom('nearest', 'nearest', 'up', 'down'),
});
const anyEarlier = fc.oneof(
  fc.constant({ paidMinor: 0, isCashOnly: true }),
  fc.record({ paidMinor: fc.integer({ min: 1, max: 3000 }), isCashOnly: fc.boolean() }),
);
const loose: fc.Arbitrary<SettlementInput> = fc.record({
  exactMinor: fc.nat(5000),
  rounding: anyRounding,
  payments: fc.array(anyPayment, { maxLength: 4 }),
  earlier: anyEarlier,
});

/** Amounts about the exact and the rounded total, where a payment closes the bill at one of them or just doesn't. */
const close: fc.Arbitrary<SettlementInput> = fc
  .record({
    exactMinor: fc.integer({ min: 20, max: 300 }),
    rounding: anyRounding,
    paidMinor: fc.oneof(fc.constant(0), fc.nat(320)),
    isCashOnly: fc.boolean(),
    methods: fc.array(fc.constantFrom('cash', 'cash', 'cash', 'cash', 'card'), { maxLength: 3 }),
    parts: fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
    offMinor: fc.oneof(fc.constant(0), fc.integer({ min: -3, max: 3 })),
    isAsShown: fc.boolean(),
    isBare: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  })
  .map(({ exactMinor, rounding, paidMinor, isCashOnly, methods, parts, offMinor, isAsShown, isBare }) => {
    const ruleMinor = roundingOf(exactMinor, rounding.stepMinor, rounding.mode);
    const shownMinor = isAsShown && rounding.when === 'cash' ? exactMinor : exactMinor + ruleMinor;
    const leftMinor = Math.max(shownMinor - paidMinor + offMinor, 0);
    const payments = methods.map((method, index): OfferedPayment => {
      const isLast = index === methods.length - 1;
      const inSteps = parts.map((part, n) => (methods[n] === 'cash' ? cashAmountOf(part, rounding) : part));
      const before = sumOf(inSteps.slice(0, index));
      const amountMinor = isLast ? Math.max(leftMinor - before, 0) : (inSteps[index] ?? 0);
      return isBare[index] ? { method, amountMinor } : { method, amountMinor, tenderedMinor: amountMinor };
    });
    return {
      exactMinor,
      rounding,
      payments,
      earlier: { paidMinor, isCashOnly: paidMinor === 0 || isCashOnly },
    };
  });

function settledOrRefused(input: SettlementInput): Settlement | undefined {
  try {
    return settlePayments(input);
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'invalid_payment') return undefined;
    throw error;
  }
}

const settlementOf = (exactMinor: number, payments: OfferedPayment[] = [], paidMinor = 0) =>
  settlePayments({
    exactMinor,
    rounding: { stepMinor: 0, when: 'always' },
    payments,
    earlier: { paidMinor, isCashOnly: true },
  });

describe('settlePayments', () => {
  for (const file of vectorFiles.filter((name) => name.startsWith('payments'))) {
    describe(file, () => {
      for (const { name, input, expected } of readVectors<SettlementInput, Settlement | Refused>(file)) {
        it(name, () => {
          if ('payments' in expected) return expect(settlePayments(input)).to.deep.equal(expected);
          const { code, detail, errors = [] } = expectProblem(() => settlePayments(input));
          expect(code).to.equal(expected.problem);
          expect(errors).to.deep.equal(expected.errors);
          if (errors.length > 0) expect(detail).to.equal(errors.map((error) => error.detail).join(' '));
        });
      }
    });
  }

  it('says in words that the figures are too large', () => {
    const tipped = { method: 'card', amountMinor: 100, tipMinor: 9_999_999_999 } as const;
    expect(expectProblem(() => settlementOf(100, [tipped])).detail).to.equal(
      'The payments and tips come to more than 99999999.99, the most that can be booked. Check the amounts.',
    );
  });

  it('refuses negative and fractional amounts', () => {
    expect(() => settlementOf(-1)).to.throw(RangeError);
    expect(() => settlementOf(1, [], 0.5)).to.throw(RangeError);
    const wrong = [{ amountMinor: -1 }, { tenderedMinor: 1.5 }, { tipMinor: -1 }, { tipMinor: 0.5 }];
    for (const figure of wrong) {
      const payment = { method: 'cash', amountMinor: 1, ...figure } as const;
      expect(() => settlementOf(1, [payment]), JSON.stringify(figure)).to.throw(RangeError);
    }
  });
});

describe('any settlement', () => {
  const property = (check: (input: SettlementInput, settled: Settlement) => void) => {
    const settle = (input: SettlementInput) => {
      const settled = settledOrRefused(input);
      if (settled) check(input, settled);
    };
    fc.assert(fc.property(fc.oneof(loose, close), settle), { numRuns: 2000 });
  };
  const sumOver = (payments: Settlement['payments'], figure: 'amountMinor' | 'changeMinor' | 'tipMinor') =>
    sumOf(payments.map((payment) => payment[figure]));
  /** What is left to pay of the unrounded or, under `always`, rounded bill when all but the cash is in. */
  const leftForCash = ({ exactMinor, rounding, payments, earlier }: SettlementInput) => {
    const addedMinor =
      rounding.when === 'always' ? roundingOf(exactMinor, rounding.stepMinor, rounding.mode) : 0;
    const notCash = payments.filter(({ method }) => method !== 'cash');
    return exactMinor + addedMinor - earlier.paidMinor - sumOf(notCash.map(({ amountMinor }) => amountMinor));
  };

  it('moves cash in multiples of the step alone', () => {
    let closedInCash = 0;
    property(({ rounding }, { payments, status }) => {
      for (const payment of payments.filter(({ method }) => method === 'cash')) {
        for (const figure of ['amountMinor', 'tipMinor', 'tenderedMinor', 'changeMinor'] as const) {
          expect(isInSteps(payment[figure], rounding), `${figure} of ${payment[figure]}`).to.equal(true);
        }
        closedInCash += status === 'completed' && rounding.stepMinor > 1 ? 1 : 0;
      }
    });
    expect(closedInCash, 'orders that cash closed under a rule').to.be.above(100);
  });

  it('never takes more than is due and accounts for all that was handed over', () => {
    property((input, { payments, totalMinor, paidMinor, changeMinor, tipMinor }) => {
      const sums = (['amountMinor', 'changeMinor', 'tipMinor'] as const).map((key) => sumOver(payments, key));
      expect(paidMinor).to.equal(input.earlier.paidMinor + sumOver(payments, 'amountMinor'));
      expect(paidMinor).to.be.at.most(Math.max(totalMinor, input.earlier.paidMinor));
      expect([changeMinor, tipMinor]).to.deep.equal(sums.slice(1));
      for (const [index, payment] of payments.entries()) {
        const { amountMinor = 0, tipMinor = 0, tenderedMinor } = input.payments[index] ?? {};
        // Cash named to the paisa, as the order shows it, is handed over in coins.
        const offMinor = payment.tenderedMinor - (tenderedMinor ?? amountMinor + tipMinor);
        const isInCoins = payment.method === 'cash' && !isInSteps(amountMinor, input.rounding);
        if (isInCoins) expect(Math.abs(offMinor)).to.be.below(input.rounding.stepMinor);
        else expect(offMinor).to.equal(0);
        expect(payment.tipMinor).to.equal(tipMinor);
        expect(payment.tenderedMinor).to.equal(payment.amountMinor + payment.tipMinor + payment.changeMinor);
        expect(payment.changeMinor).to.be.at.least(0);
        if (payment.method !== 'cash') expect(payment.changeMinor).to.equal(0);
      }
    });
  });

  it('gives the status that the sums say', () => {
    property((_, { totalMinor, paidMinor, status }) => {
      const isPaid = paidMinor >= totalMinor;
      expect(status === 'completed').to.equal(isPaid);
      expect(status === 'pending').to.equal(!isPaid && paidMinor === 0);
    });
  });

  it('comes to what the rule says, and less or more by what cash rounds of what is left', () => {
    property((input, { totalMinor, roundingMinor, paidMinor, status }) => {
      const { exactMinor, rounding, payments, earlier } = input;
      expect(totalMinor).to.equal(exactMinor + roundingMinor);
      expect(totalMinor).to.be.at.least(0);
      const fullMinor = roundingOf(exactMinor, rounding.stepMinor, rounding.mode);
      const ruleMinor = rounding.when === 'always' ? fullMinor : 0;
      const leftMinor = leftForCash(input);
      if (leftMinor < 0) return expect(roundingMinor).to.be.oneOf([ruleMinor, fullMinor]);
      const hasCash = payments.some(({ method }) => method === 'cash');
      if (status !== 'completed' || !(hasCash || earlier.isCashOnly)) {
        return expect(roundingMinor).to.equal(ruleMinor);
      }
      expect(paidMinor).to.equal(totalMinor);
      const inCashMinor = roundingOf(leftMinor, rounding.stepMinor, rounding.mode);
      if (hasCash) return expect(roundingMinor).to.equal(ruleMinor + inCashMinor);
      expect(roundingMinor).to.be.oneOf([ruleMinor, ruleMinor + inCashMinor]);
    });
  });

  it('is the same again, since booked payments name what was tendered', () => {
    property((input, settled) => {
      expect(settlePayments({ ...input, payments: settled.payments })).to.deep.equal(settled);
    });
  });

  it('stays what it came to when nothing more is paid', () => {
    property((input, { totalMinor, roundingMinor, paidMinor, status }) => {
      // What an order that is paid came to is on its row: `exactMinor` is then its total.
      const exactMinor = status === 'completed' ? totalMinor : totalMinor - roundingMinor;
      const rounding = status === 'completed' ? { ...input.rounding, when: 'cash' as const } : input.rounding;
      const isCashOnly =
        input.earlier.isCashOnly &&
        input.payments.every(({ method, amountMinor }) => method === 'cash' || amountMinor === 0);
      const earlier = { paidMinor, isCashOnly: paidMinor === 0 || isCashOnly };
      if (paidMinor > totalMinor) return;
      const later = settlePayments({ exactMinor, rounding, payments: [], earlier });
      expect(later).to.include({ totalMinor, paidMinor, status });
    });
  });
});
