import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const MARK_UNUSED = `
  UPDATE images i SET unused_since = $4
  WHERE shop_id = $1 AND hash = $3 AND unused_since IS NULL
    AND NOT EXISTS (SELECT FROM products p WHERE p.shop_id = i.shop_id AND p.image_url = i.hash AND p.id <> $2)`;

/**
 * Notes that no product but this one, which no longer does, shows a picture. What two at once get wrong about one picture, the
 * garbage collection finds out before it takes anything away.
 */
export async function markUnused(
  em: EntityManager,
  product: { id: string; shopId: string },
  hash: string,
  now: Date,
): Promise<void> {
  await query(em, MARK_UNUSED, [product.shopId, product.id, hash, now]);
}
