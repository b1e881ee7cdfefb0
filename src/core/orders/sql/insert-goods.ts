import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

/** A product of an order that the shop doesn't know; amounts as decimal text. */
export type UnknownProduct = {
  id: string;
  name: string;
  price: string;
  category: string | null;
  taxClass: string | null;
  hsn: string | null;
  soldBy: string;
  unit: string;
};

export type UnknownVariant = { id: string; productId: string; name: string; price: string };

export type UnknownGoods = { products: UnknownProduct[]; variants: UnknownVariant[] };

// Inserted as deleted, so that no till offers them. Ordered by id, so that two orders with the same goods don't deadlock.
const INSERT_PRODUCTS = `
  INSERT INTO products (id, shop_id, name, price, category, tax_class, hsn, sold_by, unit, is_active, created_at, updated_at, deleted_at)
  SELECT p.id, $1, p.name, p.price, p.category, p."taxClass", p.hsn, p."soldBy", p.unit, false, $3::timestamptz, $3, $3
  FROM jsonb_to_recordset($2::jsonb) AS p (
    id uuid, name text, price numeric, category text, "taxClass" text, hsn text, "soldBy" text, unit text)
  ORDER BY p.id ON CONFLICT (id) DO NOTHING`;

const INSERT_VARIANTS = `
  INSERT INTO product_variants (id, shop_id, product_id, name, price, deleted_at)
  SELECT v.id, $1, v."productId", v.name, v.price, $3::timestamptz
  FROM jsonb_to_recordset($2::jsonb) AS v (id uuid, "productId" uuid, name text, price numeric)
  ORDER BY v.id ON CONFLICT (id) DO NOTHING`;

const MISSING_PRODUCTS = `
  SELECT id FROM unnest($2::uuid[]) AS wanted (id)
  WHERE NOT EXISTS (SELECT FROM products p WHERE p.shop_id = $1 AND p.id = wanted.id)`;

const MISSING_VARIANTS = `
  SELECT wanted.id FROM unnest($2::uuid[], $3::uuid[]) AS wanted (id, product_id)
  WHERE NOT EXISTS (SELECT FROM product_variants v
    WHERE v.shop_id = $1 AND v.product_id = wanted.product_id AND v.id = wanted.id)`;

const once = <T extends { id: string }>(all: T[]): T[] => [
  ...new Map(all.map((each) => [each.id, each])).values(),
];

/**
 * Inserts the rows that orders refer to, for goods added to the menu after the restored backup was made. Returns the ids that
 * belong to another shop or product: nothing was written for these.
 */
export async function insertGoods(
  em: EntityManager,
  shopId: string,
  goods: UnknownGoods[],
  at: Date,
): Promise<Set<string>> {
  const products = once(goods.flatMap((each) => each.products));
  const taken = new Set<string>();
  const markTaken = (rows: { id: string }[]) => {
    for (const { id } of rows) taken.add(id);
  };
  if (products.length > 0) {
    await query(em, INSERT_PRODUCTS, [shopId, JSON.stringify(products), at]);
    markTaken(await query(em, MISSING_PRODUCTS, [shopId, products.map(({ id }) => id)]));
  }
  const variants = goods.flatMap((each) => each.variants).filter(({ productId }) => !taken.has(productId));
  if (variants.length > 0) {
    await query(em, INSERT_VARIANTS, [shopId, JSON.stringify(once(variants)), at]);
    // Check all of them: one id may be named with two products.
    const ids = [variants.map(({ id }) => id), variants.map(({ productId }) => productId)];
    markTaken(await query(em, MISSING_VARIANTS, [shopId, ...ids]));
  }
  return taken;
}
