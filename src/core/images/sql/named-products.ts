import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import type { NamedProduct } from '../match-files.ts';

const NAMED = `
  SELECT p.id, p.name, p.image_url AS "imageHash",
    array_remove(array_agg(v.sku) || p.sku::varchar, NULL) AS skus,
    array_remove(array_agg(v.barcode) || p.barcode::varchar, NULL) AS barcodes
  FROM products p
  LEFT JOIN product_variants v ON v.shop_id = p.shop_id AND v.product_id = p.id AND v.deleted_at IS NULL
  WHERE p.shop_id = $1 AND p.deleted_at IS NULL
  GROUP BY p.id ORDER BY p.created_at, p.id`;

/** The shop's products that are not deleted, with the SKUs and barcodes of their variants. */
export const namedProducts = (em: EntityManager, shopId: string): Promise<NamedProduct[]> =>
  query<NamedProduct>(em, NAMED, [shopId]);
