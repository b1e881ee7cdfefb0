import { type FieldPlace, openField, sealField } from '../keys/fields.ts';
import type { Keys } from '../keys/keys.ts';

/** A phone number (E.164) as the row of a customer keeps it. */
export type SealedPhone = { hash: Buffer; sealed: Buffer };

/** How else somebody is reached, beside the phone number that they are known by. */
export type Contact = 'email' | 'address';

const placeOf = (customerId: string, field: 'phone' | Contact): FieldPlace => ({
  table: 'customers',
  column: `${field}_sealed`,
  row: customerId,
  purpose: 'customer',
});

/** What a number is found by: without the key, all numbers that there are would be tried in a minute. */
export const hashPhone = (keys: Keys, shopId: string, phone: string): Buffer =>
  keys.hmac('customer-lookup', 'phone', shopId, phone);

/** For the row of this customer alone. */
export const sealPhone = (keys: Keys, shopId: string, customerId: string, phone: string): SealedPhone => ({
  hash: hashPhone(keys, shopId, phone),
  sealed: sealField(keys, placeOf(customerId, 'phone'), phone),
});

/** Null for one that was changed, or stood with another customer. */
export const openPhone = (keys: Keys, customerId: string, sealed: Buffer): string | null =>
  openField(keys, placeOf(customerId, 'phone'), sealed);

export const sealContact = (keys: Keys, customerId: string, field: Contact, text: string): Buffer =>
  sealField(keys, placeOf(customerId, field), text);

/** Null for one that was changed, or stood with another customer or in another column. */
export const openContact = (keys: Keys, customerId: string, field: Contact, sealed: Buffer): string | null =>
  openField(keys, placeOf(customerId, field), sealed);
