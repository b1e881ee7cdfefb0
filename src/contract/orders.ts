import { z } from 'zod';
import { Order, OrderStatus, PaymentStatus } from './order-view.ts';
import {
  Amount,
  AmountAboveZero,
  Day,
  Id,
  limits,
  note,
  OrderType,
  PageQuery,
  PaymentMethod,
  Percentage,
  page,
  Quantity,
  queryFlag,
  text,
  Version,
} from './primitives.ts';
import { NewRefund } from './refunds.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { Approval } from './users.ts';

export * from './order-view.ts';

const orderParams = shopParams.extend({ orderId: Id });

/** `value` is a percentage ("10") or an amount ("25.00"), as `type` says. */
const Discount = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('percentage'), value: Percentage, reason: note(255).optional() }),
  z.strictObject({ type: z.literal('flat'), value: Amount, reason: note(255).optional() }),
]);

export const NewLine = z.strictObject({
  /** The line's own id, made by the till or else by the server. */
  id: Id.optional(),
  productId: Id,
  variantId: Id.nullish(),
  quantity: Quantity,
  modifierIds: z.array(Id).max(limits.modifiers).default([]),
  discount: Discount.nullish(),
  /** Another price than the menu's, for one unit without modifiers; for managers, or with an approval. */
  unitPrice: Amount.nullish(),
  note: note(500).default(''),
});
export type NewLine = z.output<typeof NewLine>;

const NewPayment = z.strictObject({
  /** Made by the till: the same payment sent again is taken once. */
  id: Id.optional(),
  method: PaymentMethod,
  amount: Amount,
  /** What the customer handed over; change is given on cash only. */
  tendered: Amount.optional(),
  /** On top of the bill, for the staff; never part of its total. */
  tip: Amount.optional(),
  /** The UPI transaction, the card slip. */
  reference: note(255).optional(),
});
export type NewPayment = z.output<typeof NewPayment>;

/** Returns a payment or part of it, by the same method and out of the drawer that is open now. */
const PaymentReturn = z.strictObject({
  /** Made by the till, so that a retry returns nothing twice. */
  id: Id,
  paymentId: Id,
  amount: AmountAboveZero,
});
export type PaymentReturn = z.output<typeof PaymentReturn>;

/** Corrects the method of a payment, such as cash that was entered as card. */
const PaymentCorrection = z.strictObject({ id: Id, method: PaymentMethod, reason: text(500) });
export type PaymentCorrection = z.output<typeof PaymentCorrection>;

const bill = {
  orderType: OrderType,
  customerName: note(255).nullable(),
  /** Finds the customer, or makes one; the number itself is kept with the customer alone. */
  customerPhone: note(30).nullable(),
  tableNumber: note(20).nullable(),
  guests: z.int().min(1).max(999).nullable(),
  notes: note(2000),
  /**
   * Where the goods go, if that may be another State than the shop's: it decides between SGST and IGST. In India a State's GST code
   * (`27`), letters (`MH`) or name; it is stored as the code. `96`: abroad.
   */
  placeOfSupply: note(64).nullable(),
  /** A service charge is the customer's to refuse (CCPA guidelines of 4 July 2022). */
  waiveServiceCharge: z.boolean(),
  /** Handed over now, paid some other day; the bill has to say who owes it. */
  payLater: z.boolean(),
  items: z.array(NewLine).min(1).max(limits.orderLines),
  discount: Discount.nullable(),
};

export const isPaidOneWay = (order: { paymentMethod?: unknown; payments: unknown[] }) =>
  !order.paymentMethod || order.payments.length === 0;
export const PAID_TWO_WAYS = {
  path: ['paymentMethod'],
  error: 'can not come with payments: send one of the two',
};

/** Fields without an effect on the price. */
export const notedFields = ['customerName', 'tableNumber', 'guests', 'notes'] as const;

/** The till makes `id` before it sends, so that a retry can never sell twice. */
export const NewOrder = z
  .strictObject({
    id: Id,
    orderType: bill.orderType.default('dine_in'),
    customerName: bill.customerName.default(null),
    customerPhone: bill.customerPhone.default(null),
    tableNumber: bill.tableNumber.default(null),
    guests: bill.guests.default(null),
    notes: bill.notes.default(''),
    placeOfSupply: bill.placeOfSupply.default(null),
    waiveServiceCharge: bill.waiveServiceCharge.default(false),
    payLater: bill.payLater.default(false),
    items: bill.items,
    discount: bill.discount.default(null),
    payments: z.array(NewPayment).max(limits.payments).default([]),
    /** Alone it means one payment of the whole total. */
    paymentMethod: PaymentMethod.optional(),
    /** The till's own sum; another one is answered with 409 and the right figures. */
    expectedTotal: Amount.optional(),
    approval: Approval.optional(),
  })
  .refine(isPaidOneWay, PAID_TWO_WAYS);
export type NewOrder = z.output<typeof NewOrder>;
/** As a till writes it: amounts and quantities as text or numbers. */
export type NewOrderInput = z.input<typeof NewOrder>;

/** Takes a line off a bill, or some of it. */
const LineVoid = z.strictObject({
  /** The line's. */
  id: Id,
  quantity: Quantity.optional(),
  reason: text(500),
  /** Whether the goods go back to stock. By default yes, unless the kitchen started on them: then they are waste. */
  restock: z.boolean().optional(),
  /** Made by the till: the same void sent again is done once. */
  voidId: Id.optional(),
});
export type LineVoid = z.output<typeof LineVoid>;

/**
 * Edits a bill that isn't paid, takes payments, moves the status. `items` names lines by id: a known one is changed, a
 * new one added, and those that are not named stay, so that two waiters never overwrite each other.
 */
export const OrderChange = z.strictObject({
  ...z.strictObject(bill).partial().shape,
  voidItems: z.array(LineVoid).min(1).max(limits.orderLines).optional(),
  status: z.enum(['preparing', 'ready', 'completed']).optional(),
  payments: z.array(NewPayment).min(1).max(limits.payments).optional(),
  returnPayments: z.array(PaymentReturn).min(1).max(limits.payments).optional(),
  changePayments: z.array(PaymentCorrection).min(1).max(limits.payments).optional(),
  approval: Approval.optional(),
  version: Version.optional(),
});
export type OrderChange = z.output<typeof OrderChange>;

export const listOrders = defineRoute({
  name: 'listOrders',
  summary: 'Orders, newest first',
  method: 'get',
  path: '/api/shops/:shopId/orders',
  permission: 'cashier',
  params: shopParams,
  query: PageQuery.extend({
    status: OrderStatus.optional(),
    from: Day.optional(),
    to: Day.optional(),
    orderNumber: text(50).optional(),
    paymentStatus: PaymentStatus.optional(),
    customerId: Id.optional(),
    tableNumber: text(20).optional(),
    /** Only those that somebody should look at, or only the others. */
    flagged: queryFlag().optional(),
  }),
  responses: { 200: page(Order) },
  problems: ['not_found'],
});

/** Shared by every request that prices lines or takes payments. */
const SALE_PROBLEMS = [
  'unknown_product',
  'invalid_payment',
  'out_of_stock',
  'amount_too_large',
  'approval_needed',
  'approval_refused',
  'too_many_requests',
  'too_busy',
] as const;

export const placeOrder = defineRoute({
  name: 'placeOrder',
  summary: 'Sell; the same id and body again give the same order with 200',
  method: 'post',
  path: '/api/shops/:shopId/orders',
  permission: 'cashier',
  repeat: 'id',
  params: shopParams,
  body: NewOrder,
  responses: { 201: Order, 200: Order },
  problems: ['not_found', 'order_conflict', ...SALE_PROBLEMS, 'total_mismatch'],
});

export const getOrder = defineRoute({
  name: 'getOrder',
  summary: 'One order',
  method: 'get',
  path: '/api/shops/:shopId/orders/:orderId',
  permission: 'cashier',
  params: orderParams,
  responses: { 200: Order },
  problems: ['not_found'],
});

export const updateOrder = defineRoute({
  name: 'updateOrder',
  summary: 'Edit a bill that is not paid, take payments, or move the status on',
  method: 'put',
  path: '/api/shops/:shopId/orders/:orderId',
  permission: 'cashier',
  params: orderParams,
  body: OrderChange,
  responses: { 200: Order },
  problems: [
    'not_found',
    'order_conflict',
    'version_conflict',
    'order_closed',
    'day_closed',
    'order_status',
    ...SALE_PROBLEMS,
  ],
});

export const voidOrder = defineRoute({
  name: 'voidOrder',
  summary: 'Void an order, with a reason; its payments go back, and its goods unless the kitchen had them',
  method: 'delete',
  path: '/api/shops/:shopId/orders/:orderId',
  permission: 'manager',
  params: orderParams,
  body: z.strictObject({
    reason: text(500),
    /** Whether the goods go back to stock. By default yes, unless the kitchen started on them: then they are waste. */
    restock: z.boolean().optional(),
    version: Version.optional(),
  }),
  responses: { 200: Order },
  problems: ['not_found', 'version_conflict', 'order_closed', 'day_closed'],
});

export const reviewOrder = defineRoute({
  name: 'reviewOrder',
  summary: 'Say that a flagged order was looked at',
  method: 'post',
  path: '/api/shops/:shopId/orders/:orderId/review',
  permission: 'manager',
  repeat: 'key',
  params: orderParams,
  responses: { 200: Order },
  problems: ['not_found'],
});

export const refundOrder = defineRoute({
  name: 'refundOrder',
  summary:
    'Give back all of a bill or some of its lines; the same id and body again give the same refund with 200',
  method: 'post',
  path: '/api/shops/:shopId/orders/:orderId/refunds',
  permission: 'manager',
  repeat: 'key',
  params: orderParams,
  body: NewRefund,
  responses: { 201: Order, 200: Order },
  problems: [
    'not_found',
    'order_open',
    'order_closed',
    'refund_conflict',
    'refund_too_large',
    'invalid_payment',
  ],
});
