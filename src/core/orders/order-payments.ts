import { formatMinor, parseMinor } from '../../contract/money.ts';
import type { NewPayment, Order as OrderView, PaymentStatus } from '../../contract/orders.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import {
  cashAmountOf,
  type Rounding,
  roundingOf,
  type Settlement,
  settlePayments,
} from '../../pricing/index.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';
import { isCashOnly, type PaidAmount, sumPaid } from './paid-so-far.ts';

/** Whether it pays anything. */
export const isSomething = ({ amount, tip = 0 }: NewPayment): boolean => amount > 0 || tip > 0;

type RoundingSettings = Pick<SettingsValues, 'rounding'>;

export const roundingRule = ({ rounding: { to, when, mode } }: RoundingSettings): Rounding => ({
  stepMinor: to === 'none' ? 0 : (parseMinor(to) as number),
  when,
  mode,
});

const NO_ROUNDING: Rounding = { stepMinor: 0, when: 'cash' };

/** What an order comes to before anything is paid. */
const baseTotal = (exactMinor: number, { stepMinor, when, mode }: Rounding) =>
  when === 'always' ? exactMinor + roundingOf(exactMinor, stepMinor, mode) : exactMinor;

/** What an order with these payments can come to: as it is, and with what they leave paid in cash. */
export function possibleTotals(
  exactMinor: number,
  offered: Pick<NewPayment, 'method' | 'amount'>[],
  settings: RoundingSettings,
): number[] {
  const rule = roundingRule(settings);
  const baseMinor = baseTotal(exactMinor, rule);
  const notCash = offered.filter(({ method }) => method !== 'cash');
  const leftMinor = Math.max(baseMinor - notCash.reduce((sum, { amount }) => sum + amount, 0), 0);
  return [exactMinor, baseMinor, baseMinor - leftMinor + cashAmountOf(leftMinor, rule)];
}

/** One payment of the whole bill. */
export function wholePayment(
  method: PaymentMethod,
  exactMinor: number,
  settings: RoundingSettings,
): NewPayment[] {
  const rule = roundingRule(settings);
  const totalMinor = baseTotal(exactMinor, rule);
  return [{ method, amount: method === 'cash' ? cashAmountOf(totalMinor, rule) : totalMinor }];
}

/** The step of cash rounding as the row of a payment or refund keeps it; null for other methods, and without rounding. */
export const cashStepOf = (method: string, { stepMinor }: Rounding) =>
  method === 'cash' && stepMinor > 0 ? stepMinor : null;

const toOffered = ({ method, amount, tendered, tip = 0, reference, id }: NewPayment, rule: Rounding) => ({
  id,
  kind: 'payment' as const,
  paymentId: null,
  method,
  amountMinor: amount,
  tenderedMinor: tendered,
  tipMinor: tip,
  reference: reference ?? null,
  cashStepMinor: cashStepOf(method, rule),
  roundingMinor: 0,
});

function settleBy(
  exactMinor: number,
  offered: NewPayment[],
  earlier: PaidAmount[],
  rule: Rounding,
): Settlement<ReturnType<typeof toOffered>> {
  return settlePayments({
    exactMinor,
    rounding: rule,
    payments: offered.map((payment) => toOffered(payment, rule)),
    earlier: {
      paidMinor: sumPaid(earlier),
      // A tip alone pays nothing of the order: it doesn't undo the rounding of one that was paid in cash.
      isCashOnly: isCashOnly(earlier),
    },
  });
}

type SettledBy = ReturnType<typeof settleBy>;

/**
 * An order of 0.00 books no payment, whatever was handed over and back. Of another order, a note for less than half a coin
 * is booked: all of it is change, and every view of the order has to say so.
 */
function withoutNothing({ payments, ...settled }: SettledBy): SettledBy {
  const isChange = ({ changeMinor }: { changeMinor: number }) => settled.totalMinor > 0 && changeMinor > 0;
  const booked = payments.filter(
    (payment) =>
      payment.amountMinor > 0 || payment.tipMinor > 0 || payment.roundingMinor !== 0 || isChange(payment),
  );
  const changeMinor = booked.reduce((sum, payment) => sum + payment.changeMinor, 0);
  return { ...settled, payments: booked, changeMinor };
}

/** Settles new payments on a bill under the shop's rule of rounding. Throws `invalid_payment`. */
export const settle = (
  exactMinor: number,
  offered: NewPayment[],
  earlier: PaidAmount[],
  settings: RoundingSettings,
): SettledBy => withoutNothing(settleBy(exactMinor, offered, earlier, roundingRule(settings)));

type Settled = Pick<
  Order,
  'status' | 'totalMinor' | 'roundingMinor' | 'paymentStatus' | 'payLater' | 'flags'
>;

/**
 * Settles payments on a bill whose total stands, with what `roundingMinor` of it is no line's. What is left of it in cash is
 * rounded by `rule`; without one, cash is taken as it comes. Throws `invalid_payment`.
 */
export function settleAt(
  { totalMinor, roundingMinor }: Pick<Settled, 'totalMinor' | 'roundingMinor'>,
  offered: NewPayment[],
  earlier: PaidAmount[],
  rule: Rounding = NO_ROUNDING,
): SettledBy {
  const settled = settleBy(totalMinor, offered, earlier, { ...rule, when: 'cash' });
  return withoutNothing({ ...settled, roundingMinor: roundingMinor + settled.roundingMinor });
}

/**
 * Settles payments of an order on the book. Its total stands: it may be in the reports of a closed day. What cash is rounded
 * by goes with the payment, into the reports of the day on which it is paid.
 */
function settleOnBook(
  order: Settled,
  offered: NewPayment[],
  earlier: PaidAmount[],
  rule: Rounding,
): SettledBy {
  const { totalMinor, roundingMinor } = order;
  const settled = settleBy(totalMinor, offered, earlier, { ...rule, when: 'cash' });
  const lastInCash = settled.payments.findLastIndex(({ method }) => method === 'cash');
  const addedMinor = lastInCash === -1 ? 0 : settled.totalMinor - totalMinor;
  const payments = settled.payments.map((payment, index) =>
    index === lastInCash ? { ...payment, roundingMinor: addedMinor } : payment,
  );
  const paidMinor = settled.paidMinor - addedMinor;
  const status = paidMinor >= totalMinor ? 'completed' : paidMinor > 0 ? 'partial' : 'pending';
  return withoutNothing({ ...settled, payments, totalMinor, roundingMinor, paidMinor, status });
}

/**
 * Settles payments that come after the bill. What a bill came to that is paid (only tips are left to come), on the book, or
 * printed by a till with another total stands, whatever the shop rounds to by now.
 */
export function settleMore(
  bill: Settled,
  offered: NewPayment[],
  earlier: PaidAmount[],
  settings: RoundingSettings,
): SettledBy {
  if (bill.payLater && bill.status !== 'open')
    return settleOnBook(bill, offered, earlier, roundingRule(settings));
  const exactMinor = bill.totalMinor - bill.roundingMinor;
  // An edit prices the bill anew, and then it comes to what the shop's rules say.
  const isAsPrinted =
    bill.flags.some(({ code }) => code === 'total_differs') &&
    bill.totalMinor !== settle(exactMinor, [], earlier, settings).totalMinor;
  const stands = bill.paymentStatus === 'completed' || isAsPrinted;
  return stands
    ? settleAt(bill, offered, earlier, roundingRule(settings))
    : settle(exactMinor, offered, earlier, settings);
}

/** What is still to pay of an order, in cash or otherwise; null where nothing is. */
export function dueOf(order: Settled, payments: PaidAmount[], settings: RoundingSettings): OrderView['due'] {
  if (order.status === 'voided' || order.paymentStatus === 'completed') return null;
  const { totalMinor } = settleMore(order, [], payments, settings);
  const otherMinor = Math.max(totalMinor - sumPaid(payments), 0);
  return {
    cash: formatMinor(cashAmountOf(otherMinor, roundingRule(settings))),
    other: formatMinor(otherMinor),
  };
}

/**
 * Whether a payment sent again under a known id is the same. A note handed over was cut to what was due, and what an order
 * shows as due to the paisa was booked in coins. One that was corrected since is known by how it was booked first.
 */
export function isSamePayment(
  known: Pick<Payment, 'method' | 'amountMinor' | 'tenderedMinor' | 'cashStepMinor' | 'bookedAs'>,
  { method, amount }: NewPayment,
): boolean {
  return [known, ...(known.bookedAs ? [known.bookedAs] : [])].some((booked) => {
    if (booked.method !== method) return false;
    const isInCoins = Math.abs(booked.amountMinor - amount) < (booked.cashStepMinor ?? 0);
    return isInCoins || [booked.amountMinor, booked.tenderedMinor].includes(amount);
  });
}

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

type MethodOf<M extends string> = Pick<Payment, 'kind' | 'paymentId' | 'amountMinor'> & {
  id?: string | undefined;
  roundingMinor?: number;
  method: M;
};

/** The methods that an order is paid by, each once. What was given back wholly is left out, and so is a tip alone. */
export function methodsOf<M extends string>(payments: MethodOf<M>[]): M[] {
  const isLeft = (payment: MethodOf<M>) => {
    const returns = payments.filter(({ paymentId }) => payment.id !== undefined && paymentId === payment.id);
    return sumPaid([payment, ...returns]) > 0;
  };
  // A tip may come by another method after the day has ended, whose report by method stays.
  const paid = payments.filter((payment) => payment.kind === 'payment' && isLeft(payment));
  return [...new Set(paid.map(({ method }) => method))];
}

/** One method by its name, several as `split`; null while nothing is paid. */
export function methodOf(payments: MethodOf<string>[]): string | null {
  const methods = methodsOf(payments);
  return methods.length > 1 ? 'split' : (methods[0] ?? null);
}
