import { epochMs } from './epoch-ms.ts';
import { cursorFor } from './read-cursor.ts';

const SKU = 'coalesce(v.sku, CASE WHEN l.variant_id IS NULL THEN p.sku END) AS sku';

/** Lines of orders that count, neither parked nor voided. $1 shop, $2 and $3 business dates. */
export const SOLD_LINES = cursorFor(`
  SELECT 'sale' AS kind, o.order_number AS "orderNumber", l.line_no AS "lineNo", l.business_date::text AS "businessDate",
    ${epochMs('o.created_at')} AS at, ${SKU}, l.name AS product, l.variant_name AS variant, l.category, l.hsn,
    l.quantity::float8 AS quantity, l.unit_price::text AS "unitPrice", l.subtotal::text AS gross,
    l.discount::text AS discount, l.service_charge::text AS "serviceCharge", l.tax_percent::float8::text AS "taxPercent",
    l.tax::text AS tax, l.total::text AS total, l.cost::text AS cost, l.returned::float8 AS returned,
    o.payment_method AS "paymentMethod", o.order_type AS "orderType", o.customer_name AS "customerName", l.id
  FROM orders o
  JOIN order_lines l ON l.shop_id = o.shop_id AND l.order_id = o.id
  LEFT JOIN products p ON p.shop_id = l.shop_id AND p.id = l.product_id
  LEFT JOIN product_variants v ON v.id = l.variant_id
  WHERE o.shop_id = $1 AND o.business_date BETWEEN $2 AND $3 AND l.is_sold
  ORDER BY o.business_date, o.created_at, o.id, l.line_no`);

/** What came back, with the signs of what it takes off the sales. $1 shop, $2 and $3 business dates. */
export const REFUNDED_LINES = cursorFor(`
  SELECT 'refund' AS kind, r.credit_note_number AS "orderNumber", l.line_no AS "lineNo",
    r.business_date::text AS "businessDate", ${epochMs('r.created_at')} AS at, ${SKU}, l.name AS product,
    l.variant_name AS variant, l.category, l.hsn, (-l.quantity)::float8 AS quantity, l.unit_price::text AS "unitPrice",
    NULL AS gross, NULL AS discount, NULL AS "serviceCharge", l.tax_percent::float8::text AS "taxPercent",
    (-l.tax)::text AS tax, (-l.total)::text AS total, (-l.cost)::text AS cost, NULL AS returned,
    r.method AS "paymentMethod", r.order_type AS "orderType", o.customer_name AS "customerName", l.id
  FROM refunds r
  JOIN refund_lines l ON l.shop_id = r.shop_id AND l.refund_id = r.id
  LEFT JOIN orders o ON o.shop_id = r.shop_id AND o.id = r.order_id
  LEFT JOIN products p ON p.shop_id = l.shop_id AND p.id = l.product_id
  LEFT JOIN product_variants v ON v.id = l.variant_id
  WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
  ORDER BY r.business_date, r.created_at, r.id, l.line_no`);
