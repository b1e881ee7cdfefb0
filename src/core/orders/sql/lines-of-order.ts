import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import type { FrozenRecipe } from '../line-stock.ts';

/** A line of a bill as the table keeps it; amounts and quantities as PostgreSQL's decimal text. */
export type OrderLine = {
  id: string;
  lineNo: number;
  name: string;
  quantity: string;
  returned: string;
  tax: string;
  total: string;
  cost: string | null;
  recipe: FrozenRecipe;
};

const LINES_OF_ORDER = `
  SELECT id, line_no AS "lineNo", name, quantity::text, returned::text, tax::text, total::text, cost::text, recipe
  FROM order_lines WHERE shop_id = $1 AND order_id = $2 ORDER BY line_no`;

/** The lines of a bill, in their order. */
export async function linesOfOrder(em: EntityManager, shopId: string, orderId: string): Promise<OrderLine[]> {
  return await query<OrderLine>(em, LINES_OF_ORDER, [shopId, orderId]);
}
