import { defineEntity, p } from '@mikro-orm/core';
import { PaymentMethod } from '../../contract/orders.ts';
import { minor, timestamp, varchar } from '../columns.ts';

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
  },
});

export class Payment extends PaymentSchema.class {}
PaymentSchema.setClass(Payment);
