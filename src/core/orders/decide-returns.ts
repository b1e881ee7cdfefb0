import { formatMinor } from '../../contract/money.ts';
import type { PaymentReturn } from '../../contract/orders.ts';
import { fieldProblem } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { cashAmountOf, cashToReturn, isInSteps, type Rounding } from '../../pricing/index.ts';
import type { Payment } from '../payments/payment.entity.ts';
import { cashStepOf, roundingRule } from './order-payments.ts';
import { sumMoney, sumPaid } from './paid-so-far.ts';

/** The return of a payment or of part of it. */
export type DecidedReturn = Pick<
  Payment,
  'id' | 'paymentId' | 'method' | 'amountMinor' | 'roundingMinor' | 'cashStepMinor'
>;

type PaymentPointer = { list: 'returnPayments' | 'changePayments'; index: number };

/** Throws `invalid_request` where it is no payment of the order. */
export function findPayment(payments: Payment[], id: string, { list, index }: PaymentPointer): Payment {
  const payment = payments.find((known) => known.id === id && known.kind === 'payment');
  if (payment) return payment;
  const field = list === 'returnPayments' ? 'paymentId' : 'id';
  throw fieldProblem('invalid_request', `/${list}/${index}/${field}`, 'is not a payment of this order');
}

type Returning = {
  settings: SettingsValues;
  /** The overpaid amount before the returns. */
  overMinor: number;
};

/**
 * The returns that the order hasn't got yet. Cash goes back in multiples of today's step. All that is left of a payment, or
 * all that the order has to give back, may be named to the paisa: it is booked in coins, and the difference is rounding of
 * today. Returns of an order make up for each other, so that all of them are above what was paid by half a coin at most: the
 * second of two payments of 6.00 goes back as 0.00 where the first was 10.00. Throws `invalid_request`, `invalid_payment` for more than is left of a payment, a part above what it pays of the order,
 * or less than a coin, `order_conflict` for another return under a known id.
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
    const gainMinor = gainInCoins([...payments, ...decided.map(asReturn)]);
    const over = { rule, overMinor: stillOverMinor, gainMinor };
    const amounts = returnedAmounts(each, payment, earlier, over, `/returnPayments/${index}/amount`);
    const { method } = payment;
    decided.push({ id, paymentId, method, ...amounts, cashStepMinor: cashStepOf(method, rule) });
  });
  return decided;
}

export const asReturn = (each: DecidedReturn) => ({ ...each, kind: 'return' as const });

type Returned = Pick<Payment, 'id' | 'kind' | 'paymentId' | 'method' | 'amountMinor' | 'roundingMinor'>;

/** What an order's returns in cash came to above their exact amounts, for lack of smaller coins; negative: below. */
function gainInCoins(payments: readonly Returned[]): number {
  return payments
    .filter(({ kind, method }) => kind === 'payment' && method === 'cash')
    .map((payment) => {
      const returns = payments.filter(({ paymentId }) => paymentId === payment.id);
      if (returns.length === 0) return 0;
      // The rounding of the payment itself goes back with the last of it.
      const all = [payment, ...returns];
      return sumPaid(all) === 0 ? -sumMoney(all) : returns.reduce((sum, each) => sum + each.roundingMinor, 0);
    })
    .reduce((sum, each) => sum + each, 0);
}

type Left = {
  /** The amount of the payment that was not returned yet. */
  leftMinor: number;
  /** The part of it that pays the order; the rest is rounding. */
  leftPaidMinor: number;
  /** An earlier return gave back some of it. */
  isPart: boolean;
  /** All that is left of it as it goes back: in coins, if it was cash. */
  allMinor: number;
};

/** Returns a return's amount and its rounding. `earlier` are the earlier returns of the same payment. */
function returnedAmounts(
  { amount }: PaymentReturn,
  payment: Payment,
  earlier: Parameters<typeof sumPaid>[0],
  { rule, overMinor, gainMinor }: { rule: Rounding; overMinor: number; gainMinor: number },
  pointer: string,
): Pick<DecidedReturn, 'amountMinor' | 'roundingMinor'> {
  const leftMinor = sumMoney([payment, ...earlier]);
  const leftPaidMinor = sumPaid([payment, ...earlier]);
  const coinsOf = (minor: number) =>
    payment.method === 'cash' ? cashToReturn(Math.max(minor - gainMinor, 0), rule) : minor;
  const left = { leftMinor, leftPaidMinor, isPart: earlier.length > 0, allMinor: coinsOf(leftMinor) };
  const isAll = (minor: number) => minor > 0 && [minor, coinsOf(minor)].includes(amount);
  const book = (exactMinor: number, paidMinor: number) => {
    const amountMinor = coinsOf(exactMinor);
    // 0.00 makes up for an earlier return that was too much; by itself it would be none.
    if (amountMinor === 0 && gainMinor <= 0) throw noCoinsProblem(left, rule, pointer);
    return { amountMinor, roundingMinor: amountMinor - paidMinor };
  };
  if (leftPaidMinor > 0 && isAll(leftMinor)) return book(leftMinor, leftPaidMinor);
  const isOfThis = overMinor > 0 && overMinor <= leftPaidMinor && overMinor < leftMinor;
  if (isOfThis && coinsOf(overMinor) <= leftMinor && isAll(overMinor)) return book(overMinor, overMinor);
  requirePart(amount, payment, left, rule, pointer);
  return { amountMinor: amount, roundingMinor: 0 };
}

/** Throws `invalid_payment` where the amount is no part of a payment that can be given back. */
function requirePart(
  amount: number,
  { method, amountMinor }: Payment,
  left: Left,
  rule: Rounding,
  pointer: string,
): void {
  const { leftMinor, leftPaidMinor, isPart, allMinor } = left;
  const isCash = method === 'cash';
  const refuse = (detail: string) => fieldProblem('invalid_payment', pointer, detail);
  if (amount > leftMinor || leftPaidMinor <= 0) {
    const still = formatMinor(leftPaidMinor <= 0 ? 0 : leftMinor);
    throw refuse(
      isPart
        ? `Of this payment of ${formatMinor(amountMinor)} only ${still} can still be given back.`
        : `This payment is ${still}: no more of it can be given back.`,
    );
  }
  if (allMinor === 0) throw noCoinsProblem(left, rule, pointer);
  if (isCash && !isInSteps(amount, rule)) {
    const detail = `Cash goes back in multiples of ${formatMinor(rule.stepMinor)}, which ${formatMinor(amount)} is not. All that is left of this payment is ${formatMinor(allMinor)} in cash.`;
    throw refuse(detail);
  }
  if (amount <= leftPaidMinor) return;
  const partMinor = isCash ? cashAmountOf(leftPaidMinor, { ...rule, mode: 'down' }) : leftPaidMinor;
  const what = isPart
    ? `What is left of this payment, ${formatMinor(leftMinor)},`
    : `This payment of ${formatMinor(leftMinor)}`;
  const orPart = partMinor > 0 ? `, or up to ${formatMinor(partMinor)} for a part` : '';
  const detail = `${what} pays ${formatMinor(leftPaidMinor)} of the order, the rest is rounding. Send ${formatMinor(allMinor)} for all that is left of it${orPart}.`;
  throw refuse(detail);
}

/** Of an amount that no coin can give back. */
function noCoinsProblem({ allMinor, isPart }: Left, { stepMinor }: Rounding, pointer: string) {
  const mend =
    allMinor > 0
      ? `Give all of this payment back, ${formatMinor(allMinor)} in cash, and send what the order comes to anew in payments, in the same request.`
      : isPart
        ? 'Void the order, or refund it by another method.'
        : 'Correct how the payment was made (changePayments) and give it back by that, or void the order.';
  const detail = `In cash that comes to 0.00, as cash goes back in multiples of ${formatMinor(stepMinor)}. ${mend}`;
  return fieldProblem('invalid_payment', pointer, detail);
}

/** Whether a return sent again under a known id is the same; one that was named to the paisa was booked in coins. */
export const isSameReturn = (
  known: Pick<Payment, 'paymentId' | 'amountMinor' | 'cashStepMinor'>,
  { paymentId, amount }: PaymentReturn,
): boolean =>
  known.paymentId === paymentId && Math.abs(known.amountMinor - amount) < (known.cashStepMinor ?? 1);
