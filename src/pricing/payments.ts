import { formatMinor } from '../contract/money.ts';
import type { PaymentStatus } from '../contract/orders.ts';
import type { PaymentMethod } from '../contract/primitives.ts';
import { type Fault, ProblemError } from '../contract/problem.ts';
import { requireWhole, sum } from './arithmetic.ts';

/** A payment as the till sends it, in minor units; `tenderedMinor` is what the customer handed over. */
export type OfferedPayment = {
  method: PaymentMethod;
  amountMinor: number;
  tenderedMinor?: number | undefined;
};

/** A payment as it is booked: whatever else came with it stays, tendered = amount + change. */
export type SettledPayment<P extends OfferedPayment = OfferedPayment> = P & {
  tenderedMinor: number;
  changeMinor: number;
};

export type Settlement<P extends OfferedPayment = OfferedPayment> = {
  payments: SettledPayment<P>[];
  /** Everything paid on the bill so far, earlier payments included. */
  paidMinor: number;
  /** What the cashier gives back now. */
  changeMinor: number;
  status: PaymentStatus;
};

const THE_PAYMENT: Record<PaymentMethod, string> = {
  cash: 'The cash payment',
  card: 'The card payment',
  upi: 'The UPI payment',
  wallet: 'The wallet payment',
  other: 'The payment',
};

/** Cash with no word on what was handed over: its amount may be the note that the customer gave. */
const isBareCash = (payment: OfferedPayment) =>
  payment.method === 'cash' && payment.tenderedMinor === undefined;

function tenderedFault(
  { method, amountMinor, tenderedMinor = amountMinor }: OfferedPayment,
  index: number,
): Fault[] {
  const pointer = `/payments/${index}/tendered`;
  const is = `${THE_PAYMENT[method]} is ${formatMinor(amountMinor)}`;
  const tendered = formatMinor(tenderedMinor);
  if (method !== 'cash' && tenderedMinor !== amountMinor) {
    return [
      { pointer, detail: `${is} but ${tendered} was tendered. The two must be the same, except for cash.` },
    ];
  }
  return tenderedMinor < amountMinor
    ? [{ pointer, detail: `${is} but only ${tendered} was handed over.` }]
    : [];
}

function excessFault(
  { method }: OfferedPayment,
  index: number,
  amountMinor: number,
  dueMinor: number,
): Fault[] {
  if (amountMinor <= dueMinor) return [];
  const excess = formatMinor(amountMinor - dueMinor);
  const detail =
    dueMinor === 0
      ? `Nothing is left to pay. ${THE_PAYMENT[method]} of ${excess} is too much.`
      : `${THE_PAYMENT[method]} is ${excess} more than what is due.`;
  return [{ pointer: `/payments/${index}/amount`, detail }];
}

/**
 * Settles new payments against a bill of `totalMinor` of which `alreadyPaidMinor` is paid; all in minor
 * units. Change is given on cash only: what was tendered beyond the payment's amount. A cash amount above
 * what is due that names nothing tendered counts as tendered: the payment becomes what the others leave due,
 * wherever it stands in the list, and the rest is change. With nothing due it is refused, or a bill could be
 * paid twice.
 *
 * Throws `invalid_payment` with every fault found, at `/payments/<i>/amount` or `/payments/<i>/tendered`.
 */
export function settlePayments<P extends OfferedPayment>(
  totalMinor: number,
  payments: P[],
  alreadyPaidMinor = 0,
): Settlement<P> {
  requireWhole(totalMinor, 'a total');
  requireWhole(alreadyPaidMinor, 'what is paid already');
  const faults: Fault[] = [];
  const settled: SettledPayment<P>[] = [];
  let dueMinor = Math.max(totalMinor - alreadyPaidMinor, 0);
  const inTurn = [...payments.entries()].sort(
    ([, a], [, b]) => Number(isBareCash(a)) - Number(isBareCash(b)),
  );
  for (const [index, payment] of inTurn) {
    const { amountMinor: offeredMinor, tenderedMinor = offeredMinor } = payment;
    requireWhole(offeredMinor, 'a payment');
    requireWhole(tenderedMinor, 'what is tendered');
    const isCapped = isBareCash(payment) && dueMinor > 0;
    const amountMinor = isCapped ? Math.min(offeredMinor, dueMinor) : offeredMinor;
    faults.push(...tenderedFault(payment, index), ...excessFault(payment, index, amountMinor, dueMinor));
    settled[index] = { ...payment, amountMinor, tenderedMinor, changeMinor: tenderedMinor - amountMinor };
    dueMinor = Math.max(dueMinor - amountMinor, 0);
  }
  if (faults.length > 0) {
    const detail = faults.map((fault) => fault.detail).join(' ');
    throw new ProblemError('invalid_payment', { detail, errors: faults });
  }
  const paidMinor = alreadyPaidMinor + sum(settled.map((payment) => payment.amountMinor));
  return {
    payments: settled,
    paidMinor,
    changeMinor: sum(settled.map((payment) => payment.changeMinor)),
    status: paidMinor >= totalMinor ? 'completed' : paidMinor > 0 ? 'partial' : 'pending',
  };
}
