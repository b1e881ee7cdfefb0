import { formatMinor } from '../../contract/money.ts';
import type { Order as OrderView, Payment as PaymentView } from '../../contract/orders.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';

/** An order as the wire, the feed and the receipt show it. */
export function viewOrder(order: Order, payments: Payment[]): OrderView {
  return {
    id: order.id,
    shopId: order.shopId,
    orderNumber: order.orderNumber,
    tokenNumber: order.tokenNumber ?? null,
    businessDate: order.businessDate,
    status: order.status,
    orderType: order.orderType,
    customerName: order.customerName ?? null,
    notes: order.notes,
    items: order.items,
    subtotal: formatMinor(order.subtotalMinor),
    discount: formatMinor(order.discountMinor),
    discountGiven: order.discountGiven ?? null,
    tax: formatMinor(order.taxMinor),
    taxLines: order.taxLines,
    taxMode: order.taxMode,
    total: formatMinor(order.totalMinor),
    paymentMethod: order.paymentMethod ?? null,
    paymentStatus: order.paymentStatus,
    payments: payments.map(viewPayment),
    change: formatMinor(payments.reduce((sum, payment) => sum + payment.changeMinor, 0)),
    cashierId: order.cashierId ?? null,
    deviceId: order.deviceId ?? null,
    source: order.source,
    voidReason: order.voidReason ?? null,
    version: order.version,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

export type PaymentFields = Pick<
  Payment,
  'id' | 'method' | 'amountMinor' | 'tenderedMinor' | 'changeMinor' | 'reference' | 'at'
>;

export function viewPayment(payment: PaymentFields): PaymentView {
  return {
    id: payment.id,
    method: payment.method,
    amount: formatMinor(payment.amountMinor),
    tendered: formatMinor(payment.tenderedMinor),
    change: formatMinor(payment.changeMinor),
    reference: payment.reference ?? null,
    at: payment.at.toISOString(),
  };
}
