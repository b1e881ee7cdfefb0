import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import type { ImageFile } from '../../../storage/image-processor.ts';

// A hash always has the same content: an existing row is only marked as used again.
const SAVE_IMAGE = `
  INSERT INTO images (shop_id, hash, files, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (shop_id, hash) DO UPDATE SET unused_since = NULL`;

/** Saves the row of an image whose files are in the store. */
export async function saveImage(
  em: EntityManager,
  shopId: string,
  { hash, files }: { hash: string; files: ImageFile[] },
  now: Date,
): Promise<void> {
  await query(em, SAVE_IMAGE, [shopId, hash, JSON.stringify(files), now]);
}
