import { formatMinor } from '../../contract/money.ts';
import type { PaymentCorrection } from '../../contract/orders.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { unscale } from '../columns.ts';
import type { BookedAs, Payment } from '../payments/payment.entity.ts';
import { asReturn, type DecidedReturn, findPayment } from './decide-returns.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { dueOf, methodOf, type settle, settleMore } from './order-payments.ts';
import { coveredMinor, paidSoFar, paymentStatusOf } from './paid-so-far.ts';
import { insteadOf } from './require-allowed.ts';

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
    requireNoReturn(payment, [...payments, ...returns.map(asReturn)], index);
    // Only cash is rounded: between other methods nothing else changes.
    const isOfCash = payment.method === 'cash' || method === 'cash';
    const paid = { payments: corrected, refunds };
    const settled = isOfCash ? settleAgain(next, payment, method, paid, settings, index) : null;
    const amounts = settled?.amounts ?? { ...amountsOf(payment), cashStepMinor: null };
    const as = { method, ...amounts, bookedAs: payment.bookedAs ?? bookingOf(payment) };
    corrections.push({ id, ...as, from: payment.method, reason });
    corrected = corrected.map((other) => (other.id === id ? { ...other, ...as } : other));
    Object.assign(next, settled?.order);
  });
  const { totalMinor, roundingMinor, paymentStatus } = next;
  return {
    order: { totalMinor, roundingMinor, paymentStatus, paymentMethod: methodOf(corrected) },
    corrections,
    payments: corrected,
  };
}

/** Throws `invalid_payment` for a payment of which some was given back. */
function requireNoReturn(
  { id }: Payment,
  all: readonly Pick<Payment, 'kind' | 'paymentId'>[],
  index: number,
): void {
  if (!all.some(({ kind, paymentId }) => kind === 'return' && paymentId === id)) return;
  const detail =
    'was given back in part. Give back the rest, and send it anew in payments, in the same request';
  throw fieldProblem('invalid_payment', `/changePayments/${index}/id`, detail);
}

const amountsOf = ({ amountMinor, tenderedMinor, changeMinor, roundingMinor }: CorrectedAmounts) => ({
  amountMinor,
  tenderedMinor,
  changeMinor,
  roundingMinor,
});

type CorrectedAmounts = Pick<Payment, 'amountMinor' | 'tenderedMinor' | 'changeMinor' | 'roundingMinor'>;

/** Settles the order with a payment by another method. One that closes the order becomes what is due by the method. */
function settleAgain(
  order: Order,
  payment: Payment,
  method: PaymentMethod,
  { payments, refunds }: Pick<OrderParts, 'payments' | 'refunds'>,
  settings: SettingsValues,
  index: number,
) {
  const pointer = `/changePayments/${index}`;
  const { id, tipMinor } = payment;
  const overMinor = coveredMinor({ payments, refunds }) - order.totalMinor;
  if (overMinor > 0) {
    const detail = `${formatMinor(overMinor)} was paid above what order ${order.orderNumber} comes to. Give it back first: returnPayments.`;
    throw fieldProblem('invalid_payment', `${pointer}/id`, detail);
  }
  const unpaid = { ...order, paymentStatus: 'partial' } as const;
  const others = payments.filter((other) => other.id !== id);
  const before = paidSoFar(others, refunds);
  const due = overMinor === 0 ? dueOf(unpaid, before, settings) : null;
  const whole = due && (method === 'cash' ? due.cash : due.other);
  const amount = whole === null ? payment.amountMinor : unscale(whole);
  const offered = [{ id, method, amount, tendered: amount + tipMinor, tip: tipMinor }];
  const settled = settleCorrection(() => settleMore(unpaid, offered, before, settings), index);
  const [booked] = settled.payments;
  if (!booked) {
    const detail = `In cash this payment of ${formatMinor(payment.amountMinor)} comes to 0.00, which is no payment. Give it back (returnPayments), and send ${due?.other} in cash in payments, in the same request.`;
    throw fieldProblem('invalid_payment', `${pointer}/method`, detail);
  }
  const { totalMinor, roundingMinor, status } = settled;
  return {
    amounts: { ...amountsOf(booked), cashStepMinor: booked.cashStepMinor },
    order: { totalMinor, roundingMinor, paymentStatus: status },
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
  // Without its rounding the order may come to less than what is still paid.
  const overMinor = settled.paidMinor - settled.totalMinor;
  if (returns.length > 0 && wasSettled && overMinor > 0 && !order.payLater) {
    const detail = `Order ${order.orderNumber} comes to ${formatMinor(settled.totalMinor)} by this, and ${formatMinor(overMinor)} above that would stay paid. Give that back, too, or all of a payment and send it anew in payments, in the same request.`;
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
