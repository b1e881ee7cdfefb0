import type { EntityManager } from '@mikro-orm/postgresql';
import type { SoldBy } from '../../../contract/sold-by.ts';
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
  /** How the product is sold now. */
  soldBy: SoldBy;
};

const LINES_OF_ORDER = `
  SELECT l.id, l.line_no AS "lineNo", l.name, l.quantity::text, l.returned::text, l.tax::text, l.total::text, l.cost::text,
    l.recipe, p.sold_by AS "soldBy"
  FROM order_lines l JOIN products p ON p.shop_id = l.shop_id AND p.id = l.product_id
  WHERE l.shop_id = $1 AND l.order_id = $2 ORDER BY l.line_no`;

/** The lines of a bill, in their order. */
export async function linesOfOrder(em: EntityManager, shopId: string, orderId: string): Promise<OrderLine[]> {
  return await query<OrderLine>(em, LINES_OF_ORDER, [shopId, orderId]);
}
