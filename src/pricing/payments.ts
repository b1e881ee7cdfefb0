import { formatMinor, MAX_MINOR } from '../contract/money.ts';
import type { PaymentMethod, PaymentStatus } from '../contract/orders.ts';
import { type Fault, ProblemError } from '../contract/problem.ts';
import { requireWhole, sum } from './arithmetic.ts';
import { LIMIT, requireFits } from './limit.ts';
import { type Rounding, roundingOf } from './rounding.ts';

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

/**
 * Cash with no word on what was handed over: its amount may be the note that the customer gave. Beside a tip
 * it can't be: how much of the note was meant for the shop would be a guess.
 */
const isBareCash = ({ method, tipMinor = 0, tenderedMinor }: OfferedPayment) =>
  method === 'cash' && tenderedMinor === undefined && tipMinor === 0;

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

/** Books the payments against a bill of `totalMinor`, bare cash last, since it takes what the others leave due. */
function attempt<P extends OfferedPayment>(
  totalMinor: number,
  payments: P[],
  earlierMinor: number,
): Attempt<P> {
  const faults: Fault[] = [];
  const settled: SettledPayment<P>[] = [];
  let dueMinor = Math.max(totalMinor - earlierMinor, 0);
  const inTurn = [...payments.entries()].sort(
    ([, a], [, b]) => Number(isBareCash(a)) - Number(isBareCash(b)),
  );
  for (const [index, payment] of inTurn) {
    const { amountMinor: offeredMinor, tipMinor = 0 } = payment;
    const { tenderedMinor = offeredMinor + tipMinor } = payment;
    const isCapped = isBareCash(payment) && dueMinor > 0;
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

/** Whether all that pays the bill is cash, and anything does; who gives but a tip doesn't pay the bill. */
const isCashSale = ({ payments, earlier }: SettlementInput) =>
  earlier.isCashOnly &&
  payments.every((payment) => payment.method === 'cash' || payment.amountMinor === 0) &&
  (earlier.paidMinor > 0 || payments.some((payment) => payment.method === 'cash'));

/**
 * The payments against the total that they make the bill come to. Where only cash is rounded, the exact total
 * counts until cash alone closes the bill at the rounded one. A bill that cash has paid to the exact paisa, or
 * beyond the rounded total on the way there, stays exact, or rounding would overpay it; one that is overpaid
 * either way is rounded, since what is owed to the customer goes back in coins.
 */
function choose<P extends OfferedPayment>(input: SettlementInput<P>): Attempt<P> {
  const { exactMinor, rounding, payments, earlier } = input;
  const roundedMinor = exactMinor + roundingOf(exactMinor, rounding.stepMinor);
  if (rounding.when === 'cash' && !isCashSale(input)) return attempt(exactMinor, payments, earlier.paidMinor);
  const rounded = attempt(roundedMinor, payments, earlier.paidMinor);
  const { paidMinor, faults } = rounded;
  const isOverpaid = paidMinor > Math.max(roundedMinor, exactMinor);
  const isClosed = faults.length === 0 && (paidMinor === roundedMinor || isOverpaid);
  return rounding.when === 'always' || isClosed ? rounded : attempt(exactMinor, payments, earlier.paidMinor);
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
 * Settles new payments against a bill; all in minor units. Under `always` the bill comes to its rounded total,
 * whoever pays. Under `cash` it does when every payment, earlier and new, is cash and they close it at that;
 * else, and while it is not closed, it comes to its exact total. Change is given on cash only: what was
 * tendered beyond the payment's amount and tip. A cash amount above what is due that names nothing tendered
 * and no tip counts as tendered: the payment becomes what the others leave due, wherever it stands in the
 * list, and the rest is change. With nothing due it is refused, or a bill could be paid twice; a tip alone is
 * a payment of 0 and always welcome. When more was paid before than the bill comes to, nothing is due.
 *
 * Throws `invalid_payment` with every fault found, at `/payments/<i>/amount` or `/payments/<i>/tendered`,
 * `amount_too_large` when a figure would not fit numeric(10,2), and RangeError when an input is negative or
 * fractional.
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
