import { parseMinor } from '../../contract/money.ts';
import {
  type LineVoid,
  type NewLine,
  type NewPayment,
  notedFields,
  type OrderChange,
  type PaymentCorrection,
  type PaymentReturn,
} from '../../contract/orders.ts';
import { storedPlaceOfSupply } from '../shops/tax-registration.ts';
import { isSameReturn } from './decide-returns.ts';
import type { EditSources } from './edit-bill.ts';
import type { GivenDiscount } from './make-bill.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { isSameGoods, thawDiscount } from './resolve-lines.ts';

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
  { order, payments: known, settings }: OrderParts,
  change: OrderChange,
  { offered, voided, hasPhone }: Known,
): boolean {
  const { payments, returnPayments, changePayments, voidItems, items, status } = change;
  const named = items?.every(({ id }) => id !== undefined) ? items : undefined;
  const hasIds = [payments, returnPayments, changePayments, voidItems, named, status].some(
    (part) => part !== undefined,
  );
  if (!hasIds || offered.length > 0) return false;
  const isCorrected = ({ id, method }: PaymentCorrection) =>
    known.some((payment) => payment.id === id && payment.method === method);
  const isReturned = (each: PaymentReturn) =>
    known.some((payment) => payment.id === each.id && isSameReturn(payment, each));
  const isVoided = ({ voidId }: LineVoid) => voided.some(({ id }) => id === voidId);
  const isThere = (wanted: NewLine) => order.items.some((line) => isSameLine(line, wanted));
  return (
    (returnPayments ?? []).every(isReturned) &&
    (changePayments ?? []).every(isCorrected) &&
    (voidItems ?? []).every(isVoided) &&
    (items ?? []).every(isThere) &&
    (status === undefined || status === order.status) &&
    DETAILS.every((field) => change[field] === undefined || change[field] === (order[field] ?? null)) &&
    isPricedSo(order, change, settings) &&
    isCustomer(order, change, hasPhone)
  );
}

/** Whether a line is as a change names it. Without a price of its own, the change leaves the line's. */
const isSameLine = (line: Order['items'][number], wanted: NewLine): boolean =>
  line.id === wanted.id &&
  isSameGoods(line, wanted) &&
  Math.round(line.quantity * 1000) === wanted.quantity &&
  line.note === wanted.note &&
  isSameDiscount(wanted.discount ?? null, thawDiscount(line.discountGiven)) &&
  [undefined, null, parseMinor(line.unitPrice)].includes(wanted.unitPrice);

/** Whether the order has the discount and the terms that a change names. */
function isPricedSo(
  { discountGiven, placeOfSupply, waivesServiceCharge }: Order,
  { discount, placeOfSupply: wantedPlace, waiveServiceCharge }: OrderChange,
  settings: OrderParts['settings'],
): boolean {
  // An older version stored a State as it was typed.
  const stored = (place: string | null = null) => storedPlaceOfSupply(settings, place);
  return (
    (discount === undefined || isSameDiscount(discount, thawDiscount(discountGiven ?? null))) &&
    (wantedPlace === undefined || stored(wantedPlace) === stored(placeOfSupply)) &&
    (waiveServiceCharge === undefined || waiveServiceCharge === waivesServiceCharge)
  );
}

const isSameDiscount = (one: GivenDiscount | null, other: GivenDiscount | null) =>
  one?.type === other?.type && one?.value === other?.value && one?.reason === other?.reason;

const isCustomer = ({ customerId }: Order, { customerPhone }: OrderChange, hasPhone: boolean): boolean =>
  customerPhone === undefined || (customerPhone ? hasPhone : (customerId ?? null) === null);
