import { defineEntity, p } from '@mikro-orm/core';
import { PaymentKind } from '../../contract/order-view.ts';
import { PaymentMethod } from '../../contract/primitives.ts';
import { minor, timestamp, varchar } from '../columns.ts';

/** In minor units. */
export type BookedAs = {
  method: string;
  amountMinor: number;
  tenderedMinor: number;
  cashStepMinor: number | null;
};

const PaymentSchema = defineEntity({
  name: 'Payment',
  tableName: 'payments',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    orderId: p.uuid(),
    method: p.enum(PaymentMethod.options).columnType('varchar(50)'),
    amountMinor: minor().fieldName('amount'),
    tenderedMinor: minor().fieldName('tendered'),
    changeMinor: minor().fieldName('change'),
    reference: varchar(255).nullable(),
    at: timestamp(),
    tipMinor: minor().fieldName('tip'),
    /** The step of cash rounding that held; null for other methods, without rounding, and where it isn't known. */
    cashStepMinor: minor().fieldName('cash_step').nullable(),
    /** What of the amount is rounding to coins of the payment's own day, and pays nothing of the order's total. */
    roundingMinor: minor().fieldName('rounding'),
    /** How it was booked before it was corrected; null when it wasn't. */
    bookedAs: p.json<BookedAs>().nullable(),
    kind: p.enum(PaymentKind.options).columnType('varchar(8)'),
    /** Of a return, the payment that it gives back. */
    paymentId: p.uuid().nullable(),
    cashierId: p.uuid().nullable(),
    shiftId: p.uuid().nullable(),
    businessDate: p.string().columnType('date'),
    /** When its bill was voided and the money given back, on which business date, out of which drawer. */
    returnedAt: timestamp().nullable(),
    returnedOn: p.string().columnType('date').nullable(),
    returnedShiftId: p.uuid().nullable(),
  },
});

export class Payment extends PaymentSchema.class {}
PaymentSchema.setClass(Payment);
