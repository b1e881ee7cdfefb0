import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const LOCK_CUSTOMERS = `
  SELECT FROM customers WHERE shop_id = $1 AND phone_hash = ANY ($2::bytea[]) ORDER BY id FOR NO KEY UPDATE`;

/** Locks the customers whose phone numbers have these hashes until the commit, those that there are, in the order of their ids. */
export async function lockCustomers(em: EntityManager, shopId: string, phoneHashes: Buffer[]): Promise<void> {
  if (phoneHashes.length > 0) await query(em, LOCK_CUSTOMERS, [shopId, phoneHashes]);
}
