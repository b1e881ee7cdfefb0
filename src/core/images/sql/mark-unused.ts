import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

// Whoever gives the picture to a product meanwhile holds its row until the commit: the statement after this one sees what they did.
const LOCK = 'SELECT 1 FROM images WHERE shop_id = $1 AND hash = $2 FOR NO KEY UPDATE';

const MARK_UNUSED = `
  UPDATE images i SET unused_since = $4
  WHERE shop_id = $1 AND hash = $3 AND unused_since IS NULL
    AND NOT EXISTS (SELECT FROM products p WHERE p.shop_id = i.shop_id AND p.image_url = i.hash AND p.id <> $2)`;

/**
 * Notes that no product but this one, which no longer does, shows a picture. A backup has no pictures of which this is noted.
 */
export async function markUnused(
  em: EntityManager,
  product: { id: string; shopId: string },
  hash: string,
  now: Date,
): Promise<void> {
  await query(em, LOCK, [product.shopId, hash]);
  await query(em, MARK_UNUSED, [product.shopId, product.id, hash, now]);
}
