import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const VOIDS_OF_ORDER = `
  SELECT id, line_id AS "lineId" FROM voids WHERE shop_id = $1 AND order_id = $2 AND line_id IS NOT NULL`;

/** What was taken off a bill line by line so far. */
export async function voidsOfOrder(
  em: EntityManager,
  shopId: string,
  orderId: string,
): Promise<{ id: string; lineId: string }[]> {
  return await query(em, VOIDS_OF_ORDER, [shopId, orderId]);
}
