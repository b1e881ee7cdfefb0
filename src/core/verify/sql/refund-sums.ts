import { sqlCheck } from '../check.ts';

/**
 * A credit note's figures are the sums of its lines' figures; only rounding belongs to the note alone. Its money is the sum of
 * what went back by each method.
 */
export const refundSums = sqlCheck({
  name: 'refund-sums',
  holds:
    'Each credit note comes to the sum of its lines, and its money went back by the methods that it names',
  counts: 'credit notes',
  checked: 'SELECT count(*) FROM refunds WHERE shop_id = $1',
  faults: `
    SELECT f.credit_note_number AS subject,
      format('It says %s with %s tax and %s rounding, its lines come to %s with %s tax.', f.total, f.tax, f.rounding,
        coalesce(l.total, 0), coalesce(l.tax, 0)) AS detail
    FROM refunds f
    LEFT JOIN (
      SELECT refund_id, sum(total) AS total, sum(tax) AS tax FROM refund_lines WHERE shop_id = $1 GROUP BY refund_id
    ) l ON l.refund_id = f.id
    WHERE f.shop_id = $1
      AND (f.total - f.rounding, f.tax, f.subtotal + f.tax + f.rounding) IS DISTINCT FROM (l.total, l.tax, f.total)
    UNION ALL
    SELECT f.credit_note_number, format('It says that %s went back by %s, its payments are %s.', f.paid_out, f.method,
        coalesce(m.said, 'none'))
    FROM refunds f
    LEFT JOIN (
      SELECT refund_id, sum(amount) AS amount, string_agg(format('%s %s', method, amount), ', ' ORDER BY method) AS said,
        CASE WHEN count(*) > 1 THEN 'split' ELSE min(method) END AS method
      FROM refund_payments WHERE shop_id = $1 GROUP BY refund_id
    ) m ON m.refund_id = f.id
    WHERE f.shop_id = $1 AND (f.paid_out <> coalesce(m.amount, 0) OR f.method <> m.method)`,
});
