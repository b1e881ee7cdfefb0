import { formatMinor, parseMinor } from '../../contract/money.ts';
import type { NewPayment, Order as OrderView, PaymentStatus } from '../../contract/orders.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import {
  cashAmountOf,
  type PricedRefund,
  type Rounding,
  refundInSteps,
  roundingOf,
  type Settlement,
  settlePayments,
} from '../../pricing/index.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { isCashOnly, type PaidAmount, sumPaid } from './paid-so-far.ts';

/** Whether it pays anything. */
export const isSomething = ({ amount, tip = 0 }: NewPayment): boolean => amount > 0 || tip > 0;

type RoundingSettings = Pick<SettingsValues, 'rounding'>;

const roundingRule = ({ rounding: { to, when, mode } }: RoundingSettings): Rounding => ({
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
const cashStepOf = (method: string, { stepMinor }: Rounding) =>
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
});

function settleBy(
  exactMinor: number,
  offered: NewPayment[],
  earlier: PaidAmount[],
  rule: Rounding,
): Settlement<ReturnType<typeof toOffered>> {
  const settled = settlePayments({
    exactMinor,
    rounding: rule,
    payments: offered.map((payment) => toOffered(payment, rule)),
    earlier: {
      paidMinor: sumPaid(earlier),
      // A tip alone pays nothing of the order: it doesn't undo the rounding of one that was paid in cash.
      isCashOnly: isCashOnly(earlier),
    },
  });
  // An order of 0.00 books no payment, whatever was handed over and back.
  const payments = settled.payments.filter(({ amountMinor, tipMinor }) => amountMinor > 0 || tipMinor > 0);
  return { ...settled, payments };
}

/** Settles new payments on a bill under the shop's rule of rounding. Throws `invalid_payment`. */
export const settle = (
  exactMinor: number,
  offered: NewPayment[],
  earlier: PaidAmount[],
  settings: RoundingSettings,
): ReturnType<typeof settleBy> => settleBy(exactMinor, offered, earlier, roundingRule(settings));

type Settled = Pick<Order, 'totalMinor' | 'roundingMinor' | 'paymentStatus' | 'payLater' | 'flags'>;

/**
 * Settles payments on a bill whose total stands, with what `roundingMinor` of it is no line's. What is left of it in cash is
 * rounded by `rule`; without one, cash is taken as it comes. Throws `invalid_payment`.
 */
export function settleAt(
  { totalMinor, roundingMinor }: Pick<Settled, 'totalMinor' | 'roundingMinor'>,
  offered: NewPayment[],
  earlier: PaidAmount[],
  rule: Rounding = NO_ROUNDING,
): ReturnType<typeof settleBy> {
  const settled = settleBy(totalMinor, offered, earlier, { ...rule, when: 'cash' });
  return { ...settled, roundingMinor: roundingMinor + settled.roundingMinor };
}

/**
 * Settles payments that come after the bill. What a bill came to that is paid (only tips are left to come), on the book as
 * it was rounded, or printed by a till with another total stands, whatever the shop rounds to by now.
 */
export function settleMore(
  bill: Settled,
  offered: NewPayment[],
  earlier: PaidAmount[],
  settings: RoundingSettings,
): ReturnType<typeof settleBy> {
  const exactMinor = bill.totalMinor - bill.roundingMinor;
  const isOnBook = bill.payLater && (bill.roundingMinor !== 0 || settings.rounding.when === 'always');
  // An edit prices the bill anew, and then it comes to what the shop's rules say.
  const isAsPrinted =
    bill.flags.some(({ code }) => code === 'total_differs') &&
    bill.totalMinor !== settle(exactMinor, [], earlier, settings).totalMinor;
  const stands = bill.paymentStatus === 'completed' || isOnBook || isAsPrinted;
  return stands
    ? settleAt(bill, offered, earlier, roundingRule(settings))
    : settle(exactMinor, offered, earlier, settings);
}

/** What is still to pay of an order, in cash or otherwise; null where nothing is. */
export function dueOf(
  order: Settled & Pick<Order, 'status'>,
  payments: PaidAmount[],
  settings: RoundingSettings,
): OrderView['due'] {
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
 * shows as due to the paisa was booked in coins.
 */
export function isSamePayment(
  known: Pick<Payment, 'method' | 'amountMinor' | 'tenderedMinor' | 'cashStepMinor'>,
  { method, amount }: NewPayment,
): boolean {
  if (known.method !== method) return false;
  const isInCoins = Math.abs(known.amountMinor - amount) < (known.cashStepMinor ?? 0);
  return isInCoins || [known.amountMinor, known.tenderedMinor].includes(amount);
}

/** A refund with the step of its cash, and the money that leaves the drawer, in minor units. */
type PaidOut = PricedRefund & { cashStepMinor: number | null; paidOutMinor: number };

/**
 * A refund as it is paid out, with the step for its row: in cash as a multiple of the step of now; by anything else to the
 * paisa, but for parts of an order that cash paid in steps, or its last part couldn't go back in cash. `leftMinor` is what
 * of the payments hasn't gone back yet; with the last, all of the order is back.
 */
export function payOut(
  priced: PricedRefund,
  method: PaymentMethod,
  at: { leftMinor: number; isLast: boolean },
  { order, payments, settings }: Pick<OrderParts, 'order' | 'payments' | 'settings'>,
): PaidOut {
  const rule = roundingRule(settings);
  const paidIn = payments.findLast(({ cashStepMinor }) => cashStepMinor)?.cashStepMinor ?? 0;
  const isInSteps = paidIn > 0 && order.totalMinor % paidIn === 0 && !at.isLast;
  const steps = method === 'cash' ? rule : isInSteps ? { ...rule, stepMinor: paidIn } : null;
  const paid = steps ? refundInSteps(priced, steps, at) : priced;
  return { ...paid, cashStepMinor: cashStepOf(method, rule), paidOutMinor: paid.totalMinor };
}

/**
 * A refund of an order that isn't paid in full: its goods lower what is owed first, and only what was paid above the rest
 * goes back; in cash as a multiple of the step, with the difference in the refund's rounding. `remainingMinor` is what is
 * left of the order's total before it.
 */
export function payOutOfDebt(
  priced: PricedRefund,
  method: PaymentMethod,
  { leftMinor, remainingMinor }: { leftMinor: number; remainingMinor: number },
  settings: RoundingSettings,
): PaidOut {
  const rule = roundingRule(settings);
  const backMinor = Math.max(0, leftMinor - (remainingMinor - priced.totalMinor));
  const inCoinsMinor = method === 'cash' ? cashAmountOf(backMinor, rule) : backMinor;
  // Never above what was paid: then as many coins as that makes.
  const paidOutMinor =
    inCoinsMinor <= leftMinor ? inCoinsMinor : cashAmountOf(leftMinor, { ...rule, mode: 'down' });
  const roundedMinor = paidOutMinor - backMinor;
  return {
    ...priced,
    totalMinor: priced.totalMinor + roundedMinor,
    roundingMinor: priced.roundingMinor + roundedMinor,
    cashStepMinor: cashStepOf(method, rule),
    paidOutMinor,
  };
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
  method: M;
};

/** The methods that an order is paid by, each once. What was given back wholly is left out. */
export function methodsOf<M extends string>(payments: MethodOf<M>[]): M[] {
  const isBack = ({ id, amountMinor }: MethodOf<M>) => {
    const returns = payments.filter(({ paymentId }) => id !== undefined && paymentId === id);
    return amountMinor > 0 && returns.reduce((sum, each) => sum + each.amountMinor, 0) === amountMinor;
  };
  const paid = payments.filter((payment) => payment.kind === 'payment' && !isBack(payment));
  return [...new Set(paid.map(({ method }) => method))];
}

/** One method by its name, several as `split`; null while nothing is paid. */
export function methodOf(payments: MethodOf<string>[]): string | null {
  const methods = methodsOf(payments);
  return methods.length > 1 ? 'split' : (methods[0] ?? null);
}
