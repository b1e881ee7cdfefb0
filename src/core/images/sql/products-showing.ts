import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const SHOWING = `
  SELECT s.code || ': ' || p.name AS name FROM products p JOIN shops s ON s.id = p.shop_id
  WHERE p.shop_id = $1 AND p.image_url = $2 ORDER BY p.name, p.id`;

/** The products that show an image, as shop code and product name. */
export async function productsShowing(
  em: EntityManager,
  { shopId, hash }: { shopId: string; hash: string },
): Promise<string[]> {
  return (await query<{ name: string }>(em, SHOWING, [shopId, hash])).map(({ name }) => name);
}
