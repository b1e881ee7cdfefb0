import type { EntityManager } from '@mikro-orm/postgresql';
import type { Refund } from '../../../contract/refunds.ts';
import { query } from '../../../database/query.ts';

const REFUNDS_OF_ORDERS = `
  SELECT r.order_id AS "orderId", jsonb_agg(jsonb_build_object(
    'id', r.id, 'creditNoteNumber', r.credit_note_number, 'businessDate', r.business_date, 'tax', r.tax::text,
    'rounding', r.rounding::text, 'total', r.total::text, 'paidOut', r.paid_out::text, 'method', r.method, 'reason', r.reason, 'restock', r.restock,
    'cashierId', r.cashier_id, 'at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'tip', coalesce((
      SELECT sum(m.tip) FROM refund_payments m WHERE m.shop_id = r.shop_id AND m.refund_id = r.id), 0.00)::text,
    'payments', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('method', m.method, 'amount', m.amount::text, 'tip', m.tip::text)
        ORDER BY array_position(array['cash', 'card', 'upi', 'wallet', 'other'], m.method::text)), '[]')
      FROM refund_payments m WHERE m.shop_id = r.shop_id AND m.refund_id = r.id),
    'lines', (
      SELECT jsonb_agg(jsonb_build_object(
        'lineId', b.id, 'quantity', trim_scale(l.quantity), 'tax', l.tax::text, 'total', l.total::text) ORDER BY l.line_no)
      FROM refund_lines l
      JOIN order_lines b ON b.shop_id = l.shop_id AND b.order_id = l.order_id AND b.line_no = l.order_line_no
      WHERE l.shop_id = r.shop_id AND l.refund_id = r.id)
    ) ORDER BY r.created_at, r.id) AS refunds
  FROM refunds r WHERE r.shop_id = $1 AND r.order_id = ANY ($2::uuid[]) GROUP BY r.order_id`;

/** What was given back of some orders, oldest first; an order with none is not in the map. */
export async function refundsOfOrders(
  em: EntityManager,
  shopId: string,
  orderIds: string[],
): Promise<Map<string, Refund[]>> {
  const rows = await query<{ orderId: string; refunds: Refund[] }>(em, REFUNDS_OF_ORDERS, [shopId, orderIds]);
  return new Map(rows.map(({ orderId, refunds }) => [orderId, refunds]));
}
