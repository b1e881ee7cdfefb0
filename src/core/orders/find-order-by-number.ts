import type { EntityManager } from '@mikro-orm/postgresql';
import { Id } from '../../contract/primitives.ts';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';

const FIND =
  'SELECT id FROM orders WHERE shop_id = $1 AND (order_number = $2 OR order_number = upper($2)) ORDER BY order_number = $2 DESC';
const FIND_ID = 'SELECT id FROM orders WHERE shop_id = $1 AND id = $2';
const LAST = `
  SELECT order_number AS number FROM orders WHERE shop_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`;

/** The id of an order by its id or the number on the bill, in any letter case, as the command line names it. Throws `not_found`. */
export async function findOrderByNumber(em: EntityManager, shopId: string, which: string): Promise<string> {
  const word = which.trim();
  const id = Id.safeParse(word);
  const found = id.success
    ? await query<{ id: string }>(em, FIND_ID, [shopId, id.data])
    : await query<{ id: string }>(em, FIND, [shopId, word]);
  const [only] = found;
  if (only) return only.id;
  const [last] = await query<{ number: string }>(em, LAST, [shopId]);
  const there = last ? `The last one is ${last.number}.` : 'There is no order at all yet.';
  throw new ProblemError('not_found', { detail: `No order has the number or id ${word}. ${there}` });
}
