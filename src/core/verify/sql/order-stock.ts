import { sqlCheck } from '../check.ts';
import { CREDIT_NOTES } from './credit-notes.ts';

// What a bill, and what each refund of it, should have moved against what it did move. A refund gives back by difference:
// the share of all that came back up to it less the share of what came back before, so that all refunds of a line give
// back what it took. `source` is the refund, or else the bill.
const DUE = `
  part AS (
    SELECT l.order_id, l.line_no, l.quantity, (r->>'itemId')::uuid AS item_id, (r->>'quantity')::numeric AS each
    FROM order_lines l, jsonb_array_elements(l.recipe) r WHERE l.shop_id = $1
  ), note AS (
    ${CREDIT_NOTES}
  ), back AS (
    SELECT f.id AS refund_id, f.restock, b.order_id, b.order_line_no AS line_no, b.quantity,
      sum(b.quantity) OVER (
        PARTITION BY b.order_id, b.order_line_no ORDER BY f.place) AS after
    FROM note f JOIN refund_lines b ON b.shop_id = $1 AND b.refund_id = f.id
  ), due AS (
    SELECT order_id, order_id AS source, item_id, -sum(round(each * part.quantity, 3)) AS quantity
    FROM part JOIN orders o ON o.shop_id = $1 AND o.id = part.order_id
    WHERE o.status <> 'voided' GROUP BY order_id, item_id
    UNION ALL
    SELECT order_id, refund_id, item_id,
      sum(round(each * back.after, 3) - round(each * (back.after - back.quantity), 3))
    FROM back JOIN part USING (order_id, line_no)
    WHERE restock GROUP BY order_id, refund_id, item_id
  )`;

// Bills of the first version kept no recipe with their lines, and their events know no rounding: of those only the sign
// can be held against anything, until a void has to make it nothing.
const OLD = `
  old AS (
    SELECT (data->>'id')::uuid AS id FROM events
    WHERE shop_id = $1 AND type = 'order_created' AND NOT data ? 'rounding'
  )`;

/** Sold = lines × recipe, less what was voided or went back on the shelf. */
export const orderStock = sqlCheck({
  name: 'order-stock',
  holds: 'Each bill took from stock what its lines are made of',
  counts: 'bills',
  checked: "SELECT count(*) FROM orders WHERE shop_id = $1 AND source = 'till'",
  faults: `
    WITH ${DUE}, ${OLD}, moved AS (
      SELECT order_id, coalesce(refund_id, order_id) AS source, item_id, sum(quantity) AS quantity
      FROM stock_movements WHERE shop_id = $1 AND order_id IS NOT NULL GROUP BY 1, 2, 3
    ), compared AS (
      SELECT order_id, source, item_id, coalesce(due.quantity, 0) AS due, coalesce(moved.quantity, 0) AS moved
      FROM due FULL JOIN moved USING (order_id, source, item_id)
    )
    SELECT o.order_number AS subject, format('%s moved %s %s of %s, but should have moved %s.',
      CASE WHEN c.source = o.id THEN 'It' ELSE 'A refund of it' END,
      trim_scale(c.moved), i.unit, i.name, trim_scale(c.due)) AS detail
    FROM compared c
    JOIN orders o ON o.shop_id = $1 AND o.id = c.order_id
    JOIN inventory_items i ON i.shop_id = $1 AND i.id = c.item_id
    WHERE c.due <> c.moved AND NOT (
      o.status <> 'voided' AND c.moved <= 0
      AND NOT EXISTS (SELECT FROM part WHERE part.order_id = o.id)
      AND o.id IN (SELECT id FROM old))`,
});
