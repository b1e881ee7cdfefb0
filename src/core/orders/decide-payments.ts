import { formatMinor } from '../../contract/money.ts';
import type { PaymentCorrection, PaymentReturn } from '../../contract/orders.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { cashAmountOf, isInSteps, type Rounding } from '../../pricing/index.ts';
import { unscale } from '../columns.ts';
import type { BookedAs, Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { cashStepOf, dueOf, methodOf, roundingRule, type settle, settleMore } from './order-payments.ts';
import { coveredMinor, paidSoFar, paymentStatusOf, sumMoney, sumPaid } from './paid-so-far.ts';
import { insteadOf } from './require-allowed.ts';

/** The return of a payment or of part of it. */
export type DecidedReturn = Pick<
  Payment,
  'id' | 'paymentId' | 'method' | 'amountMinor' | 'roundingMinor' | 'cashStepMinor'
>;

/** A payment with its corrected method; `from` is the method before. */
export type DecidedCorrection = Pick<
  Payment,
  | 'id'
  | 'method'
  | 'amountMinor'
  | 'tenderedMinor'
  | 'changeMinor'
  | 'roundingMinor'
  | 'cashStepMinor'
  | 'bookedAs'
> & {
  from: PaymentMethod;
  reason: string;
};

type Place = { list: 'returnPayments' | 'changePayments'; index: number };

function findPayment(payments: Payment[], id: string, { list, index }: Place): Payment {
  const payment = payments.find((known) => known.id === id && known.kind === 'payment');
  if (payment) return payment;
  const field = list === 'returnPayments' ? 'paymentId' : 'id';
  throw fieldProblem('invalid_request', `/${list}/${index}/${field}`, 'is not a payment of this order');
}

const returnsOf = (payments: readonly Pick<Payment, 'kind' | 'paymentId' | 'amountMinor'>[], id: string) =>
  payments
    .filter(({ kind, paymentId }) => kind === 'return' && paymentId === id)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);

type Returning = {
  settings: SettingsValues;
  /** What was paid above what the order comes to, before the returns. */
  overMinor: number;
};

/**
 * The returns that the order hasn't got yet. Cash goes back in multiples of today's step. All that is left of a payment, or
 * all that the order has to give back, may be named to the paisa: it is booked in coins, and the difference is rounding of
 * today. Throws `invalid_request`, `invalid_payment` for more than is left of a payment, or a part above what it pays of the
 * order, `order_conflict` for another return under a known id.
 */
export function decideReturns(
  payments: Payment[],
  asked: PaymentReturn[],
  { settings, overMinor }: Returning,
): DecidedReturn[] {
  const decided: DecidedReturn[] = [];
  asked.forEach((each, index) => {
    const { id, paymentId } = each;
    if (decided.some((other) => other.id === id))
      throw fieldProblem('invalid_request', `/returnPayments/${index}/id`, 'stands twice');
    const known = payments.find((payment) => payment.id === id);
    if (known && isSameReturn(known, each)) return;
    if (known)
      throw fieldProblem(
        'order_conflict',
        `/returnPayments/${index}/id`,
        'is that of another payment of this order',
      );
    const payment = findPayment(payments, paymentId, { list: 'returnPayments', index });
    const earlier = [...payments, ...decided.map(asReturn)].filter((other) => other.paymentId === paymentId);
    const stillOverMinor = overMinor + sumPaid(decided.map(asReturn));
    const rule = roundingRule(settings);
    const amounts = returnedAmounts(each, payment, earlier, { rule, overMinor: stillOverMinor }, index);
    const { method } = payment;
    decided.push({ id, paymentId, method, ...amounts, cashStepMinor: cashStepOf(method, rule) });
  });
  return decided;
}

export const asReturn = (each: DecidedReturn) => ({ ...each, kind: 'return' as const });

/** What a return gives back, and what of that is rounding. `earlier` are those of the same payment. */
function returnedAmounts(
  { amount }: PaymentReturn,
  payment: Payment,
  earlier: Parameters<typeof sumPaid>[0],
  { rule, overMinor }: { rule: Rounding; overMinor: number },
  index: number,
): Pick<DecidedReturn, 'amountMinor' | 'roundingMinor'> {
  const isCash = payment.method === 'cash';
  const leftMinor = sumMoney([payment, ...earlier]);
  const leftPaidMinor = sumPaid([payment, ...earlier]);
  const coinsOf = (minor: number) => (isCash ? cashAmountOf(minor, rule) : minor);
  const isAll = (minor: number) => minor > 0 && [minor, coinsOf(minor)].includes(amount);
  if (leftPaidMinor > 0 && isAll(leftMinor)) {
    const amountMinor = coinsOf(leftMinor);
    return { amountMinor, roundingMinor: amountMinor - leftPaidMinor };
  }
  const isOfThis = overMinor > 0 && overMinor <= leftPaidMinor && overMinor < leftMinor;
  if (isOfThis && coinsOf(overMinor) <= leftMinor && isAll(overMinor)) {
    const amountMinor = coinsOf(overMinor);
    return { amountMinor, roundingMinor: amountMinor - overMinor };
  }
  const pointer = `/returnPayments/${index}/amount`;
  if (amount > leftMinor || leftPaidMinor <= 0) {
    const left = formatMinor(leftPaidMinor <= 0 ? 0 : leftMinor);
    const detail =
      earlier.length === 0
        ? `This payment is ${left}: no more of it can be given back.`
        : `Of this payment of ${formatMinor(payment.amountMinor)} only ${left} can still be given back.`;
    throw fieldProblem('invalid_payment', pointer, detail);
  }
  if (isCash && !isInSteps(amount, rule)) {
    const detail = `Cash goes back in multiples of ${formatMinor(rule.stepMinor)}, which ${formatMinor(amount)} is not. All that is left of this payment is ${formatMinor(coinsOf(leftMinor))} in cash.`;
    throw fieldProblem('invalid_payment', pointer, detail);
  }
  if (amount > leftPaidMinor) {
    const partMinor = isCash ? cashAmountOf(leftPaidMinor, { ...rule, mode: 'down' }) : leftPaidMinor;
    const what =
      earlier.length === 0
        ? `This payment of ${formatMinor(leftMinor)}`
        : `What is left of this payment, ${formatMinor(leftMinor)},`;
    const orPart = partMinor > 0 ? `, or up to ${formatMinor(partMinor)} for a part` : '';
    const detail = `${what} pays ${formatMinor(leftPaidMinor)} of the order, the rest is rounding. Send ${formatMinor(coinsOf(leftMinor))} for all that is left of it${orPart}.`;
    throw fieldProblem('invalid_payment', pointer, detail);
  }
  return { amountMinor: amount, roundingMinor: 0 };
}

/** Whether a return sent again under a known id is the same; one that was named to the paisa was booked in coins. */
export const isSameReturn = (
  known: Pick<Payment, 'paymentId' | 'amountMinor' | 'cashStepMinor'>,
  { paymentId, amount }: PaymentReturn,
): boolean =>
  known.paymentId === paymentId && Math.abs(known.amountMinor - amount) < (known.cashStepMinor ?? 1);

type Correcting = {
  settings: SettingsValues;
  today: string;
  countedShiftIds: ReadonlySet<string>;
  /** Of the same request. */
  returns: readonly DecidedReturn[];
};

/**
 * Corrects how payments were made, and what `order` comes to by that: the rounding of cash depends on it. A payment that has
 * the method already is left alone. Throws `invalid_request`, `invalid_payment`, `day_closed` for one that was counted.
 */
export function decideCorrections(
  order: Order,
  { payments, refunds }: Pick<OrderParts, 'payments' | 'refunds'>,
  asked: PaymentCorrection[],
  { settings, today, countedShiftIds, returns }: Correcting,
): { order: Partial<Order>; corrections: DecidedCorrection[]; payments: Payment[] } {
  const next = { ...order };
  const corrections: DecidedCorrection[] = [];
  let corrected = payments;
  asked.forEach(({ id, method, reason }, index) => {
    const payment = findPayment(payments, id, { list: 'changePayments', index });
    if (payment.method === method) return;
    requireUncounted(order, payment, { today, countedShiftIds });
    const all = [...payments, ...returns.map(asReturn)];
    if (returnsOf(all, id) > 0)
      throw fieldProblem(
        'invalid_payment',
        `/changePayments/${index}/id`,
        'was given back in part. Give back the rest, and send it anew in payments, in the same request',
      );
    const bookedAs = payment.bookedAs ?? bookingOf(payment);
    // Only cash is rounded: between other methods nothing else changes.
    if (payment.method !== 'cash' && method !== 'cash') {
      const { amountMinor, tenderedMinor, changeMinor } = payment;
      const { roundingMinor } = payment;
      const as = {
        method,
        amountMinor,
        tenderedMinor,
        changeMinor,
        roundingMinor,
        cashStepMinor: null,
        bookedAs,
      };
      corrections.push({ id, ...as, from: payment.method, reason });
      corrected = corrected.map((other) => (other.id === id ? { ...other, ...as } : other));
      return;
    }
    const overMinor = coveredMinor({ payments: corrected, refunds }) - next.totalMinor;
    if (overMinor > 0) {
      const detail = `${formatMinor(overMinor)} was paid above what order ${order.orderNumber} comes to. Give it back first: returnPayments.`;
      throw fieldProblem('invalid_payment', `/changePayments/${index}/id`, detail);
    }
    const others = corrected.filter((other) => other.id !== id);
    const isClosing = overMinor === 0;
    const unpaid = { ...next, paymentStatus: 'partial' } as const;
    const before = paidSoFar(others, refunds);
    const due = isClosing ? dueOf(unpaid, before, settings) : null;
    const whole = due && (method === 'cash' ? due.cash : due.other);
    const amount = whole === null ? payment.amountMinor : unscale(whole);
    const tendered = amount + payment.tipMinor;
    const offered = [{ id, method, amount, tendered, tip: payment.tipMinor }];
    const settled = settleCorrection(() => settleMore(unpaid, offered, before, settings), index);
    const [booked] = settled.payments;
    if (!booked) {
      const detail = `In cash this payment of ${formatMinor(payment.amountMinor)} comes to 0.00, which is no payment. Give it back (returnPayments), and send ${due?.other} in cash in payments, in the same request.`;
      throw fieldProblem('invalid_payment', `/changePayments/${index}/method`, detail);
    }
    const { amountMinor, tenderedMinor, changeMinor, roundingMinor: addedMinor, cashStepMinor } = booked;
    const amounts = { amountMinor, tenderedMinor, changeMinor, roundingMinor: addedMinor };
    const as = { method, ...amounts, cashStepMinor, bookedAs };
    corrections.push({ id, ...as, from: payment.method, reason });
    corrected = corrected.map((other) => (other.id === id ? { ...other, ...as } : other));
    Object.assign(next, {
      totalMinor: settled.totalMinor,
      roundingMinor: settled.roundingMinor,
      paymentStatus: settled.status,
    });
  });
  const { totalMinor, roundingMinor, paymentStatus } = next;
  return {
    order: { totalMinor, roundingMinor, paymentStatus, paymentMethod: methodOf(corrected) },
    corrections,
    payments: corrected,
  };
}

const bookingOf = ({ method, amountMinor, tenderedMinor, cashStepMinor }: Payment): BookedAs => ({
  method,
  amountMinor,
  tenderedMinor,
  cashStepMinor: cashStepMinor ?? null,
});

/** Names the correction in what is wrong with the payment that it makes. */
function settleCorrection<T>(work: () => T, index: number): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ProblemError && error.code === 'invalid_payment' && error.detail)) throw error;
    throw fieldProblem('invalid_payment', `/changePayments/${index}/method`, error.detail);
  }
}

/** A payment of a day that has ended, or of a counted drawer, can't be corrected. */
export function requireUncounted(
  order: Order,
  { businessDate, shiftId }: Payment,
  { today, countedShiftIds }: Pick<Correcting, 'today' | 'countedShiftIds'>,
): void {
  if (businessDate >= today && !(shiftId && countedShiftIds.has(shiftId))) return;
  throw new ProblemError('day_closed', {
    detail:
      'This payment is of a day that has ended, or of a shift that was counted. Give it back, and take it anew.',
    extra: insteadOf(order, 'giveBack'),
  });
}

/**
 * What new payments and returns make of `order`. What was settled has to stay so. Throws `invalid_payment`.
 */
export function decideSettlement(
  order: Order,
  { payments, refunds }: Pick<OrderParts, 'payments' | 'refunds'>,
  { offered, returns }: { offered: Parameters<typeof settleMore>[1]; returns: DecidedReturn[] },
  { settings, wasSettled }: { settings: SettingsValues; wasSettled: boolean },
): { order: Partial<Order>; payments: ReturnType<typeof settle>['payments'] } {
  const kept = [...payments, ...returns.map(asReturn)];
  const paymentStatus = paymentStatusOf(coveredMinor({ payments: kept, refunds }), order.totalMinor);
  const settled = settleMore({ ...order, paymentStatus }, offered, paidSoFar(kept, refunds), settings);
  if (returns.length > 0 && wasSettled && settled.status !== 'completed' && !order.payLater) {
    const lackMinor = settled.totalMinor - settled.paidMinor;
    const detail = `That would leave ${formatMinor(lackMinor)} of order ${order.orderNumber} unpaid. Send payments for it in the same request, or refund the order.`;
    throw fieldProblem('invalid_payment', '/returnPayments', detail);
  }
  return {
    order: {
      totalMinor: settled.totalMinor,
      roundingMinor: settled.roundingMinor,
      // An order that is still overpaid isn't final.
      paymentStatus: settled.paidMinor > settled.totalMinor ? 'partial' : settled.status,
      paymentMethod: methodOf([...kept, ...settled.payments]),
    },
    payments: settled.payments,
  };
}
