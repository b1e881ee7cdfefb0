import type { NewOrder } from '../../contract/orders.ts';
import type { Keys } from '../keys/keys.ts';
import { requestHashOf } from '../request-hash.ts';

/**
 * What recognises a sale that is sent again. Without the approval: a hash of it, kept for ever, would be a way to guess a
 * manager's password. With a phone number it is keyed: the rest of the sale stands beside it, and all numbers that there are
 * would be tried in a minute.
 */
export function saleHash(keys: Keys, { approval: _, ...body }: NewOrder): string {
  const hash = requestHashOf(body);
  return body.customerPhone ? keyedHash(keys, hash) : hash;
}

/** Stored hashes of before 0006_keys were keyed by themselves, also of bills without a phone number. */
export const isSameSale = (keys: Keys, stored: string, hash: string): boolean =>
  stored === hash || stored === keyedHash(keys, hash);

export const keyedHash = (keys: Keys, hash: string): string =>
  keys.hmac('customer-lookup', 'sale', hash).toString('base64url');
