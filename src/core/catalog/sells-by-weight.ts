import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';

const SELLS_BY_WEIGHT =
  'SELECT EXISTS (SELECT FROM products WHERE shop_id = $1 AND sold_by <> \'piece\') AS "isSo"';

/** Whether the shop sells, or sold, anything by weight or another measure: quantities of all goods are then no sum. */
export async function sellsByWeight(em: EntityManager, shopId: string): Promise<boolean> {
  return (await queryRow<{ isSo: boolean }>(em, SELLS_BY_WEIGHT, [shopId])).isSo;
}
