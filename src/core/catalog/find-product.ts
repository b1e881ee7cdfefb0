import type { EntityManager } from '@mikro-orm/postgresql';
import { codeKinds, comparableCode } from '../../contract/codes.ts';
import { Id } from '../../contract/primitives.ts';
import { query } from '../../database/query.ts';
import { noneCalled, severalCalled } from '../choices.ts';
import { runIn } from './product-codes.ts';
import { ownersOfCodes } from './sql/product-codes.ts';

type NameRow = { id: string; name: string; isExact: boolean };

// Two of one name are told apart by category and price. The id, too, of one that is on this shop's menu.
const FIND = `
  SELECT id, concat_ws(', ', name, category, price) AS name, name = $2 OR id::text = lower($2) AS "isExact"
  FROM products
  WHERE shop_id = $1 AND deleted_at IS NULL
    AND (lower(name) = lower($2) OR id::text = lower($2) OR lower(sku) = lower($2))
  ORDER BY name, id LIMIT 20`;

// Those that begin alike first.
const SOME = `
  SELECT name, (count(*) OVER ())::int AS total FROM products WHERE shop_id = $1 AND deleted_at IS NULL
  ORDER BY lower(left(name, 3)) = lower(left($2, 3)) DESC, name LIMIT 5`;

/**
 * The id of a product by its id, SKU, barcode (a variant's too) or exact name, as the command line names it; in other letter
 * case where none is exactly so. Throws `not_found`, `invalid_request` (several).
 */
export async function findProductByName(em: EntityManager, shopId: string, which: string): Promise<string> {
  const word = which.trim();
  const named = await query<NameRow>(em, FIND, [shopId, word]);
  const id = Id.safeParse(word).success ? named.find((row) => row.id === word.toLowerCase()) : undefined;
  if (id) return id.id;
  const codes = codeKinds.map((kind) => ({ kind, code: comparableCode(kind, word) }));
  const coded = await ownersOfCodes(runIn(em), shopId, codes);
  const exact = named.filter(({ isExact }) => isExact);
  const certain = [
    ...coded.map(({ productId, name, kind }) => ({ id: productId, name: `${name}, by its ${kind}` })),
    ...exact,
  ];
  const found = new Map((certain.length > 0 ? certain : named).map((row) => [row.id, row]));
  const [only] = found.keys();
  if (found.size === 1) return only as string;
  if (found.size > 1) throw severalCalled('product', word, [...found.values()]);
  const some = await query<{ name: string; total: number }>(em, SOME, [shopId, word]);
  throw noneCalled(
    'product',
    word,
    'id, SKU, barcode or name',
    some.map(({ name }) => name),
    some[0]?.total ?? 0,
  );
}
