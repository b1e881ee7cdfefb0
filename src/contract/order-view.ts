import { z } from 'zod';
import { Count, Day, Id, Money, OrderType, PaymentMethod, Timestamp, Version } from './primitives.ts';
import { Refund } from './refunds.ts';
import { SoldBy } from './sold-by.ts';

/** An order as GET, the feed and the receipt show it. */

export const orderStatuses = ['open', 'preparing', 'ready', 'completed', 'voided'] as const;
export const OrderStatus = z.enum(orderStatuses);
export type OrderStatus = z.output<typeof OrderStatus>;
export const PaymentStatus = z.enum(['pending', 'partial', 'completed']);
export type PaymentStatus = z.output<typeof PaymentStatus>;

const DiscountView = z.strictObject({
  type: z.enum(['percentage', 'flat']),
  value: z.string(),
  reason: z.string().optional(),
});

export const TaxLine = z.strictObject({
  /** `GST 5%`, `CGST 2.5%` … as it is printed. */
  name: z.string(),
  percent: z.string(),
  taxable: Money,
  amount: Money,
});
export type TaxLine = z.output<typeof TaxLine>;

export const OrderItem = z.strictObject({
  id: Id,
  productId: Id,
  variantId: Id.nullable(),
  name: z.string(),
  variantName: z.string().nullable(),
  category: z.string().nullable(),
  sku: z.string().nullable(),
  /** Harmonised System of Nomenclature: what the goods are, for the tax return. */
  hsn: z.string().nullable(),
  quantity: Count,
  /** How the goods were sold; null on orders from before products had `soldBy`. */
  soldBy: SoldBy.nullable(),
  unit: z.string().nullable(),
  unitPrice: Money,
  /** The menu's price, where a manager set another one. */
  listPrice: Money.nullable(),
  modifiers: z.array(z.strictObject({ id: Id, name: z.string(), price: Money })),
  note: z.string(),
  /** Unit price and modifiers times quantity, before discounts. */
  subtotal: Money,
  /** The line's own discount and its share of the bill's. */
  discount: Money,
  discountGiven: DiscountView.nullable(),
  /** Its share of the bill's. */
  serviceCharge: Money,
  taxClass: z.string().nullable(),
  taxPercent: z.string(),
  tax: Money,
  total: Money,
});
export type OrderItem = z.output<typeof OrderItem>;

export const PaymentKind = z.enum(['payment', 'return']);

export const Payment = z.strictObject({
  id: Id,
  /** A return lowers the paid sum. Its amount is positive, too. */
  kind: PaymentKind,
  /** The payment that a return gives back; null for a payment. */
  paymentId: Id.nullable(),
  method: PaymentMethod,
  amount: Money,
  tendered: Money,
  tip: Money,
  change: Money,
  /** The part of `amount` that is cash rounding of the payment's own day; it pays nothing of the order's total. */
  rounding: Money,
  reference: z.string().nullable(),
  at: Timestamp,
  /** When the order was voided and what was left of the payment given back; null for returns, and where returns had given all back. */
  returnedAt: Timestamp.nullable(),
});
export type Payment = z.output<typeof Payment>;

export const orderFlags = [
  'price_changed',
  'product_gone',
  'stock_short',
  'total_differs',
  'approval_missing',
  'customer_unclear',
  'place_unclear',
  'clock_off',
  'closed_day',
  'price_far_off',
  'number_of_other_device',
  'number_of_other_year',
  'number_differs',
  'fraction_of_piece',
  'unknown_cashier',
  'unknown_device',
] as const;

/** Something to review in an order that was placed offline, or sent again after a restore; `detail` is a sentence. */
const OrderFlag = z.strictObject({ code: z.enum(orderFlags), detail: z.string() });
export type OrderFlag = z.output<typeof OrderFlag>;

export const Order = z.strictObject({
  id: Id,
  shopId: Id,
  orderNumber: z.string(),
  /** Called out to the customer; restarts each business day. None on imported bills. */
  tokenNumber: z.int().nullable(),
  businessDate: Day,
  status: OrderStatus,
  orderType: OrderType,
  customerId: Id.nullable(),
  customerName: z.string().nullable(),
  tableNumber: z.string().nullable(),
  /** Number of people at the table. */
  guests: z.int().nullable(),
  notes: z.string(),
  items: z.array(OrderItem),
  subtotal: Money,
  discount: Money,
  discountGiven: DiscountView.nullable(),
  serviceCharge: Money,
  tax: Money,
  taxLines: z.array(TaxLine),
  taxMode: z.enum(['inclusive', 'exclusive']),
  taxSplit: z.enum(['none', 'gst', 'igst']),
  placeOfSupply: z.string().nullable(),
  /** What rounding added to the total, or took from it. */
  rounding: Money,
  total: Money,
  /** The amount due: in cash, rounded to the shop's step, and by other methods; null if nothing is due. */
  due: z.strictObject({ cash: Money, other: Money }).nullable(),
  paymentMethod: z.string().nullable(),
  paymentStatus: PaymentStatus,
  payments: z.array(Payment),
  change: Money,
  /** The overpaid amount, until it is given back. */
  toGiveBack: Money,
  payLater: z.boolean(),
  refunds: z.array(Refund),
  /** The value of the goods that were refunded, paid out or taken off the debt. */
  refunded: Money,
  cashierId: Id.nullable(),
  /** Who allowed what the cashier may not do alone. */
  approvedBy: Id.nullable(),
  shiftId: Id.nullable(),
  deviceId: z.string().nullable(),
  source: z.enum(['till', 'import']),
  voidReason: z.string().nullable(),
  flags: z.array(OrderFlag),
  /** Who looked at its flags. */
  reviewedBy: Id.nullable(),
  version: Version,
  /** When it was sold; of one made offline, by the device's clock. */
  createdAt: Timestamp,
  updatedAt: Timestamp,
  /** When one that was made offline came in; null for all others. */
  receivedAt: Timestamp.nullable(),
});
export type Order = z.output<typeof Order>;
