import { z } from 'zod';
import {
  Amount,
  Count,
  Day,
  Id,
  limits,
  Money,
  note,
  PageQuery,
  Percentage,
  page,
  Quantity,
  Timestamp,
  text,
  Version,
} from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';

const orderParams = shopParams.extend({ orderId: Id });

export const OrderType = z.enum(['dine_in', 'takeaway', 'delivery']);
export const PaymentMethod = z.enum(['cash', 'card', 'upi', 'wallet', 'other']);
export type PaymentMethod = z.output<typeof PaymentMethod>;
export const orderStatuses = ['open', 'preparing', 'ready', 'completed', 'voided'] as const;
export const OrderStatus = z.enum(orderStatuses);
export type OrderStatus = z.output<typeof OrderStatus>;
export const PaymentStatus = z.enum(['pending', 'partial', 'completed']);
export type PaymentStatus = z.output<typeof PaymentStatus>;

/** `value` is a percentage ("10") or an amount ("25.00"), as `type` says. */
const Discount = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('percentage'), value: Percentage, reason: note(255).optional() }),
  z.strictObject({ type: z.literal('flat'), value: Amount, reason: note(255).optional() }),
]);

const NewLine = z.strictObject({
  /** The line's own id, made by the till or else by the server. */
  id: Id.optional(),
  productId: Id,
  variantId: Id.nullish(),
  quantity: Quantity,
  modifierIds: z.array(Id).max(limits.modifiers).default([]),
  discount: Discount.nullish(),
  note: note(500).default(''),
});
export type NewLine = z.output<typeof NewLine>;

const NewPayment = z.strictObject({
  method: PaymentMethod,
  amount: Amount,
  /** What the customer handed over; change is given on cash only. */
  tendered: Amount.optional(),
  reference: note(255).optional(),
});
export type NewPayment = z.output<typeof NewPayment>;

const bill = {
  orderType: OrderType,
  customerName: note(255).nullable(),
  notes: note(2000),
  items: z.array(NewLine).min(1, 'has no lines').max(limits.orderLines),
  discount: Discount.nullable(),
};

/** The till makes `id` before it sends, so that a retry can never sell twice. */
export const NewOrder = z
  .strictObject({
    id: Id,
    orderType: bill.orderType.default('dine_in'),
    customerName: bill.customerName.default(null),
    notes: bill.notes.default(''),
    items: bill.items,
    discount: bill.discount.default(null),
    payments: z.array(NewPayment).max(20).default([]),
    /** Alone it means one payment of the whole total. */
    paymentMethod: PaymentMethod.optional(),
    /** The till's own sum; another one is answered with 409 and the right figures. */
    expectedTotal: Amount.optional(),
  })
  .refine((order) => !order.paymentMethod || order.payments.length === 0, {
    path: ['paymentMethod'],
    error: 'send either paymentMethod or payments, not both',
  });
export type NewOrder = z.output<typeof NewOrder>;

/** Edits an open bill, adds payments, or moves the status. */
export const OrderChange = z.strictObject({
  ...z.strictObject(bill).partial().shape,
  status: z.enum(['preparing', 'ready', 'completed']).optional(),
  payments: z.array(NewPayment).min(1).max(20).optional(),
  version: Version.optional(),
});
export type OrderChange = z.output<typeof OrderChange>;

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
  quantity: Count,
  unitPrice: Money,
  modifiers: z.array(z.strictObject({ id: Id, name: z.string(), price: Money })),
  note: z.string(),
  /** Unit price and modifiers times quantity, before discounts. */
  subtotal: Money,
  /** The line's own discount and its share of the bill's. */
  discount: Money,
  discountGiven: DiscountView.nullable(),
  taxClass: z.string().nullable(),
  taxPercent: z.string(),
  tax: Money,
  total: Money,
});
export type OrderItem = z.output<typeof OrderItem>;

export const Payment = z.strictObject({
  id: Id,
  method: PaymentMethod,
  amount: Money,
  tendered: Money,
  change: Money,
  reference: z.string().nullable(),
  at: Timestamp,
});
export type Payment = z.output<typeof Payment>;

export const Order = z.strictObject({
  id: Id,
  shopId: Id,
  orderNumber: z.string(),
  /** Called out to the customer; restarts each business day. None on imported bills. */
  tokenNumber: z.int().nullable(),
  businessDate: Day,
  status: OrderStatus,
  orderType: OrderType,
  customerName: z.string().nullable(),
  notes: z.string(),
  items: z.array(OrderItem),
  subtotal: Money,
  discount: Money,
  discountGiven: DiscountView.nullable(),
  tax: Money,
  taxLines: z.array(TaxLine),
  taxMode: z.enum(['inclusive', 'exclusive']),
  total: Money,
  paymentMethod: z.string().nullable(),
  paymentStatus: PaymentStatus,
  payments: z.array(Payment),
  change: Money,
  cashierId: Id.nullable(),
  deviceId: z.string().nullable(),
  source: z.enum(['till', 'import']),
  voidReason: z.string().nullable(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Order = z.output<typeof Order>;

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
  }),
  responses: { 200: page(Order) },
  problems: ['not_found'],
});

export const placeOrder = defineRoute({
  name: 'placeOrder',
  summary: 'Sell; the same id and body again give the same order with 200',
  method: 'post',
  path: '/api/shops/:shopId/orders',
  permission: 'cashier',
  params: shopParams,
  body: NewOrder,
  responses: { 201: Order, 200: Order },
  problems: [
    'not_found',
    'order_conflict',
    'unknown_product',
    'invalid_payment',
    'total_mismatch',
    'out_of_stock',
    'amount_too_large',
  ],
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
  summary: 'Edit an open bill, take payments, or move the status on',
  method: 'put',
  path: '/api/shops/:shopId/orders/:orderId',
  permission: 'cashier',
  params: orderParams,
  body: OrderChange,
  responses: { 200: Order },
  problems: [
    'not_found',
    'version_conflict',
    'order_closed',
    'order_status',
    'unknown_product',
    'invalid_payment',
    'out_of_stock',
    'amount_too_large',
  ],
});

export const voidOrder = defineRoute({
  name: 'voidOrder',
  summary: 'Void an order, with a reason; its stock goes back',
  method: 'delete',
  path: '/api/shops/:shopId/orders/:orderId',
  permission: 'manager',
  params: orderParams,
  body: z.strictObject({ reason: text(500), version: Version.optional() }),
  responses: { 200: Order },
  problems: ['not_found', 'version_conflict', 'order_closed'],
});
