import { defineEntity, p } from '@mikro-orm/core';
import { timestamp, varchar } from '../columns.ts';

const CustomerSchema = defineEntity({
  name: 'Customer',
  tableName: 'customers',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    /** E.164, of a row that is not encrypted yet: see encrypt-phones.ts. */
    phone: varchar(20).nullable(),
    /** Read and written in this folder alone: see docs/decisions/0010-phones-live-with-customers.md. */
    phoneSealed: p.blob().nullable(),
    phoneHash: p.blob().nullable(),
    emailSealed: p.blob().nullable(),
    addressSealed: p.blob().nullable(),
    name: varchar(255),
    notes: varchar(500),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    version: p.integer().version(),
  },
});

export class Customer extends CustomerSchema.class {}
CustomerSchema.setClass(Customer);
