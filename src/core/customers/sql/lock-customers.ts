import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const LOCK_CUSTOMERS = `
  SELECT FROM customers WHERE shop_id = $1 AND phone = ANY ($2::text[]) ORDER BY id FOR NO KEY UPDATE`;

/** Locks the customers with these phone numbers (E.164) until the commit, those that there are, in the order of their ids. */
export async function lockCustomers(em: EntityManager, shopId: string, phones: string[]): Promise<void> {
  if (phones.length > 0) await query(em, LOCK_CUSTOMERS, [shopId, phones]);
}
