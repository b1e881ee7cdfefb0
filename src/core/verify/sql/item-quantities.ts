import { sqlCheck } from '../check.ts';

/** Stock is a ledger: what an item has is the sum of what moved it. */
export const itemQuantities = sqlCheck({
  name: 'item-quantities',
  holds: 'The stock of each item is the sum of its movements',
  counts: 'items',
  checked: 'SELECT count(*) FROM inventory_items WHERE shop_id = $1',
  faults: `
    SELECT i.name AS subject,
      format('It has %s %s, but its movements come to %s.', trim_scale(i.quantity), i.unit, trim_scale(m.quantity)) AS detail
    FROM inventory_items i
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(quantity), 0) AS quantity FROM stock_movements WHERE shop_id = $1 AND item_id = i.id
    ) m
    WHERE i.shop_id = $1 AND i.quantity <> m.quantity`,
});
