import { defineEntity, p } from '@mikro-orm/core';
import { timestamp, varchar } from '../columns.ts';

const CustomerSchema = defineEntity({
  name: 'Customer',
  tableName: 'customers',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    /** E.164. Read and written in this folder alone: see docs/decisions/0010-phones-live-with-customers.md. */
    phone: varchar(20),
    name: varchar(255),
    notes: varchar(500),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    version: p.integer().version(),
  },
});

export class Customer extends CustomerSchema.class {}
CustomerSchema.setClass(Customer);
