import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import { noneCalled, severalCalled } from '../choices.ts';

type Row = { id: string; name: string; isExact: boolean };

const FIND = `
  SELECT id, name, name = $2 OR id::text = lower($2) AS "isExact" FROM inventory_items
  WHERE shop_id = $1 AND (lower(name) = lower($2) OR id::text = lower($2)) ORDER BY name, id`;

const SOME = `
  SELECT name, (count(*) OVER ())::int AS total FROM inventory_items WHERE shop_id = $1
  ORDER BY lower(left(name, 3)) = lower(left($2, 3)) DESC, name LIMIT 5`;

/**
 * The id of an inventory item by its id or exact name, as the command line names it; in other letter case where no name is exactly
 * so. Throws `not_found`, `invalid_request` (several).
 */
export async function findItemByName(em: EntityManager, shopId: string, which: string): Promise<string> {
  const word = which.trim();
  const rows = await query<Row>(em, FIND, [shopId, word]);
  const exact = rows.filter(({ isExact }) => isExact);
  const found = exact.length > 0 ? exact : rows;
  const [only] = found;
  if (only && found.length === 1) return only.id;
  if (only) throw severalCalled('item', word, found);
  const some = await query<{ name: string; total: number }>(em, SOME, [shopId, word]);
  throw noneCalled(
    'inventory item',
    word,
    'id or name',
    some.map(({ name }) => name),
    some[0]?.total ?? 0,
  );
}
