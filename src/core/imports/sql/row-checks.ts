import type { Client } from 'pg';

const HOLD = `
  SELECT
    (SELECT count(*)::integer FROM (
      SELECT FROM products WHERE shop_id = $1 AND id = ANY($2::uuid[]) FOR KEY SHARE
    ) held) AS products,
    (SELECT count(*)::integer FROM (
      SELECT FROM product_variants v
      JOIN unnest($3::uuid[], $4::uuid[]) AS named (product_id, id) USING (product_id, id)
      WHERE v.shop_id = $1 FOR KEY SHARE OF v
    ) held) AS variants`;

const MAY_SKIP = `SELECT has_parameter_privilege('session_replication_role', 'SET') AS "maySkip"`;

export type Referred = { products: string[]; variants: { productId: string; id: string }[] };

/**
 * Checks once per row that is referred to what the foreign keys would check once per row that refers: that it is there,
 * in this shop, and stays until the commit. Where the role may, the keys' own checks are then skipped until
 * `endRowChecks`: they are half of an import (three a line, 20 µs each). Where it may not, they just run. (Triggers of
 * these tables would be skipped too; there are none.)
 */
export async function skipRowChecks(
  client: Client,
  shopId: string,
  { products, variants }: Referred,
): Promise<void> {
  const held = await client.query<{ products: number; variants: number }>(HOLD, [
    shopId,
    products,
    variants.map(({ productId }) => productId),
    variants.map(({ id }) => id),
  ]);
  const [found] = held.rows;
  if (found?.products !== products.length || found.variants !== variants.length) {
    throw new Error('A product of the import vanished while it ran');
  }
  const [role] = (await client.query<{ maySkip: boolean }>(MAY_SKIP)).rows;
  if (role?.maySkip) await client.query('SET LOCAL session_replication_role = replica');
}

export async function endRowChecks(client: Client): Promise<void> {
  const [role] = (await client.query<{ maySkip: boolean }>(MAY_SKIP)).rows;
  if (role?.maySkip) await client.query('SET LOCAL session_replication_role = origin');
}
