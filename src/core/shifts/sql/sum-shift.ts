import type { EntityManager } from '@mikro-orm/postgresql';
import type { ShiftReport } from '../../../contract/shifts.ts';
import { query } from '../../../database/query.ts';
import { coveredOf, signedAmount, signedRounding } from '../../payments/sql/covered.ts';

/** What was sold, with `total` before refunds, and what goods that came back had cost; amounts as PostgreSQL's decimal text, of any length. */
export type SalesSums = Omit<NonNullable<ShiftReport['totals']>, 'net'> & { total: string };

export type ShiftSums = {
  sales: SalesSums;
  payments: ShiftReport['payments'];
  cash: { paidIn: string; paidOut: string };
  voids: ShiftReport['voids'];
  openBills: ShiftReport['openBills'];
};

/** The money that went through the drawers of shop `$1`, a row each, with the shift that it belongs to. */
export const DRAWER_MOVES = `
  SELECT shift_id, method, 1 AS count, amount AS taken, tip, 0.00 AS refund, 0.00 AS returned
  FROM payments WHERE shop_id = $1 AND shift_id IS NOT NULL AND kind = 'payment'
  UNION ALL
  SELECT shift_id, method, 0, 0.00, 0.00, 0.00, amount
  FROM payments WHERE shop_id = $1 AND shift_id IS NOT NULL AND kind = 'return'
  UNION ALL
  SELECT returned_shift_id, method, 0, 0.00, 0.00, 0.00, ${signedAmount('p')} + tip
  FROM payments p WHERE shop_id = $1 AND returned_shift_id IS NOT NULL
  UNION ALL
  SELECT r.shift_id, m.method, 0, 0.00, -m.tip, m.amount, 0.00 FROM refunds r
  JOIN refund_payments m ON m.shop_id = r.shop_id AND m.refund_id = r.id
  WHERE r.shop_id = $1 AND r.shift_id IS NOT NULL`;

// One statement, so that all figures are of one moment. A sum of nothing is 0.00; no sum is cast to a column's width, for
// a drawer has to close whatever is in it.
const SUM_SHIFT = `
  WITH rounded AS (
    SELECT coalesce(sum(CASE WHEN p.shift_id = $2 THEN ${signedRounding('p')} ELSE 0.00 END
      - CASE WHEN p.returned_shift_id = $2 THEN ${signedRounding('p')} ELSE 0.00 END), 0.00) AS amount
    FROM payments p WHERE p.shop_id = $1 AND p.rounding <> 0 AND $2 IN (p.shift_id, p.returned_shift_id)
  ), sales AS (
    SELECT count(*)::int AS orders, coalesce(sum(item_quantity), 0)::float8 AS "itemsSold",
           coalesce(sum(subtotal), 0.00)::text AS gross, coalesce(sum(discount), 0.00)::text AS discount,
           coalesce(sum(service_charge), 0.00)::text AS "serviceCharge", coalesce(sum(tax), 0.00)::text AS tax,
           (coalesce(sum(rounding), 0.00) + (SELECT amount FROM rounded))::text AS rounding,
           (coalesce(sum(total), 0.00) + (SELECT amount FROM rounded))::text AS total,
           (SELECT coalesce(sum(r.total), 0.00)::text FROM refunds r WHERE r.shop_id = $1 AND r.shift_id = $2) AS refunds
    FROM orders WHERE shop_id = $1 AND shift_id = $2 AND status NOT IN ('open', 'voided')
  ), moved AS (
    SELECT * FROM (${DRAWER_MOVES}) moves WHERE shift_id = $2
  ), by_method AS (
    SELECT method, sum(count)::int AS count, sum(taken)::text AS taken, sum(tip)::text AS tips,
           sum(refund)::text AS refunds, sum(returned)::text AS returned
    FROM moved GROUP BY method
  ), cash AS (
    SELECT coalesce(sum(amount) FILTER (WHERE type = 'in'), 0.00)::text AS "paidIn",
           coalesce(sum(amount) FILTER (WHERE type = 'out'), 0.00)::text AS "paidOut"
    FROM cash_movements WHERE shop_id = $1 AND shift_id = $2
  ), taken_off AS (
    SELECT count(*) FILTER (WHERE v.line_id IS NULL)::int AS bills, count(v.line_id)::int AS lines,
           coalesce(sum(v.amount), 0.00)::text AS amount
    FROM voids v WHERE v.shop_id = $1 AND v.shift_id = $2
  ), parked AS (
    SELECT count(*)::int AS count, coalesce(sum(greatest(o.total - ${coveredOf('o')}, 0.00)), 0.00)::text AS due
    FROM orders o
    WHERE o.shop_id = $1 AND (o.status = 'open' OR o.payment_status <> 'completed')
      AND o.status IN ('open', 'preparing', 'ready') AND NOT o.pay_later
  )
  SELECT (SELECT to_json(sales) FROM sales) AS sales,
         (SELECT coalesce(json_agg(m ORDER BY array_position(array['cash', 'card', 'upi', 'wallet', 'other'], m.method)),
                          '[]') FROM by_method m) AS payments,
         (SELECT to_json(cash) FROM cash) AS cash,
         (SELECT to_json(taken_off) FROM taken_off) AS voids,
         (SELECT to_json(parked) FROM parked) AS "openBills"`;

/** What went through a shift so far, and what is parked in the shop. */
export async function sumShift(em: EntityManager, shopId: string, shiftId: string): Promise<ShiftSums> {
  const [row] = await query<ShiftSums>(em, SUM_SHIFT, [shopId, shiftId]);
  if (!row) throw new Error('A sum over no rows is still a row.');
  return row;
}
