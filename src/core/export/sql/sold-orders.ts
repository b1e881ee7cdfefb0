import { epochMs } from './epoch-ms.ts';
import { cursorFor } from './read-cursor.ts';

// In the order of an index on the business date, so that a batch costs no sort of all of them.
/** Orders of every status, those that were voided and are still open, too. $1 shop, $2 and $3 business dates. */
export const SOLD_ORDERS = cursorFor(`
  SELECT 'sale' AS kind, o.order_number AS "orderNumber", NULL AS "refundOf", o.business_date::text AS "businessDate",
    ${epochMs('o.created_at')} AS at, o.status, o.order_type AS "orderType", o.token_number AS "tokenNumber",
    o.table_number AS "tableNumber", o.guests::int AS guests, o.customer_name AS "customerName",
    o.item_quantity::float8 AS "itemQuantity", o.subtotal::text AS gross, o.discount::text AS discount,
    o.service_charge::text AS "serviceCharge", o.tax::text AS tax, o.rounding::text AS rounding, o.total::text AS total,
    o.refunded::text AS refunded, o.payment_method AS "paymentMethod", o.payment_status AS "paymentStatus",
    o.pay_later AS "payLater", u.name AS cashier, d.name AS device, o.source, o.void_reason AS reason, o.notes, o.id
  FROM orders o
  LEFT JOIN users u ON u.id = o.cashier_id
  LEFT JOIN devices d ON d.shop_id = o.shop_id AND d.id::text = o.device_id
  WHERE o.shop_id = $1 AND o.business_date BETWEEN $2 AND $3
  ORDER BY o.business_date, o.created_at, o.id`);

/** Credit notes, with the signs of what they take off the sales. $1 shop, $2 and $3 business dates. */
export const REFUNDS = cursorFor(`
  SELECT 'refund' AS kind, r.credit_note_number AS "orderNumber", o.order_number AS "refundOf",
    r.business_date::text AS "businessDate", ${epochMs('r.created_at')} AS at, 'completed' AS status,
    r.order_type AS "orderType", NULL AS "tokenNumber", NULL AS "tableNumber", NULL AS guests,
    o.customer_name AS "customerName",
    -(SELECT sum(l.quantity) FROM refund_lines l WHERE l.shop_id = r.shop_id AND l.refund_id = r.id)::float8 AS "itemQuantity",
    NULL AS gross, NULL AS discount, NULL AS "serviceCharge", (-r.tax)::text AS tax, (-r.rounding)::text AS rounding,
    (-r.total)::text AS total, NULL AS refunded, r.method AS "paymentMethod", NULL AS "paymentStatus",
    NULL AS "payLater", u.name AS cashier, NULL AS device, r.source, r.reason, NULL AS notes, r.id
  FROM refunds r
  LEFT JOIN orders o ON o.shop_id = r.shop_id AND o.id = r.order_id
  LEFT JOIN users u ON u.id = r.cashier_id
  WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
  ORDER BY r.business_date, r.created_at, r.id`);
