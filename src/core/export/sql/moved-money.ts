import { signedAmount, signedRounding } from '../../payments/sql/covered.ts';
import { epochMs } from './epoch-ms.ts';
import { cursorFor } from './read-cursor.ts';

const FROM_PAYMENTS = `
  FROM payments p
  JOIN orders o ON o.shop_id = p.shop_id AND o.id = p.order_id
  LEFT JOIN users u ON u.id = p.cashier_id`;

/** Payments, and what of one was given back. $1 shop, $2 and $3 business dates. */
export const PAYMENTS = cursorFor(`
  SELECT p.kind, o.order_number AS "orderNumber", NULL AS "creditNote", p.business_date::text AS "businessDate",
    ${epochMs('p.at')} AS at, p.method, (${signedAmount('p')})::text AS amount, p.tip::text AS tip,
    p.tendered::text AS tendered, p.change::text AS change, (${signedRounding('p')})::text AS rounding, p.reference,
    u.name AS cashier, p.id
  ${FROM_PAYMENTS}
  WHERE p.shop_id = $1 AND p.business_date BETWEEN $2 AND $3
  ORDER BY p.business_date, p.at, p.id`);

/** What was given back with an order that was voided, on the day on which it was. $1 shop, $2 and $3 business dates. */
export const VOIDED_PAYMENTS = cursorFor(`
  SELECT 'void' AS kind, o.order_number AS "orderNumber", NULL AS "creditNote", p.returned_on::text AS "businessDate",
    ${epochMs('p.returned_at')} AS at, p.method, (-(${signedAmount('p')}))::text AS amount, (-p.tip)::text AS tip,
    NULL AS tendered, NULL AS change, (-(${signedRounding('p')}))::text AS rounding, p.reference, u.name AS cashier, p.id
  ${FROM_PAYMENTS}
  WHERE p.shop_id = $1 AND p.returned_on IS NOT NULL AND p.returned_on BETWEEN $2 AND $3
  ORDER BY p.returned_on, p.returned_at, p.id`);

/** What refunds paid out, by method. $1 shop, $2 and $3 business dates. */
export const REFUND_PAYMENTS = cursorFor(`
  SELECT 'refund' AS kind, o.order_number AS "orderNumber", r.credit_note_number AS "creditNote",
    r.business_date::text AS "businessDate", ${epochMs('r.created_at')} AS at, m.method, (-m.amount)::text AS amount,
    (-m.tip)::text AS tip, NULL AS tendered, NULL AS change, NULL AS rounding, NULL AS reference, u.name AS cashier, r.id
  FROM refunds r
  JOIN refund_payments m ON m.shop_id = r.shop_id AND m.refund_id = r.id
  LEFT JOIN orders o ON o.shop_id = r.shop_id AND o.id = r.order_id
  LEFT JOIN users u ON u.id = r.cashier_id
  WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
  ORDER BY r.business_date, r.created_at, r.id, m.method`);
