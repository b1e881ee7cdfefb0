import { sqlCheck } from '../check.ts';

/** More than the time from a change's first statement to its event. */
const CHANGE = "interval '1 minute'";

// What a line had taken from stock is gone with it. Only the event of the change knows whether it went back.
const SAID_OTHERWISE = `
  SELECT v.order_id, v.name FROM voids v
  JOIN events e ON e.shop_id = $1 AND e.at BETWEEN v.at AND v.at + ${CHANGE} AND e.type = 'order_updated'
  CROSS JOIN LATERAL jsonb_array_elements(e.data -> 'audit' -> 'takenOff') AS said
  WHERE v.shop_id = $1 AND v.line_id IS NOT NULL AND NOT v.restock AND v.wasted = '[]'
    AND (said ->> 'id')::uuid = v.id AND (said -> 'restock' = 'true' OR said -> 'wasted' <> '[]')`;

/**
 * What was taken off an order and not put back on the shelf left the stock as waste, once. What a voided order moved back
 * is what it had taken: all of that is waste, or nothing.
 */
export const voidStock = sqlCheck({
  name: 'void-stock',
  holds: 'What was voided and not put back left the stock as waste',
  counts: 'voids',
  checked: 'SELECT count(*) FROM voids WHERE shop_id = $1',
  faults: `
    WITH noted AS (
      SELECT v.id, (w->>'itemId')::uuid AS item_id, sum((w->>'quantity')::numeric) AS quantity
      FROM voids v, jsonb_array_elements(v.wasted) w WHERE v.shop_id = $1 GROUP BY 1, 2
    ), whole AS (
      SELECT v.id, m.item_id, sum(m.quantity) AS quantity
      FROM voids v JOIN stock_movements m ON m.shop_id = $1 AND m.order_id = v.order_id AND m.reason = 'void'
      WHERE v.shop_id = $1 AND v.line_id IS NULL AND NOT v.restock
      GROUP BY 1, 2 HAVING sum(m.quantity) > 0
    ), moved AS (
      SELECT void_id AS id, item_id, -sum(quantity) AS quantity
      FROM stock_movements WHERE shop_id = $1 AND void_id IS NOT NULL GROUP BY 1, 2
    ), compared AS (
      SELECT id, item_id, coalesce(noted.quantity, 0) AS noted, coalesce(moved.quantity, 0) AS moved, whole.quantity AS whole
      FROM noted FULL JOIN moved USING (id, item_id) FULL JOIN whole USING (id, item_id)
    )
    SELECT o.order_number AS subject, format('%s %s of %s should have been wasted, but %s were.',
      trim_scale(CASE WHEN v.line_id IS NULL AND NOT v.restock THEN coalesce(whole, 0) ELSE noted END), i.unit, i.name,
      trim_scale(CASE WHEN noted <> moved THEN moved ELSE noted END)) AS detail
    FROM compared c
    JOIN voids v ON v.id = c.id
    JOIN orders o ON o.shop_id = v.shop_id AND o.id = v.order_id
    JOIN inventory_items i ON i.shop_id = v.shop_id AND i.id = c.item_id
    WHERE noted <> moved OR v.line_id IS NULL AND NOT v.restock AND noted <> coalesce(whole, 0)
    UNION ALL
    SELECT o.order_number, format('Of %s it is kept that nothing went back to stock, but its change said otherwise.', said.name)
    FROM (${SAID_OTHERWISE}) said JOIN orders o ON o.shop_id = $1 AND o.id = said.order_id`,
});
