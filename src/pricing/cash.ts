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
 * Whether a cash payment names neither a tendered amount nor a tip: its amount may then be the note that was handed over.
 * With a tip it isn't taken so, because the part of the note that belongs to the order would be a guess.
 */
export const isBareCash = ({ method, tipMinor = 0, tenderedMinor }: Offered): boolean =>
  method === 'cash' && tenderedMinor === undefined && tipMinor === 0;

/** Payments with their index in the request, in booking order: bare cash last, because it takes what the others leave. */
export const inBookingOrder = <P extends Offered>(payments: P[]): [number, P][] =>
  [...payments.entries()].sort(([, a], [, b]) => Number(isBareCash(a)) - Number(isBareCash(b)));

/**
 * Converts cash payments to multiples of the step. A cash amount that equals the exact amount due (24.98) becomes its cash
 * amount (25.00), and so does a tendered amount that equals it. `dueMinor` is what the other methods leave. Any other cash
 * amount, tip or tendered amount off the step is a fault.
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
