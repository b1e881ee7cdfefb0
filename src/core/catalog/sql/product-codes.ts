import type { CodeKind } from '../../../contract/codes.ts';

/** Runs one statement in the caller's transaction, over the ORM's connection or a client's own. */
export type RunSql = <Row>(sql: string, parameters: unknown[]) => Promise<Row[]>;

/** A code of an article in its comparable form; `variantId` null is the product itself. */
export type CodeRow = { kind: CodeKind; code: string; productId: string; variantId: string | null };

/** `comparableCode` in SQL. */
const COMPARABLE = `CASE WHEN c.kind = 'barcode' AND c.typed ~ '^[0-9]{12,14}$' THEN lpad(c.typed, 14, '0') ELSE c.typed END`;

/** Every code of the live articles of shop `$1`: kind, code, typed, product_id, variant_id, name. */
export const LIVE_CODES = `
  SELECT c.kind, ${COMPARABLE} AS code, c.typed, a.product_id, a.variant_id, a.name
  FROM (
    SELECT id AS product_id, NULL::uuid AS variant_id, name, sku, barcode
    FROM products WHERE shop_id = $1 AND deleted_at IS NULL
    UNION ALL
    SELECT v.product_id, v.id, format('%s (%s)', p.name, v.name), v.sku, v.barcode
    FROM product_variants v JOIN products p ON p.shop_id = v.shop_id AND p.id = v.product_id
    WHERE v.shop_id = $1 AND v.deleted_at IS NULL AND p.deleted_at IS NULL
  ) a, LATERAL (VALUES ('sku', a.sku), ('barcode', a.barcode)) AS c (kind, typed)
  WHERE c.typed IS NOT NULL`;

// Ordered, so that two changes with the same codes do not deadlock.
const LOCK = `
  SELECT FROM product_codes c
  WHERE shop_id = $1 AND (kind, code) IN (SELECT * FROM unnest($2::text[], $3::text[]))
  ORDER BY kind, code FOR UPDATE`;

const RELEASE = `
  DELETE FROM product_codes c
  USING unnest($2::text[], $3::text[], $4::uuid[], $5::uuid[]) AS gone (kind, code, product_id, variant_id)
  WHERE c.shop_id = $1 AND c.kind = gone.kind AND c.code = gone.code
    AND c.product_id = gone.product_id AND c.variant_id IS NOT DISTINCT FROM gone.variant_id`;

const SHARED_OF = `
  SELECT DISTINCT c.kind, c.code FROM product_codes c
  JOIN unnest($2::text[], $3::text[]) AS wanted (kind, code) USING (kind, code)
  WHERE c.shop_id = $1 AND c.product_id IS NULL`;

// A code that several articles shared belongs to the last one that still has it.
const SETTLE_SHARED = `
  WITH live AS (
    SELECT l.kind, l.code, count(*) AS articles, (array_agg(l.product_id))[1] AS product_id,
      (array_agg(l.variant_id))[1] AS variant_id
    FROM (${LIVE_CODES}) l JOIN unnest($2::text[], $3::text[]) AS wanted (kind, code) USING (kind, code)
    GROUP BY l.kind, l.code
  ), settled AS (
    UPDATE product_codes c SET product_id = live.product_id, variant_id = live.variant_id
    FROM live WHERE c.shop_id = $1 AND c.kind = live.kind AND c.code = live.code AND live.articles = 1
  )
  DELETE FROM product_codes c USING unnest($2::text[], $3::text[]) AS wanted (kind, code)
  WHERE c.shop_id = $1 AND c.kind = wanted.kind AND c.code = wanted.code
    AND NOT EXISTS (SELECT FROM live WHERE live.kind = c.kind AND live.code = c.code)`;

// Ordered, as they are locked. A code that another article has is not returned.
const CLAIM = `
  INSERT INTO product_codes (shop_id, kind, code, product_id, variant_id)
  SELECT $1, kind, code, product_id, variant_id
  FROM unnest($2::text[], $3::text[], $4::uuid[], $5::uuid[]) AS wanted (kind, code, product_id, variant_id)
  ORDER BY kind, code ON CONFLICT (shop_id, kind, code) DO UPDATE SET code = excluded.code
  WHERE product_codes.product_id = excluded.product_id AND product_codes.variant_id IS NOT DISTINCT FROM excluded.variant_id
  RETURNING kind, code`;

const OWNERS = `
  SELECT kind, code, product_id AS "productId", variant_id AS "variantId", name
  FROM (${LIVE_CODES}) l JOIN unnest($2::text[], $3::text[]) AS wanted (kind, code) USING (kind, code)
  ORDER BY kind, code, name, product_id`;

const FIND = `
  SELECT product_id AS "productId", variant_id AS "variantId" FROM product_codes
  WHERE shop_id = $1 AND kind = $2 AND code = $3`;

const columnsOf = (rows: CodeRow[]) => [
  rows.map(({ kind }) => kind),
  rows.map(({ code }) => code),
  rows.map(({ productId }) => productId),
  rows.map(({ variantId }) => variantId),
];

/**
 * Locks those of the codes that an article has, until the commit. Whoever gives up a code that others share may be handed it by
 * one of them who gives it up at the same time: only after the lock can be seen who has it.
 */
export async function lockCodes(run: RunSql, shopId: string, rows: CodeRow[]): Promise<void> {
  const [kinds, codes] = columnsOf(rows);
  await run(LOCK, [shopId, kinds, codes]);
}

/** Takes codes from the articles that had them. They are locked. */
export async function releaseCodes(run: RunSql, shopId: string, rows: CodeRow[]): Promise<void> {
  if (rows.length === 0) return;
  const [kinds, codes, ...owners] = columnsOf(rows);
  await run(RELEASE, [shopId, kinds, codes, ...owners]);
  const shared = await run<Pick<CodeRow, 'kind' | 'code'>>(SHARED_OF, [shopId, kinds, codes]);
  if (shared.length === 0) return;
  await run(SETTLE_SHARED, [shopId, shared.map(({ kind }) => kind), shared.map(({ code }) => code)]);
}

/** Adds codes to articles. Returns those that another article of the shop has, which are not written. */
export async function claimCodes(run: RunSql, shopId: string, rows: CodeRow[]): Promise<CodeRow[]> {
  if (rows.length === 0) return [];
  const claimed = await run<Pick<CodeRow, 'kind' | 'code'>>(CLAIM, [shopId, ...columnsOf(rows)]);
  if (claimed.length === rows.length) return [];
  const keys = new Set(claimed.map(({ kind, code }) => `${kind} ${code}`));
  return rows.filter(({ kind, code }) => !keys.has(`${kind} ${code}`));
}

export type CodeOwner = CodeRow & { name: string };

/** The articles on the menu that have these codes. */
export const ownersOfCodes = (
  run: RunSql,
  shopId: string,
  rows: Pick<CodeRow, 'kind' | 'code'>[],
): Promise<CodeOwner[]> =>
  run<CodeOwner>(OWNERS, [shopId, rows.map(({ kind }) => kind), rows.map(({ code }) => code)]);

/** The article with a code; `productId` is null if several share it. Undefined if none has it. */
export async function findCode(
  run: RunSql,
  shopId: string,
  { kind, code }: Pick<CodeRow, 'kind' | 'code'>,
): Promise<{ productId: string | null } | undefined> {
  const [row] = await run<{ productId: string | null }>(FIND, [shopId, kind, code]);
  return row;
}
