import { signedAmount, signedRounding } from '../../payments/sql/covered.ts';
import { sqlCheck } from '../check.ts';
import { CREDIT_NOTES } from './credit-notes.ts';

/** By how much less than this may the refunds of a whole order differ from its total. */
const SLACK = `(CASE WHEN given.step IS NULL OR (given.is_all_cash AND given.paid_out = given.total AND o.comes_to % given.step = 0) THEN 0.01 ELSE given.step END)`;

/**
 * What came back of a bill: as its lines and its figures have it, and never more than was paid. The last refund in cash
 * rounds what is left to a multiple of its step: up to a step more or less than that.
 */
export const billRefunds = sqlCheck({
  name: 'bill-refunds',
  holds: 'No bill gave back more than was paid, and its lines know what came back',
  counts: 'bills',
  checked: `
    SELECT count(*) FROM orders o WHERE shop_id = $1 AND (refunded <> 0
      OR EXISTS (SELECT FROM refunds f WHERE f.shop_id = $1 AND f.order_id = o.id))`,
  faults: `
    WITH given AS (
      SELECT order_id, sum(total) AS total, sum(paid_out) AS paid_out, (array_agg(cash_step ORDER BY place DESC))[1] AS step,
        bool_and(cash_step IS NOT NULL AND method = 'cash') AND min(cash_step) = max(cash_step) AS is_all_cash
      FROM (${CREDIT_NOTES}) note GROUP BY order_id
    ), paid AS (
      -- A payment that went back in coins may have gone back with up to a step more: that is not missing elsewhere.
      SELECT order_id, sum(greatest(amount, 0)) AS amount, sum(rounding) AS rounding, sum(tips) AS tips FROM (
        SELECT order_id, sum(${signedAmount('p')}) AS amount, sum(${signedRounding('p')}) AS rounding, sum(tip) AS tips
        FROM payments p WHERE shop_id = $1 GROUP BY order_id, coalesce(payment_id, id)
      ) each GROUP BY order_id
    ), tip AS (
      SELECT r.order_id, sum(m.tip) AS back FROM refunds r JOIN refund_payments m ON m.shop_id = r.shop_id AND m.refund_id = r.id
      WHERE r.shop_id = $1 AND m.tip > 0 GROUP BY r.order_id
    ), back AS (
      SELECT order_id, order_line_no AS line_no, sum(quantity) AS quantity
      FROM refund_lines WHERE shop_id = $1 AND order_id IS NOT NULL GROUP BY 1, 2
    ), line AS (
      SELECT l.order_id, bool_and(l.returned = l.quantity) AS is_whole,
        string_agg(format('Of line %s %s came back, but its refunds have %s', l.line_no, trim_scale(l.returned),
          coalesce(trim_scale(back.quantity), 0)), '; ' ORDER BY l.line_no)
          FILTER (WHERE l.returned <> coalesce(back.quantity, 0)) AS fault
      FROM order_lines l LEFT JOIN back USING (order_id, line_no)
      WHERE l.shop_id = $1 GROUP BY l.order_id
    )
    SELECT subject, detail FROM (
      SELECT o.order_number AS subject, concat_ws('; ',
        CASE WHEN o.refunded <> coalesce(given.total, 0)
          THEN format('It says that %s was given back, its refunds say %s', o.refunded, coalesce(given.total, 0)) END,
        CASE WHEN coalesce(given.paid_out, 0) - coalesce(paid.amount, 0) >= CASE WHEN line.is_whole THEN ${SLACK} ELSE 0.01 END
          THEN format('%s was given back of %s that was paid', coalesce(given.paid_out, 0), coalesce(paid.amount, 0)) END,
        CASE WHEN given.total IS NOT NULL AND o.status IN ('open', 'voided')
          THEN format('It is %s, but something of it was given back', o.status) END,
        CASE WHEN line.is_whole AND abs(coalesce(given.total, 0) - o.comes_to) >= ${SLACK}
          THEN format('All of it came back, but of %s only %s was given back', o.comes_to, coalesce(given.total, 0)) END,
        CASE WHEN tip.back - paid.tips >= coalesce(given.step, 0.01)
          THEN format('Tips of %s were given back of %s', tip.back, paid.tips) END,
        line.fault) AS detail
      FROM (
        SELECT o.*, o.total + coalesce(paid.rounding, 0) AS comes_to
        FROM orders o LEFT JOIN paid ON paid.order_id = o.id WHERE o.shop_id = $1
      ) o
      LEFT JOIN given ON given.order_id = o.id
      LEFT JOIN paid ON paid.order_id = o.id
      LEFT JOIN tip ON tip.order_id = o.id
      LEFT JOIN line ON line.order_id = o.id
      WHERE o.shop_id = $1
    ) compared WHERE detail <> ''`,
});
