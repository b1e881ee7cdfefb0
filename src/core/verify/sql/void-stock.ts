import { sqlCheck } from '../check.ts';

/** What was taken off an order and not put back on the shelf left the stock as waste, once. */
export const voidStock = sqlCheck({
  name: 'void-stock',
  holds: 'What was voided and not put back left the stock as waste',
  counts: 'voids',
  checked: 'SELECT count(*) FROM voids WHERE shop_id = $1',
  faults: `
    WITH due AS (
      SELECT v.id, (w->>'itemId')::uuid AS item_id, sum((w->>'quantity')::numeric) AS quantity
      FROM voids v, jsonb_array_elements(v.wasted) w WHERE v.shop_id = $1 GROUP BY 1, 2
    ), moved AS (
      SELECT void_id AS id, item_id, -sum(quantity) AS quantity
      FROM stock_movements WHERE shop_id = $1 AND void_id IS NOT NULL GROUP BY 1, 2
    )
    SELECT o.order_number AS subject, format('%s %s of %s should have been wasted, but %s were.',
      trim_scale(coalesce(due.quantity, 0)), i.unit, i.name, trim_scale(coalesce(moved.quantity, 0))) AS detail
    FROM due FULL JOIN moved USING (id, item_id)
    JOIN voids v ON v.id = coalesce(due.id, moved.id)
    JOIN orders o ON o.shop_id = v.shop_id AND o.id = v.order_id
    JOIN inventory_items i ON i.shop_id = v.shop_id AND i.id = coalesce(due.item_id, moved.item_id)
    WHERE coalesce(due.quantity, 0) <> coalesce(moved.quantity, 0)`,
});
