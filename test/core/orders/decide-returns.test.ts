import { expect } from 'chai';
import type { ProblemError } from '../../../src/contract/problem.ts';
import { asReturn, decideReturns, isSameReturn } from '../../../src/core/orders/decide-returns.ts';
import { sumPaid } from '../../../src/core/orders/paid-so-far.ts';
import type { Payment } from '../../../src/core/payments/payment.entity.ts';
import { settingsOf } from '../../../src/core/shops/settings.ts';
import type { RoundingMode } from '../../../src/pricing/index.ts';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const minor = (amount: string) => Math.round(Number(amount) * 100);

/** A payment from before cash was rounded, unless `fields` say otherwise. */
const paymentOf = (amount: string, fields: Partial<Payment> = {}) =>
  ({
    id: id(1),
    kind: 'payment',
    paymentId: null,
    method: 'cash',
    amountMinor: minor(amount),
    roundingMinor: 0,
    cashStepMinor: null,
    ...fields,
  }) as Payment;
const returnOf = (amount: string, n: number) => ({ id: id(n), paymentId: id(1), amount: minor(amount) });

type Step = '0.05' | '0.10' | '5.00' | '10.00' | 'none';

function decide(
  payments: Payment[],
  amounts: string[],
  to: Step,
  over = '0',
  mode: RoundingMode = 'nearest',
) {
  const rounding = { to, when: 'cash', mode } as const;
  const settings = settingsOf({ currency: 'INR', settings: { rounding }, dayStart: '00:00' });
  const asked = amounts.map((amount, index) => returnOf(amount, 10 + index));
  return decideReturns(payments, asked, { settings, overMinor: minor(over) });
}
const booked = (...given: Parameters<typeof decide>) =>
  decide(...given).map(({ amountMinor, roundingMinor, cashStepMinor }) => [
    amountMinor,
    roundingMinor,
    cashStepMinor,
  ]);
function refusalOf(...given: Parameters<typeof decide>): string {
  try {
    decide(...given);
  } catch (error) {
    return `${(error as ProblemError).code}: ${(error as ProblemError).detail}`;
  }
  throw new Error('Nothing was refused.');
}

describe('payments that are given back', () => {
  it('goes out in the coins of today, also of a payment that is older than they are', () => {
    const old = [paymentOf('24.98')];
    for (const amount of ['24.98', '25.00'])
      expect(booked(old, [amount], '0.05'), amount).to.deep.equal([[2500, 2, 5]]);
    expect(booked(old, ['10.00', '14.98'], '0.05')).to.deep.equal([
      [1000, 0, 5],
      [1500, 2, 5],
    ]);
    expect(refusalOf(old, ['10.02'], '0.05')).to.equal(
      'invalid_payment: Cash goes back in multiples of 0.05, which 10.02 is not. All that is left of this payment is 25.00 in cash.',
    );
    expect(booked([paymentOf('24.95', { cashStepMinor: 5 })], ['24.95'], '0.10')).to.deep.equal([
      [2500, 5, 10],
    ]);
    expect(booked([paymentOf('24.95', { cashStepMinor: 5 })], ['0.01'], 'none')).to.deep.equal([
      [1, 0, null],
    ]);
    expect(booked([paymentOf('24.98', { method: 'card' })], ['0.03'], '0.05')).to.deep.equal([[3, 0, null]]);
  });

  it('names what an order has to give back to the paisa', () => {
    const mixed = [paymentOf('50.00', { cashStepMinor: 5 })];
    for (const amount of ['19.98', '20.00'])
      expect(booked(mixed, [amount], '0.05', '19.98'), amount).to.deep.equal([[2000, 2, 5]]);
    expect(booked(mixed, ['19.95'], '0.05', '19.98'), 'less than that').to.deep.equal([[1995, 0, 5]]);
  });

  it('is rounded up by half a coin at most, also where what comes in is always rounded up', () => {
    const notes = paymentOf('20.00', { cashStepMinor: 1000 });
    for (const mode of ['nearest', 'up'] as const) {
      expect(booked([notes], ['6.67'], '10.00', '6.67', mode), mode).to.deep.equal([[1000, 333, 1000]]);
      expect(refusalOf([notes], ['3.33'], '10.00', '3.33', mode), mode).to.include(
        'In cash that comes to 0.00',
      );
      expect(refusalOf([paymentOf('3.33')], ['3.33'], '10.00', '0', mode), mode).to.include('comes to 0.00');
    }
    expect(refusalOf([notes], ['6.67'], '10.00', '6.67', 'down')).to.include('In cash that comes to 0.00');
  });

  it('makes up for earlier returns: all of them are half a coin above what was paid at most', () => {
    const eight = Array.from({ length: 8 }, (_, n) => paymentOf('6.00', { id: id(100 + n) }));
    const asked = eight.map((payment, n) => ({ id: id(200 + n), paymentId: payment.id, amount: 600 }));
    for (const [mode, amounts] of [
      ['nearest', [1000, 0, 1000, 0, 1000, 1000, 0, 1000]],
      ['up', [1000, 0, 1000, 0, 1000, 1000, 0, 1000]],
    ] as const) {
      const settings = settingsOf({
        currency: 'INR',
        settings: { rounding: { to: '10.00', when: 'cash', mode } },
        dayStart: '00:00',
      });
      const together = decideReturns(eight, asked, { settings, overMinor: 0 });
      expect(
        together.map(({ amountMinor }) => amountMinor),
        mode,
      ).to.deep.equal(amounts);
      let payments: Payment[] = eight;
      for (const each of asked) {
        const [one] = decideReturns(payments, [each], { settings, overMinor: 0 });
        payments = [...payments, asReturn(one as NonNullable<typeof one>) as Payment];
      }
      expect(
        payments.slice(8).map(({ amountMinor }) => amountMinor),
        `${mode}, one by one`,
      ).to.deep.equal(amounts);
      expect(sumPaid(payments)).to.equal(0);
    }
    // An order that became smaller by 5.00 for the second time.
    const notes = paymentOf('50.00', { cashStepMinor: 1000 });
    const first = {
      ...returnOf('10.00', 20),
      kind: 'return',
      amountMinor: 1000,
      roundingMinor: 500,
      method: 'cash',
    };
    expect(booked([notes, first as never], ['5.00'], '10.00', '5.00')).to.deep.equal([[0, -500, 1000]]);
  });

  it('takes the rounding back with the last of a payment that had some', () => {
    const onBook = paymentOf('25.00', { cashStepMinor: 5, roundingMinor: 2 });
    const parts = decide([onBook], ['24.95', '0.05'], '0.05');
    expect(parts.map(({ roundingMinor }) => roundingMinor)).to.deep.equal([0, 2]);
    expect(sumPaid([onBook, ...parts.map(asReturn)])).to.equal(0);
    const down = paymentOf('24.95', { cashStepMinor: 5, roundingMinor: -3 });
    expect(booked([down], ['24.95'], '0.05')).to.deep.equal([[2495, -3, 5]]);
  });

  it('is never more than what is left of a payment', () => {
    expect(refusalOf([paymentOf('24.98')], ['25.05'], '0.05')).to.include('This payment is 24.98');
    expect(refusalOf([paymentOf('24.98')], ['24.98', '0.05'], '0.05')).to.include('only 0.00 can still');
    expect(refusalOf([paymentOf('50.00', { method: 'card' })], ['40.00', '10.01'], '0.05')).to.include(
      'only 10.00 can still',
    );
  });

  it('is, in parts, never more than what its payment covers', () => {
    const up = paymentOf('25.00', { cashStepMinor: 5, roundingMinor: 2 });
    expect(refusalOf([up], ['24.99'], 'none')).to.equal(
      'invalid_payment: This payment of 25.00 pays 24.98 of the order, the rest is rounding. Send 25.00 for all that is left of it, or up to 24.98 for a part.',
    );
    expect(booked([up], ['24.98'], 'none')).to.deep.equal([[2498, 0, null]]);
    expect(booked([up], ['25.00'], 'none')).to.deep.equal([[2500, 2, null]]);
    const far = paymentOf('30.00', { cashStepMinor: 1000, roundingMinor: 900 });
    expect(refusalOf([far], ['25.00'], '0.05'))
      .to.include('Send 30.00 for all')
      .and.to.include('up to 21.00');
    expect(refusalOf([far], ['20.00', '5.00'], '0.05')).to.equal(
      'invalid_payment: What is left of this payment, 10.00, pays 1.00 of the order, the rest is rounding. Send 10.00 for all that is left of it, or up to 1.00 for a part.',
    );
    expect(booked([far], ['20.00', '10.00'], '0.05')).to.deep.equal([
      [2000, 0, 5],
      [1000, 900, 5],
    ]);
    // What the order has to give back is of another payment, too.
    expect(refusalOf([far], ['25.00'], '0.05', '25.00')).to.include('up to 21.00');
  });

  it('is never 0.00: its refusal says what works', () => {
    const small = paymentOf('3.00');
    expect(refusalOf([small], ['3.00'], '10.00')).to.equal(
      'invalid_payment: In cash that comes to 0.00, as cash goes back in multiples of 10.00. Correct how the payment was made (changePayments) and give it back by that, or void the order.',
    );
    const rest = { ...returnOf('37.00', 2), kind: 'return', amountMinor: 3700, roundingMinor: 0 } as never;
    expect(refusalOf([paymentOf('40.00'), rest], ['3.00'], '10.00')).to.equal(
      'invalid_payment: In cash that comes to 0.00, as cash goes back in multiples of 10.00. Void the order, or refund it by another method.',
    );
    const over =
      'invalid_payment: In cash that comes to 0.00, as cash goes back in multiples of 10.00. Give all of this payment back, 40.00 in cash, and send what the order comes to anew in payments, in the same request.';
    expect(refusalOf([paymentOf('40.00')], ['3.00'], '10.00', '3.00')).to.equal(over);
    expect(booked([paymentOf('40.00')], ['40.00'], '10.00', '3.00')).to.deep.equal([[4000, 0, 1000]]);
  });

  it('is known again by what was asked for and by what was booked', () => {
    const known = { paymentId: id(1), amountMinor: 2500, cashStepMinor: 5 };
    for (const [amount, isSame] of [
      ['24.98', true],
      ['25.00', true],
      ['24.95', false],
      ['20.00', false],
    ] as const)
      expect(isSameReturn(known, returnOf(amount, 10)), amount).to.equal(isSame);
  });
});
