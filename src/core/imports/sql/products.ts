import type { Client } from 'pg';
import { formatMinor } from '../../../contract/money.ts';
import { ProblemError } from '../../../contract/problem.ts';
import { violatedUnique } from '../../../database/pg-errors.ts';
import { type CodedProduct, clashSentence, moveCodes } from '../../catalog/product-codes.ts';
import type { Catalog, Matching } from '../match-products.ts';

const LIVE_PRODUCTS = `
  SELECT id, name, sku, sold_by AS "soldBy", unit FROM products WHERE shop_id = $1 AND deleted_at IS NULL ORDER BY created_at, id`;
const LIVE_VARIANTS = `
  SELECT v.id, v.product_id AS "productId", v.name, v.sku, v.sort_order AS "sortOrder"
  FROM product_variants v
  JOIN products p ON p.id = v.product_id
  WHERE v.shop_id = $1 AND v.deleted_at IS NULL AND p.deleted_at IS NULL`;

/** The shop's live products, oldest first, and their variants. */
export async function loadCatalog(client: Client, shopId: string): Promise<Catalog> {
  const products = await client.query(LIVE_PRODUCTS, [shopId]);
  const variants = await client.query(LIVE_VARIANTS, [shopId]);
  return { products: products.rows, variants: variants.rows };
}

const INSERT_PRODUCTS = `
  INSERT INTO products (id, shop_id, name, price, category, sku, sold_by, unit, created_at, updated_at)
  SELECT p.id, $1, p.name, p.price, p.category, p.sku, p."soldBy", p.unit, $3, $3
  FROM jsonb_to_recordset($2::jsonb) AS p (id uuid, name text, price numeric, category text, sku text, "soldBy" text, unit text)`;

const INSERT_VARIANTS = `
  INSERT INTO product_variants (id, shop_id, product_id, name, price, sku, sort_order)
  SELECT v.id, $1, v."productId", v.name, v.price, v.sku, v."sortOrder"
  FROM jsonb_to_recordset($2::jsonb)
    AS v (id uuid, "productId" uuid, name text, price numeric, sku text, "sortOrder" integer)`;

// In id order, like every lock on products; FOR NO KEY UPDATE, so that sales that refer to them don't wait.
const WEIGH = `
  UPDATE products SET sold_by = 'weight', unit = 'kg', updated_at = $3, version = version + 1
  WHERE id IN (SELECT id FROM products WHERE shop_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE)`;

const withPrice = <T extends { priceMinor: number }>(rows: T[]) =>
  JSON.stringify(rows.map((row) => ({ ...row, price: formatMinor(row.priceMinor) })));

/** Throws `already_exists` when somebody else used one of the skus since the catalog was loaded. */
export async function insertProducts(
  client: Client,
  shopId: string,
  made: Pick<Matching, 'products' | 'variants' | 'weighed'>,
  now: Date,
): Promise<void> {
  try {
    await client.query(INSERT_PRODUCTS, [shopId, withPrice(made.products), now]);
    await client.query(INSERT_VARIANTS, [shopId, withPrice(made.variants)]);
    if (made.weighed.length > 0) await client.query(WEIGH, [shopId, made.weighed.map(({ id }) => id), now]);
  } catch (error) {
    throw menuChanged(error);
  }
  const coded = ({ id, sku }: { id: string; sku: string | null }) => ({ id, sku, barcode: null });
  const products = made.products.map((product) => ({ ...coded(product), variants: [] }));
  const variants = made.variants.map((variant) => ({
    ...coded({ id: variant.productId, sku: null }),
    variants: [coded(variant)],
  }));
  await moveImportedCodes(client, shopId, [], [...products, ...variants]);
}

/** Updates the codes of imported products. Throws `already_exists` for one that another article has. */
export async function moveImportedCodes(
  client: Client,
  shopId: string,
  before: CodedProduct[],
  after: CodedProduct[],
): Promise<void> {
  const run = async <Row>(sql: string, parameters: unknown[]) =>
    (await client.query(sql, parameters)).rows as Row[];
  const [clash] = await moveCodes(run, shopId, before, after);
  if (clash) throw new ProblemError('already_exists', { detail: clashSentence(clash) });
}

/** Another transaction's product that stands in the way, in a sentence; any other error as it is. */
export function menuChanged(error: unknown): unknown {
  if (violatedUnique(error) === undefined) return error;
  return new ProblemError('already_exists', {
    detail:
      'Somebody changed the menu while the import ran: a SKU, barcode or name is taken now. Run it again.',
  });
}
