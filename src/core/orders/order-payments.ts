import { parseMinor } from '../../contract/money.ts';
import type { NewPayment, PaymentStatus } from '../../contract/orders.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { roundingOf, type Settlement, settlePayments } from '../../pricing/index.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';

type Rounding = { stepMinor: number; when: 'always' | 'cash' };

const roundingRule = ({ rounding }: Pick<SettingsValues, 'rounding'>): Rounding => ({
  stepMinor: rounding.to === 'none' ? 0 : (parseMinor(rounding.to) as number),
  when: rounding.when,
});

/** What a bill can come to: exactly, and rounded. */
export function possibleTotals(exactMinor: number, settings: SettingsValues): number[] {
  return [exactMinor, exactMinor + roundingOf(exactMinor, roundingRule(settings).stepMinor)];
}

/** One payment of the whole bill. */
export function wholePayment(
  method: PaymentMethod,
  exactMinor: number,
  settings: SettingsValues,
): NewPayment[] {
  const { stepMinor, when } = roundingRule(settings);
  const isRounded = when === 'always' || method === 'cash';
  return [{ method, amount: isRounded ? exactMinor + roundingOf(exactMinor, stepMinor) : exactMinor }];
}

const toOffered = ({ method, amount, tendered, tip = 0, reference, id }: NewPayment) => ({
  id,
  method,
  amountMinor: amount,
  tenderedMinor: tendered,
  tipMinor: tip,
  reference: reference ?? null,
});

type Earlier = Pick<Payment, 'amountMinor' | 'method'>;

/** Settles new payments on a bill under the shop's rule of rounding. Throws `invalid_payment`. */
export function settle(
  exactMinor: number,
  offered: NewPayment[],
  earlier: Earlier[],
  settings: Pick<SettingsValues, 'rounding'>,
): Settlement<ReturnType<typeof toOffered>> {
  return settlePayments({
    exactMinor,
    rounding: roundingRule(settings),
    payments: offered.map(toOffered),
    earlier: {
      paidMinor: sumPaid(earlier),
      // A tip alone pays nothing of the bill: it doesn't undo the rounding of one that was paid in cash.
      isCashOnly: earlier.every(({ method, amountMinor }) => method === 'cash' || amountMinor === 0),
    },
  });
}

type Settled = Pick<Order, 'totalMinor' | 'roundingMinor' | 'paymentStatus' | 'payLater' | 'flags'>;

/** Settles payments on a bill whose total stands, with what `roundingMinor` of it is no line's. Throws `invalid_payment`. */
export const settleAt = (
  { totalMinor, roundingMinor }: Pick<Settled, 'totalMinor' | 'roundingMinor'>,
  offered: NewPayment[],
  earlier: Earlier[],
): ReturnType<typeof settle> => ({
  ...settle(totalMinor, offered, earlier, { rounding: { to: 'none', when: 'always' } }),
  roundingMinor,
});

/**
 * Settles payments that come after the bill. What a bill came to that is paid (only tips are left to come), on the book as
 * it was rounded, or printed by a till with another total stands, whatever the shop rounds to by now.
 */
export function settleMore(
  bill: Settled,
  offered: NewPayment[],
  earlier: Earlier[],
  settings: SettingsValues,
): ReturnType<typeof settle> {
  const exactMinor = bill.totalMinor - bill.roundingMinor;
  const isOnBook = bill.payLater && (bill.roundingMinor !== 0 || settings.rounding.when === 'always');
  // An edit prices the bill anew, and then it comes to what the shop's rules say.
  const isAsPrinted =
    bill.flags.some(({ code }) => code === 'total_differs') &&
    bill.totalMinor !== settle(exactMinor, [], earlier, settings).totalMinor;
  const stands = bill.paymentStatus === 'completed' || isOnBook || isAsPrinted;
  return stands ? settleAt(bill, offered, earlier) : settle(exactMinor, offered, earlier, settings);
}

export const sumPaid = (payments: Earlier[]) =>
  payments.reduce((sum, payment) => sum + payment.amountMinor, 0);

/**
 * A bill that is paid, or that goes on the book, is done at once unless a kitchen has to make it first. Undefined while
 * it is parked.
 */
export function statusWhenSold(
  payment: PaymentStatus,
  payLater: boolean,
  settings: SettingsValues,
): 'preparing' | 'completed' | undefined {
  if (payment !== 'completed' && !payLater) return undefined;
  return settings.kitchen.enabled ? 'preparing' : 'completed';
}

/** One method by its name, several as `split`; null while nothing is paid. */
export function methodOf(payments: { method: string }[]): string | null {
  const methods = new Set(payments.map((payment) => payment.method));
  return methods.size > 1 ? 'split' : ([...methods][0] ?? null);
}
