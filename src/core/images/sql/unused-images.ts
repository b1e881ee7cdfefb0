import type { Client } from 'pg';
import type { ImageRow } from './image-rows.ts';

// A safety net: `products` decides what is used.
const RECKON = `
  UPDATE images i SET unused_since = CASE WHEN i.unused_since IS NULL THEN $1::timestamptz END
  WHERE (i.unused_since IS NULL) <> EXISTS (
    SELECT FROM products p WHERE p.shop_id = i.shop_id AND p.image_url = i.hash)`;

/** Corrects `unused_since` of all images; an unmarked unused one gets `now`. */
export async function reckonUnused(client: Client, now: Date): Promise<void> {
  await client.query(RECKON, [now]);
}

const UNUSED = `
  SELECT i.shop_id AS "shopId", i.hash, i.files FROM images i
  WHERE i.unused_since < $1 AND (i.shop_id, i.hash) > ($2, $3)
    AND NOT EXISTS (SELECT FROM products p WHERE p.shop_id = i.shop_id AND p.image_url = i.hash)
  ORDER BY i.shop_id, i.hash LIMIT $4`;

const FIRST = { shopId: '00000000-0000-0000-0000-000000000000', hash: '' };

/** Images unused since before `before`, in key order, after the given key. */
export async function unusedImages(
  client: Client,
  before: Date,
  limit: number,
  { shopId, hash }: Pick<ImageRow, 'shopId' | 'hash'> = FIRST,
): Promise<ImageRow[]> {
  return (await client.query<ImageRow>(UNUSED, [before, shopId, hash, limit])).rows;
}

// The foreign key of `products` rejects the deletion of an image in use.
const FORGET = 'DELETE FROM images WHERE shop_id = $1 AND hash = $2';

export async function forgetImage(client: Client, { shopId, hash }: ImageRow): Promise<void> {
  await client.query(FORGET, [shopId, hash]);
}

const UNKNOWN = `
  SELECT f."shopId", f.hash FROM jsonb_to_recordset($1::jsonb) AS f ("shopId" uuid, hash text)
  WHERE EXISTS (SELECT FROM shops s WHERE s.id = f."shopId")
    AND NOT EXISTS (SELECT FROM images i WHERE i.shop_id = f."shopId" AND i.hash = f.hash)`;

/** The stored files of our shops that belong to no image. Another installation may share the bucket. */
export async function unknownFiles<T extends { shopId: string; hash: string }>(
  client: Client,
  files: T[],
): Promise<T[]> {
  const named = files.map(({ shopId, hash }) => ({ shopId, hash }));
  const { rows } = await client.query(UNKNOWN, [JSON.stringify(named)]);
  const unknown = new Set(rows.map(({ shopId, hash }) => `${shopId}/${hash}`));
  return files.filter(({ shopId, hash }) => unknown.has(`${shopId}/${hash}`));
}
