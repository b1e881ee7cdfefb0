import { formatMinor } from '../../contract/money.ts';
import type { Order as OrderView, Payment as PaymentView } from '../../contract/orders.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { dueOf } from './order-payments.ts';
import { paidSoFar, sumMoney, toGiveBackMinor } from './paid-so-far.ts';

/** Bills from before a field was there: imported ones, and those of earlier versions. */
const ITEM_DEFAULTS = { hsn: null, soldBy: null, unit: null, listPrice: null, serviceCharge: '0.00' };

/** An order as the wire, the feed and the receipt show it. */
export function viewOrder({ order, payments, refunds, settings }: OrderParts): OrderView {
  return {
    id: order.id,
    shopId: order.shopId,
    orderNumber: order.orderNumber,
    tokenNumber: order.tokenNumber ?? null,
    businessDate: order.businessDate,
    status: order.status,
    orderType: order.orderType,
    customerId: order.customerId ?? null,
    customerName: order.customerName ?? null,
    tableNumber: order.tableNumber ?? null,
    guests: order.guests ?? null,
    notes: order.notes,
    items: order.items.map((item) => ({ ...ITEM_DEFAULTS, ...item })),
    subtotal: formatMinor(order.subtotalMinor),
    discount: formatMinor(order.discountMinor),
    discountGiven: order.discountGiven ?? null,
    serviceCharge: formatMinor(order.serviceChargeMinor),
    tax: formatMinor(order.taxMinor),
    taxLines: order.taxLines,
    taxMode: order.taxMode,
    taxSplit: order.taxSplit,
    placeOfSupply: order.placeOfSupply ?? null,
    rounding: formatMinor(order.roundingMinor),
    total: formatMinor(order.totalMinor),
    due: dueOf(order, paidSoFar(payments, refunds), settings),
    paymentMethod: order.paymentMethod ?? null,
    paymentStatus: order.paymentStatus,
    payments: viewPayments(payments),
    change: formatMinor(payments.reduce((sum, payment) => sum + payment.changeMinor, 0)),
    toGiveBack: formatMinor(toGiveBackMinor({ order, payments, refunds })),
    payLater: order.payLater,
    refunds,
    refunded: formatMinor(order.refundedMinor),
    cashierId: order.cashierId ?? null,
    approvedBy: order.approvedBy ?? null,
    shiftId: order.shiftId ?? null,
    deviceId: order.deviceId ?? null,
    source: order.source,
    voidReason: order.voidReason ?? null,
    flags: order.flags,
    reviewedBy: order.reviewedBy ?? null,
    version: order.version,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    receivedAt: order.receivedAt?.toISOString() ?? null,
  };
}

export type PaymentFields = Pick<
  Payment,
  | 'kind'
  | 'paymentId'
  | 'id'
  | 'method'
  | 'amountMinor'
  | 'tenderedMinor'
  | 'tipMinor'
  | 'changeMinor'
  | 'roundingMinor'
  | 'reference'
  | 'at'
> & { returnedAt?: Payment['returnedAt'] };

/** By time and then by id, as they are read again: those of one moment have no other order that is kept. */
export const viewPayments = (payments: PaymentFields[]): PaymentView[] =>
  payments
    .toSorted((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1))
    .map((payment) => viewPayment(payment, payments));

function viewPayment(payment: PaymentFields, all: PaymentFields[]): PaymentView {
  // A void gives back what is left: not a return, nor a payment that returns gave back before.
  const left = sumMoney([payment, ...all.filter(({ paymentId }) => paymentId === payment.id)]);
  const isVoided = payment.kind === 'payment' && (left > 0 || payment.tipMinor > 0);
  return {
    id: payment.id,
    kind: payment.kind,
    paymentId: payment.paymentId ?? null,
    method: payment.method,
    amount: formatMinor(payment.amountMinor),
    tendered: formatMinor(payment.tenderedMinor),
    tip: formatMinor(payment.tipMinor),
    change: formatMinor(payment.changeMinor),
    rounding: formatMinor(payment.roundingMinor),
    reference: payment.reference ?? null,
    at: payment.at.toISOString(),
    returnedAt: (isVoided && payment.returnedAt?.toISOString()) || null,
  };
}
