import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

// A transaction that sets the image on a product locks this row until its commit: the next statement must see that product.
const LOCK = 'SELECT 1 FROM images WHERE shop_id = $1 AND hash = $2 FOR NO KEY UPDATE';

const MARK_UNUSED = `
  UPDATE images i SET unused_since = $4
  WHERE shop_id = $1 AND hash = $3 AND unused_since IS NULL
    AND NOT EXISTS (SELECT FROM products p WHERE p.shop_id = i.shop_id AND p.image_url = i.hash AND p.id <> $2)`;

/** Marks an image as unused, unless a product other than this one shows it. Backups leave out marked images. */
export async function markUnused(
  em: EntityManager,
  product: { id: string; shopId: string },
  hash: string,
  now: Date,
): Promise<void> {
  await query(em, LOCK, [product.shopId, hash]);
  await query(em, MARK_UNUSED, [product.shopId, product.id, hash, now]);
}
