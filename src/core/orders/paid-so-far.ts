import { parseMinor } from '../../contract/money.ts';
import type { Refund } from '../../contract/refunds.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';

type Amounts = Pick<Payment, 'kind' | 'amountMinor'> & { roundingMinor?: number };

export type PaidAmount = Amounts & Pick<Payment, 'method'>;

const sign = ({ kind }: Amounts) => (kind === 'return' ? -1 : 1);

/** The money that a payment brought in, in minor units: a return takes from it. */
export const signedMinor = (payment: Amounts): number => sign(payment) * payment.amountMinor;

/** The money that came in and did not go back by a return. */
export const sumMoney = (payments: readonly Amounts[]): number =>
  payments.reduce((sum, payment) => sum + signedMinor(payment), 0);

/** What of the money is rounding of the payments' own days, and pays nothing of the order's total. */
export const paidRoundingMinor = (payments: readonly Amounts[]): number =>
  payments.reduce((sum, payment) => sum + sign(payment) * (payment.roundingMinor ?? 0), 0);

/** What is paid of an order's total. */
export const sumPaid = (payments: readonly Amounts[]): number =>
  sumMoney(payments) - paidRoundingMinor(payments);

const minorOf = (text: string) => parseMinor(text) as number;

/** The money that refunds gave back. */
export const paidOutMinor = (refunds: readonly Pick<Refund, 'paidOut'>[]): number =>
  refunds.reduce((sum, { paidOut }) => sum + minorOf(paidOut), 0);

/** What refunds took off an order without paying it out: its goods were not paid that far. */
export const loweredMinor = (refunds: readonly Pick<Refund, 'total' | 'paidOut'>[]): number =>
  refunds.reduce((sum, { total, paidOut }) => sum + minorOf(total) - minorOf(paidOut), 0);

type Parts = {
  order: Pick<Order, 'status' | 'totalMinor'>;
  payments: readonly Amounts[];
  refunds: readonly Refund[];
};

/** The payments of an order, and what its refunds took off it as if it had been paid: what later payments come after. */
export const paidSoFar = (
  payments: readonly PaidAmount[],
  refunds: readonly Pick<Refund, 'total' | 'paidOut'>[],
): PaidAmount[] => [...payments, { kind: 'payment', method: 'cash', amountMinor: loweredMinor(refunds) }];

/** What of an order's total nobody owes any more: its payments, and what refunds took off it. */
export const coveredMinor = ({ payments, refunds }: Omit<Parts, 'order'>): number =>
  sumPaid(payments) + loweredMinor(refunds);

/** The overpaid amount. 0 for a voided order, whose payments were all returned. */
export const toGiveBackMinor = ({ order, ...paid }: Parts): number =>
  order.status === 'voided' ? 0 : Math.max(0, coveredMinor(paid) - order.totalMinor);

/** One that was paid above its total is not settled until the difference is given back. */
export const paymentStatusOf = (coveredMinor: number, totalMinor: number): Order['paymentStatus'] =>
  coveredMinor === totalMinor ? 'completed' : coveredMinor > 0 ? 'partial' : 'pending';

/** Whether the money that is in an order is cash alone: of each other method as much went back as came. */
export function isCashOnly(payments: readonly PaidAmount[]): boolean {
  const methods = new Set(payments.map(({ method }) => method));
  methods.delete('cash');
  return [...methods].every((method) => sumPaid(payments.filter((paid) => paid.method === method)) === 0);
}
