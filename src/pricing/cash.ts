import { formatMinor } from '../contract/money.ts';
import type { PaymentMethod } from '../contract/primitives.ts';
import type { Fault } from '../contract/problem.ts';
import { type CashSteps, cashAmountOf, isInSteps } from './rounding.ts';

/** The figures of a cash payment, in minor units, before it is booked. */
type Offered = {
  method: PaymentMethod;
  amountMinor: number;
  tipMinor?: number | undefined;
  tenderedMinor?: number | undefined;
};

/**
 * Cash with no word on what was handed over: its amount may be the note that the customer gave. Beside a tip
 * it can't be: how much of the note was meant for the shop would be a guess.
 */
export const isBareCash = ({ method, tipMinor = 0, tenderedMinor }: Offered): boolean =>
  method === 'cash' && tenderedMinor === undefined && tipMinor === 0;

/** Payments with their places in the request, in the order in which they are booked: bare cash takes what the others leave. */
export const inBookingOrder = <P extends Offered>(payments: P[]): [number, P][] =>
  [...payments.entries()].sort(([, a], [, b]) => Number(isBareCash(a)) - Number(isBareCash(b)));

/**
 * The payments with cash in multiples of the step. A till that names what an order shows as due (24.98) means all of it:
 * in cash that is `cashAmountOf` (25.00), and what it names as tendered stays, unless that is the same figure once more.
 * `dueMinor` is what the other methods leave. Any other cash amount, tip or tendered amount off the step is a fault,
 * also a tip: it is handed over in coins, too.
 */
export function payInSteps<P extends Offered>(
  payments: P[],
  dueMinor: number,
  steps: CashSteps,
): { payments: P[]; faults: Fault[] } {
  let leftMinor = Math.max(dueMinor, 0);
  const faults: Fault[] = [];
  const paid = [...payments];
  for (const [index, payment] of inBookingOrder(payments)) {
    if (payment.method !== 'cash') continue;
    const { amountMinor, tipMinor = 0, tenderedMinor } = payment;
    const isAllDue = amountMinor === leftMinor && !isInSteps(amountMinor, steps);
    const inSteps = isAllDue ? cashAmountOf(amountMinor, steps) : amountMinor;
    const isSameFigure = tenderedMinor === amountMinor + tipMinor;
    const booked =
      isAllDue && isSameFigure
        ? { ...payment, amountMinor: inSteps, tenderedMinor: inSteps + tipMinor }
        : { ...payment, amountMinor: inSteps };
    faults.push(...stepFaults(booked, index, leftMinor, steps));
    leftMinor = Math.max(leftMinor - amountMinor, 0);
    paid[index] = booked;
  }
  return { payments: paid, faults };
}

const FIELDS = [
  ['amount', 'amountMinor', 'A payment'],
  ['tip', 'tipMinor', 'A tip'],
  ['tendered', 'tenderedMinor', 'What is tendered'],
] as const;

function stepFaults(payment: Offered, index: number, leftMinor: number, steps: CashSteps): Fault[] {
  return FIELDS.flatMap(([field, key, what]) => {
    const valueMinor = payment[key] ?? 0;
    if (isInSteps(valueMinor, steps)) return [];
    const below = cashAmountOf(valueMinor, { ...steps, mode: 'down' });
    const near = `${formatMinor(below)} or ${formatMinor(below + steps.stepMinor)}`;
    const all =
      field === 'amount' && leftMinor > 0
        ? `; all that is left is ${formatMinor(cashAmountOf(leftMinor, steps))} in cash`
        : '';
    const detail = `${what} in cash is a multiple of ${formatMinor(steps.stepMinor)}, which ${formatMinor(valueMinor)} is not. Send ${near}${all}.`;
    return [{ pointer: `/payments/${index}/${field}`, detail }];
  });
}
