import { defineEntity, p } from '@mikro-orm/core';
import { OrderStatus, type Order as OrderView, PaymentStatus } from '../../contract/orders.ts';
import { OrderType } from '../../contract/primitives.ts';
import { milli, minor, timestamp, varchar } from '../columns.ts';

/** `items` is the bill as issued, in the words of the wire; `order_lines` has the same lines as rows. */
const OrderSchema = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    orderNumber: varchar(50),
    items: p.json<OrderView['items']>(),
    subtotalMinor: minor().fieldName('subtotal'),
    taxMinor: minor().fieldName('tax'),
    discountMinor: minor().fieldName('discount'),
    totalMinor: minor().fieldName('total'),
    paymentMethod: varchar(50).nullable(),
    paymentStatus: p.enum(PaymentStatus.options).columnType('varchar(50)'),
    cashierId: p.uuid().nullable(),
    customerName: varchar(255).nullable(),
    orderType: p.enum(OrderType.options).columnType('varchar(50)'),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    status: p.enum(OrderStatus.options).columnType('varchar(16)'),
    businessDate: p.string().columnType('date'),
    tokenNumber: p.integer().nullable(),
    deviceId: varchar(100).nullable(),
    notes: varchar(2000),
    discountGiven: p.json<OrderView['discountGiven']>().nullable(),
    taxLines: p.json<OrderView['taxLines']>(),
    taxMode: p.enum(['inclusive', 'exclusive']).columnType('varchar(10)'),
    voidReason: varchar(500).nullable(),
    requestHash: varchar(64),
    source: p.enum(['till', 'import']).columnType('varchar(8)'),
    version: p.integer().version(),
    itemQuantityMilli: milli().fieldName('item_quantity'),
    customerId: p.uuid().nullable(),
    tableNumber: varchar(20).nullable(),
    guests: p.smallint().nullable(),
    shiftId: p.uuid().nullable(),
    payLater: p.boolean(),
    serviceChargeMinor: minor().fieldName('service_charge'),
    waivesServiceCharge: p.boolean(),
    roundingMinor: minor().fieldName('rounding'),
    taxSplit: p.enum(['none', 'gst', 'igst']).columnType('varchar(4)'),
    placeOfSupply: varchar(64).nullable(),
    approvedBy: p.uuid().nullable(),
    receivedAt: timestamp().nullable(),
    flags: p.json<OrderView['flags']>(),
    reviewedBy: p.uuid().nullable(),
    reviewedAt: timestamp().nullable(),
    refundedMinor: minor().fieldName('refunded'),
    /** Read and written in core/customers alone. */
    typedPhoneSealed: p.blob().nullable(),
  },
});

export class Order extends OrderSchema.class {}
OrderSchema.setClass(Order);
