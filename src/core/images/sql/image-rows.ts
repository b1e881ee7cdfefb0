import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import type { ImageFile } from '../../../storage/image-processor.ts';
import { imageKey } from '../../../storage/image-store.ts';

/** An image as stored in the database. */
export type ImageRow = { shopId: string; hash: string; files: ImageFile[] };

/** An image file with its key in a store. */
export type ImageRowFile = ImageFile & { key: string; shopId: string; hash: string };

export const filesOf = ({ shopId, hash, files }: ImageRow): ImageRowFile[] =>
  files.map((file) => ({ ...file, shopId, hash, key: imageKey(shopId, hash, file.width) }));

const PAGE = 500;

const IMAGES_AFTER = `
  SELECT shop_id AS "shopId", hash, files FROM images
  WHERE $1::uuid IS NULL OR (shop_id, hash) > ($1, $2) ORDER BY shop_id, hash LIMIT ${PAGE}`;

/** All images, including unused ones, page by page. */
export async function* allImages(em: EntityManager): AsyncGenerator<ImageRow> {
  for (let last: ImageRow | undefined; ; ) {
    const rows: ImageRow[] = await query<ImageRow>(em, IMAGES_AFTER, [
      last?.shopId ?? null,
      last?.hash ?? null,
    ]);
    yield* rows;
    last = rows.at(-1);
    if (rows.length < PAGE) return;
  }
}

const SHOWN = `
  SELECT f."shopId", f.hash FROM jsonb_to_recordset($1::jsonb) AS f ("shopId" uuid, hash text)
  WHERE EXISTS (SELECT FROM products p WHERE p.shop_id = f."shopId" AND p.image_url = f.hash)`;

/** The given files whose image a product shows. */
export async function shownFiles(em: EntityManager, files: ImageRowFile[]): Promise<ImageRowFile[]> {
  if (files.length === 0) return [];
  const named = files.map(({ shopId, hash }) => ({ shopId, hash }));
  const rows = await query<{ shopId: string; hash: string }>(em, SHOWN, [JSON.stringify(named)]);
  const shown = new Set(rows.map(({ shopId, hash }) => `${shopId}/${hash}`));
  return files.filter(({ shopId, hash }) => shown.has(`${shopId}/${hash}`));
}

const COUNT = `
  SELECT count(*)::int AS images, coalesce(sum(jsonb_array_length(files)), 0)::int AS files FROM images`;

export const countImages = async (em: EntityManager): Promise<{ images: number; files: number }> =>
  (await query<{ images: number; files: number }>(em, COUNT))[0] ?? { images: 0, files: 0 };
