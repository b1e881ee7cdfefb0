import { formatMinor, MAX_MINOR } from '../contract/money.ts';
import type { PaymentStatus } from '../contract/orders.ts';
import type { PaymentMethod } from '../contract/primitives.ts';
import { type Fault, ProblemError } from '../contract/problem.ts';
import { requireWhole, sum } from './arithmetic.ts';
import { inBookingOrder, isBareCash, payInSteps } from './cash.ts';
import { LIMIT, requireFits } from './limit.ts';
import { cashAmountOf, type Rounding, roundingOf } from './rounding.ts';

/** A payment as the till sends it, in minor units. */
export type OfferedPayment = {
  method: PaymentMethod;
  amountMinor: number;
  /** Given beyond the bill, never part of its total; none when absent. */
  tipMinor?: number | undefined;
  /** What the customer handed over; amount and tip when absent. */
  tenderedMinor?: number | undefined;
};

/** A payment as it is booked: whatever else came with it stays, tendered = amount + tip + change. */
export type SettledPayment<P extends OfferedPayment = OfferedPayment> = P & {
  tipMinor: number;
  tenderedMinor: number;
  changeMinor: number;
};

export type SettlementInput<P extends OfferedPayment = OfferedPayment> = {
  /** The bill's total before it is rounded. */
  exactMinor: number;
  rounding: Rounding;
  payments: P[];
  /** What was paid on the bill before, without tips, and whether all of that was cash; true when nothing was. */
  earlier: { paidMinor: number; isCashOnly: boolean };
};

/** All in minor units. */
export type Settlement<P extends OfferedPayment = OfferedPayment> = {
  payments: SettledPayment<P>[];
  /** What the bill comes to: exact total + rounding. */
  totalMinor: number;
  /** What rounding adds to the bill, or takes from it when negative. */
  roundingMinor: number;
  /** Everything paid on the bill so far, earlier payments included. */
  paidMinor: number;
  /** What the cashier gives back now. */
  changeMinor: number;
  /** The tips of the new payments. */
  tipMinor: number;
  status: PaymentStatus;
};

/** How payments come out against one total. */
type Attempt<P extends OfferedPayment> = {
  totalMinor: number;
  payments: SettledPayment<P>[];
  paidMinor: number;
  faults: Fault[];
};

const THE_PAYMENT: Record<PaymentMethod, string> = {
  cash: 'The cash payment',
  card: 'The card payment',
  upi: 'The UPI payment',
  wallet: 'The wallet payment',
  other: 'The payment',
};

function tenderedFault(
  { method, tipMinor, tenderedMinor }: SettledPayment,
  offeredMinor: number,
  index: number,
): Fault[] {
  const pointer = `/payments/${index}/tendered`;
  const tip = tipMinor > 0 ? ` with a tip of ${formatMinor(tipMinor)}` : '';
  const is = `${THE_PAYMENT[method]} is ${formatMinor(offeredMinor)}${tip}`;
  const tendered = formatMinor(tenderedMinor);
  if (method !== 'cash' && tenderedMinor !== offeredMinor + tipMinor) {
    const rule = tip ? 'Payment and tip together must be what was tendered' : 'The two must be the same';
    return [{ pointer, detail: `${is} but ${tendered} was tendered. ${rule}, except for cash.` }];
  }
  return tenderedMinor < offeredMinor + tipMinor
    ? [{ pointer, detail: `${is} but only ${tendered} was handed over.` }]
    : [];
}

function excessFault(
  { method, amountMinor, tipMinor }: SettledPayment,
  index: number,
  dueMinor: number,
): Fault[] {
  if (amountMinor <= dueMinor) return [];
  const excess = formatMinor(amountMinor - dueMinor);
  const tip = tipMinor > 0 ? `, its tip of ${formatMinor(tipMinor)} not counted` : '';
  const detail =
    dueMinor === 0
      ? `Nothing is left to pay. ${THE_PAYMENT[method]} of ${excess} is too much${tip}.`
      : `${THE_PAYMENT[method]} is ${excess} more than what is due${tip}.`;
  return [{ pointer: `/payments/${index}/amount`, detail }];
}

/**
 * Books the payments against a bill of `totalMinor`. With `takesNotes`, bare cash counts as tendered even if nothing is due in
 * cash, because the amount left is less than the smallest coin: all of it is change.
 */
function attempt<P extends OfferedPayment>(
  totalMinor: number,
  payments: P[],
  earlierMinor: number,
  takesNotes = false,
): Attempt<P> {
  const faults: Fault[] = [];
  const settled: SettledPayment<P>[] = [];
  let dueMinor = Math.max(totalMinor - earlierMinor, 0);
  for (const [index, payment] of inBookingOrder(payments)) {
    const { amountMinor: offeredMinor, tipMinor = 0 } = payment;
    const { tenderedMinor = offeredMinor + tipMinor } = payment;
    const isCapped = isBareCash(payment) && (dueMinor > 0 || takesNotes);
    const amountMinor = isCapped ? Math.min(offeredMinor, dueMinor) : offeredMinor;
    const changeMinor = tenderedMinor - amountMinor - tipMinor;
    const booked = { ...payment, amountMinor, tipMinor, tenderedMinor, changeMinor };
    faults.push(...tenderedFault(booked, offeredMinor, index), ...excessFault(booked, index, dueMinor));
    settled[index] = booked;
    dueMinor = Math.max(dueMinor - amountMinor, 0);
  }
  const paidMinor = earlierMinor + sum(settled.map((payment) => payment.amountMinor));
  return { totalMinor, payments: settled, paidMinor, faults };
}

/** Whether cash pays the last part of the bill. Payments of 0.00 with only a tip don't count. */
const isClosedInCash = ({ payments, earlier }: SettlementInput) =>
  payments.some((payment) => payment.method === 'cash') ||
  (isPaidInCash(earlier) && payments.every((payment) => payment.amountMinor === 0));

const isPaidInCash = ({ isCashOnly, paidMinor }: SettlementInput['earlier']) => isCashOnly && paidMinor > 0;

/**
 * The payments against the total that they make the bill come to. What the other methods leave is due in cash as a
 * multiple of the step, and a bill that cash closes comes to what was paid; while it isn't closed it comes to its exact
 * total, or the rounded one under `always`.
 */
function choose<P extends OfferedPayment>(input: SettlementInput<P>): Attempt<P> {
  const { exactMinor, rounding, earlier } = input;
  const roundedMinor = exactMinor + roundingOf(exactMinor, rounding.stepMinor, rounding.mode);
  const totalMinor = rounding.when === 'always' ? roundedMinor : exactMinor;
  const notCash = input.payments.filter((payment) => payment.method !== 'cash');
  const leftMinor = totalMinor - earlier.paidMinor - sum(notCash.map((payment) => payment.amountMinor));
  const { payments, faults } = payInSteps(input.payments, leftMinor, rounding);
  const book = (toMinor: number, takesNotes = false) => {
    const attempted = attempt(toMinor, payments, earlier.paidMinor, takesNotes);
    return { ...attempted, faults: [...faults, ...attempted.faults] };
  };
  if (leftMinor < 0) {
    // More was paid in cash than the bill comes to by now: what is owed to the customer goes back in cash, too.
    const isOverpaid = isPaidInCash(earlier) && earlier.paidMinor >= roundedMinor;
    return book(isOverpaid && isClosedInCash(input) ? roundedMinor : totalMinor);
  }
  if (!isClosedInCash(input)) return book(totalMinor);
  const inCashMinor = cashAmountOf(leftMinor, rounding);
  const closed = book(totalMinor - leftMinor + inCashMinor, leftMinor > 0 && inCashMinor === 0);
  return closed.paidMinor >= closed.totalMinor ? closed : book(totalMinor);
}

function requireAmounts({ exactMinor, payments, earlier }: SettlementInput): void {
  requireWhole(exactMinor, 'a total');
  requireWhole(earlier.paidMinor, 'what is paid already');
  for (const { amountMinor, tipMinor = 0, tenderedMinor = 0 } of payments) {
    requireWhole(amountMinor, 'a payment');
    requireWhole(tipMinor, 'a tip');
    requireWhole(tenderedMinor, 'what is tendered');
  }
}

/**
 * Settles new payments against a bill; all in minor units. Under `always` the bill is rounded, whoever pays; under `cash`
 * it is exact. Either way cash changes hands in multiples of the step: what the other methods leave is rounded when cash
 * pays the last of it, and the difference is part of the bill's rounding. An amount of cash that is what is left to the
 * paisa counts as all of it; another one off the step is refused, and so are a tip or tendered cash.
 *
 * Change is given on cash only: what was tendered beyond the payment's amount and tip. A cash amount above what is due that
 * names nothing tendered and no tip counts as tendered: the payment becomes what the others leave due, wherever it stands in
 * the list, and the rest is change. With nothing due it is refused, or a bill could be paid twice; a tip alone is a payment
 * of 0 and always welcome. When more was paid before than the bill comes to, nothing is due.
 *
 * Throws `invalid_payment` with every fault found, at `/payments/<i>/amount`, `/payments/<i>/tip` or
 * `/payments/<i>/tendered`, `amount_too_large` when a figure would not fit numeric(10,2), and RangeError when an input is
 * negative or fractional.
 */
export function settlePayments<P extends OfferedPayment>(input: SettlementInput<P>): Settlement<P> {
  requireAmounts(input);
  const { totalMinor, payments, paidMinor, faults } = choose(input);
  if (faults.length > 0) {
    const detail = faults.map((fault) => fault.detail).join(' ');
    throw new ProblemError('invalid_payment', { detail, errors: faults });
  }
  requireFits(totalMinor);
  if (sum(payments.map((payment) => payment.tenderedMinor)) > MAX_MINOR) {
    throw new ProblemError('amount_too_large', {
      detail: `The payments and tips come to more than ${LIMIT}, the most that can be booked. Check the amounts.`,
    });
  }
  return {
    payments,
    totalMinor,
    roundingMinor: totalMinor - input.exactMinor,
    paidMinor,
    changeMinor: sum(payments.map((payment) => payment.changeMinor)),
    tipMinor: sum(payments.map((payment) => payment.tipMinor)),
    status: paidMinor >= totalMinor ? 'completed' : paidMinor > 0 ? 'partial' : 'pending',
  };
}
