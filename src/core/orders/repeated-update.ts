import {
  type LineVoid,
  type NewLine,
  type NewPayment,
  notedFields,
  type OrderChange,
  type PaymentCorrection,
  type PaymentReturn,
} from '../../contract/orders.ts';
import { isSameReturn } from './decide-payments.ts';
import type { EditSources } from './edit-bill.ts';
import type { GivenDiscount } from './make-bill.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { thawDiscount } from './resolve-lines.ts';

/** Fields that are copied as they are. */
export const DETAILS = [...notedFields, 'orderType', 'payLater'] as const;

type Known = {
  /** Payments that the order hasn't got yet. */
  offered: NewPayment[];
  /** Lines that were taken off before. */
  voided: EditSources['voided'];
  /** Whether the order's customer has the phone number that the change names. */
  hasPhone: boolean;
};

/**
 * Whether a change was made before: what has an id is there, and the rest is as it says. An order that is over would refuse
 * the retry of a request whose response was lost.
 */
export function isRepeat(
  { order, payments: known }: OrderParts,
  change: OrderChange,
  { offered, voided, hasPhone }: Known,
): boolean {
  const { payments, returnPayments, changePayments, voidItems, items, status } = change;
  const hasIds = [payments, returnPayments, changePayments, voidItems, status].some(
    (part) => part !== undefined,
  );
  if (!hasIds || offered.length > 0) return false;
  const isCorrected = ({ id, method }: PaymentCorrection) =>
    known.some((payment) => payment.id === id && payment.method === method);
  const isReturned = (each: PaymentReturn) =>
    known.some((payment) => payment.id === each.id && isSameReturn(payment, each));
  const isVoided = ({ voidId }: LineVoid) => voided.some(({ id }) => id === voidId);
  const isThere = ({ id, productId, quantity }: NewLine) =>
    order.items.some(
      (line) =>
        line.id === id && line.productId === productId && Math.round(line.quantity * 1000) === quantity,
    );
  return (
    (returnPayments ?? []).every(isReturned) &&
    (changePayments ?? []).every(isCorrected) &&
    (voidItems ?? []).every(isVoided) &&
    (items ?? []).every(isThere) &&
    (status === undefined || status === order.status) &&
    DETAILS.every((field) => change[field] === undefined || change[field] === (order[field] ?? null)) &&
    isPricedSo(order, change) &&
    isCustomer(order, change, hasPhone)
  );
}

/** Whether the order has the discount and the terms that a change names. */
function isPricedSo(
  { discountGiven, placeOfSupply, waivesServiceCharge }: Order,
  { discount, placeOfSupply: wantedPlace, waiveServiceCharge }: OrderChange,
): boolean {
  return (
    (discount === undefined || isSameDiscount(discount, thawDiscount(discountGiven ?? null))) &&
    (wantedPlace === undefined || (wantedPlace || null) === (placeOfSupply ?? null)) &&
    (waiveServiceCharge === undefined || waiveServiceCharge === waivesServiceCharge)
  );
}

const isSameDiscount = (one: GivenDiscount | null, other: GivenDiscount | null) =>
  one?.type === other?.type && one?.value === other?.value && one?.reason === other?.reason;

const isCustomer = ({ customerId }: Order, { customerPhone }: OrderChange, hasPhone: boolean): boolean =>
  customerPhone === undefined || (customerPhone ? hasPhone : (customerId ?? null) === null);
