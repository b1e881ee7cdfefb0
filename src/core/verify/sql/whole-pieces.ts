import { sqlCheck } from '../check.ts';

/** Lines keep how their goods were sold; a till that was offline may have sold a fraction, and its order says so. */
export const wholePieces = sqlCheck({
  name: 'whole-pieces',
  holds: 'What is sold by the piece was sold in whole pieces',
  counts: 'lines',
  checked: 'SELECT count(*) FROM order_lines WHERE shop_id = $1',
  faults: `
    SELECT o.order_number AS subject,
      format('Line %s is %s of %s, which is sold by the piece.', l.line_no, trim_scale(l.quantity), l.name) AS detail
    FROM order_lines l JOIN orders o ON o.shop_id = l.shop_id AND o.id = l.order_id
    WHERE l.shop_id = $1 AND l.quantity <> trunc(l.quantity)
      AND o.items -> (l.line_no - 1) ->> 'soldBy' = 'piece'
      AND NOT o.flags @> '[{"code": "fraction_of_piece"}]'`,
});
