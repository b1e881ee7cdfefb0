import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const LOCK_ITEMS = `
  SELECT FROM inventory_items WHERE shop_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`;

/** Locks items until the commit, in the order of their ids. */
export async function lockItems(em: EntityManager, shopId: string, itemIds: string[]): Promise<void> {
  if (itemIds.length > 0) await query(em, LOCK_ITEMS, [shopId, itemIds]);
}
