import { sqlCheck } from '../check.ts';

/** `orders.items`, as printed, against `order_lines`, as counted: the same lines in the same order. */
export const billLines = sqlCheck({
  name: 'bill-lines',
  holds: 'Each bill has exactly the lines that it shows',
  counts: 'bills',
  checked: 'SELECT count(*) FROM orders WHERE shop_id = $1',
  faults: `
    SELECT o.order_number AS subject,
      format('Its items and its rows differ in line %s.', string_agg(d.line_no::text, ', ' ORDER BY d.line_no)) AS detail
    FROM (
      SELECT coalesce(i.order_id, l.order_id) AS order_id, coalesce(i.line_no, l.line_no) AS line_no
      FROM (
        SELECT o.id AS order_id, item.*
        FROM orders o, ROWS FROM (
          jsonb_to_recordset(CASE WHEN jsonb_typeof(o.items) = 'array' THEN o.items ELSE '[]' END) AS (
            id uuid, "productId" uuid, "variantId" uuid, name text, "variantName" text, category text,
            quantity numeric, "unitPrice" numeric, subtotal numeric, discount numeric, "serviceCharge" numeric,
            tax numeric, total numeric)) WITH ORDINALITY
          AS item (id, product_id, variant_id, name, variant_name, category, quantity, unit_price, subtotal, discount,
            service_charge, tax, total, line_no)
        WHERE o.shop_id = $1
      ) i
      FULL JOIN (SELECT * FROM order_lines WHERE shop_id = $1) l
        ON l.order_id = i.order_id AND l.line_no = i.line_no
      WHERE (i.id, i.product_id, i.variant_id, i.name, i.variant_name, i.category, i.quantity, i.unit_price, i.subtotal,
             i.discount, coalesce(i.service_charge, 0), i.tax, i.total)
        IS DISTINCT FROM
            (l.id, l.product_id, l.variant_id, l.name, l.variant_name, l.category, l.quantity, l.unit_price, l.subtotal,
             l.discount, l.service_charge, l.tax, l.total)
    ) d
    JOIN orders o ON o.shop_id = $1 AND o.id = d.order_id
    GROUP BY o.id`,
});
