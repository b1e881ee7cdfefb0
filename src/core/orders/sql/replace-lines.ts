import type { EntityManager } from '@mikro-orm/postgresql';
import type { Order as OrderView } from '../../../contract/orders.ts';
import { query } from '../../../database/query.ts';

const INSERT_LINES = `
  INSERT INTO order_lines (id, shop_id, order_id, line_no, product_id, variant_id, name, variant_name, category,
    quantity, unit_price, subtotal, discount, tax, total)
  SELECT line.id, $1, $2, line.number, line."productId", line."variantId", line.name, line."variantName", line.category,
    line.quantity, line."unitPrice", line.subtotal, line.discount, line.tax, line.total
  FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS (
    id uuid, "productId" uuid, "variantId" uuid, name text, "variantName" text, category text, quantity numeric,
    "unitPrice" numeric, subtotal numeric, discount numeric, tax numeric, total numeric)) WITH ORDINALITY
    AS line (id, "productId", "variantId", name, "variantName", category, quantity, "unitPrice", subtotal, discount,
    tax, total, number)`;

/** Writes the lines of an open bill anew, as the frozen items have them. */
export async function replaceLines(
  em: EntityManager,
  shopId: string,
  orderId: string,
  items: OrderView['items'],
): Promise<void> {
  await query(em, 'DELETE FROM order_lines WHERE shop_id = $1 AND order_id = $2', [shopId, orderId]);
  await query(em, INSERT_LINES, [shopId, orderId, JSON.stringify(items)]);
}
