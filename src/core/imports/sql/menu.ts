import type { Client } from 'pg';
import { formatMinor } from '../../../contract/money.ts';
import type { MenuProduct, MenuVariant } from '../merge-menu.ts';
import { menuChanged, moveImportedCodes } from './products.ts';

// Locked until the commit, so that what was compared is what is changed; in id order, as everybody locks.
const LOCK_PRODUCTS = `
  SELECT id FROM products WHERE shop_id = $1 AND deleted_at IS NULL ORDER BY id FOR UPDATE`;

const MENU = `
  SELECT p.id, p.name, (p.price * 100)::bigint::text AS "priceMinor", p.category, p.description, p.sku, p.barcode,
    p.tax_class AS "taxClass", p.hsn, p.sold_by AS "soldBy", p.unit, p.is_active AS "isActive",
    coalesce((
      SELECT jsonb_agg(jsonb_build_object('id', v.id, 'productId', v.product_id, 'name', v.name,
        'priceMinor', (v.price * 100)::bigint, 'sku', v.sku, 'barcode', v.barcode, 'sortOrder', v.sort_order)
        ORDER BY v.sort_order, v.id)
      FROM product_variants v
      WHERE v.product_id = p.id AND v.deleted_at IS NULL
    ), '[]') AS variants
  FROM products p
  WHERE p.shop_id = $1 AND p.deleted_at IS NULL
  ORDER BY p.created_at, p.id`;

/** The shop's live products with their variants, oldest first, locked until the commit. */
export async function lockMenu(client: Client, shopId: string): Promise<MenuProduct[]> {
  await client.query(LOCK_PRODUCTS, [shopId]);
  const { rows } = await client.query<MenuProduct & { priceMinor: string }>(MENU, [shopId]);
  return rows.map((row) => ({ ...row, priceMinor: Number(row.priceMinor) }));
}

// One statement for old and new: what is there already has the id, and gets the next version.
const SAVE_PRODUCTS = `
  INSERT INTO products (id, shop_id, name, price, category, description, sku, barcode, tax_class, hsn,
    sold_by, unit, is_active, created_at, updated_at)
  SELECT p.id, $1, p.name, p.price, p.category, p.description, p.sku, p.barcode, p."taxClass", p.hsn,
    p."soldBy", p.unit, p."isActive", $3, $3
  FROM jsonb_to_recordset($2::jsonb) AS p (id uuid, name text, price numeric, category text, description text,
    sku text, barcode text, "taxClass" text, hsn text, "soldBy" text, unit text, "isActive" boolean)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, price = excluded.price, category = excluded.category,
    description = excluded.description, sku = excluded.sku, barcode = excluded.barcode, tax_class = excluded.tax_class,
    hsn = excluded.hsn, sold_by = excluded.sold_by, unit = excluded.unit, is_active = excluded.is_active, updated_at = excluded.updated_at, version = products.version + 1`;

const SAVE_VARIANTS = `
  INSERT INTO product_variants (id, shop_id, product_id, name, price, sku, barcode, sort_order)
  SELECT v.id, $1, v."productId", v.name, v.price, v.sku, v.barcode, v."sortOrder"
  FROM jsonb_to_recordset($2::jsonb) AS v (id uuid, "productId" uuid, name text, price numeric, sku text,
    barcode text, "sortOrder" integer)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, price = excluded.price, sku = excluded.sku,
    barcode = excluded.barcode`;

const withPrice = (rows: { priceMinor: number }[]) =>
  JSON.stringify(rows.map((row) => ({ ...row, price: formatMinor(row.priceMinor) })));

/**
 * Writes new and changed products and variants, with their codes; `before` has the products as they were. Throws
 * `already_exists` when another request took a code meanwhile.
 */
export async function saveMenu(
  client: Client,
  shopId: string,
  { products, variants }: { products: MenuProduct[]; variants: MenuVariant[] },
  before: ReadonlyMap<string, MenuProduct>,
  now: Date,
): Promise<void> {
  try {
    await client.query(SAVE_PRODUCTS, [shopId, withPrice(products), now]);
    await client.query(SAVE_VARIANTS, [shopId, withPrice(variants)]);
  } catch (error) {
    throw menuChanged(error);
  }
  const were = products.flatMap(({ id }) => before.get(id) ?? []);
  await moveImportedCodes(client, shopId, were, products);
}
