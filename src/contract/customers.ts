import { z } from 'zod';
import { Id, Money, note, PageQuery, page, Timestamp, text, Version } from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { Email } from './users.ts';

const customerParams = shopParams.extend({ customerId: Id });

export const CustomerChange = z
  .strictObject({
    name: note(255),
    notes: note(500),
    phone: text(30),
    /** Null takes it away. */
    email: Email.nullable(),
    /** In lines, as it is written on a parcel. Null takes it away. */
    address: text(500).nullable(),
    version: Version,
  })
  .partial();
export type CustomerChange = z.output<typeof CustomerChange>;

export const Customer = z.strictObject({
  id: Id,
  shopId: Id,
  /** With its country, `+919876543210`. Null: what is kept was damaged; `smoocho verify` tells, a new one mends it. */
  phone: z.string().nullable(),
  /** Null: there is none, or what is kept was damaged; `smoocho verify` tells. */
  email: z.string().nullable(),
  /** As `email`. */
  address: z.string().nullable(),
  name: z.string(),
  notes: z.string(),
  /** Bills that were neither parked nor voided. */
  visits: z.int(),
  /** What they came to, less what was given back. */
  spent: Money,
  /** Not paid yet of bills to be paid later. */
  owes: Money,
  lastVisitAt: Timestamp.nullable(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Customer = z.output<typeof Customer>;

export const listCustomers = defineRoute({
  name: 'listCustomers',
  summary: 'Customers by name; look one up by phone. Their bills: GET …/orders?customerId=',
  method: 'get',
  path: '/api/shops/:shopId/customers',
  permission: 'cashier',
  params: shopParams,
  query: PageQuery.extend({ phone: text(30).optional(), search: text(100).optional() }),
  responses: { 200: page(Customer) },
  problems: ['not_found'],
});

export const getCustomer = defineRoute({
  name: 'getCustomer',
  summary: 'One customer',
  method: 'get',
  path: '/api/shops/:shopId/customers/:customerId',
  permission: 'cashier',
  params: customerParams,
  responses: { 200: Customer },
  problems: ['not_found'],
});

export const updateCustomer = defineRoute({
  name: 'updateCustomer',
  summary: "Change a customer's name, phone, e-mail, address or notes",
  method: 'put',
  path: '/api/shops/:shopId/customers/:customerId',
  permission: 'cashier',
  params: customerParams,
  body: CustomerChange,
  responses: { 200: Customer },
  problems: ['not_found', 'already_exists', 'version_conflict'],
});
