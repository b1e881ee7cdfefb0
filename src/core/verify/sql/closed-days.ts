import { type SqlCheck, sqlCheck } from '../check.ts';
import { CLOCKS } from './clocks.ts';
import { madeBefore } from './made-before.ts';

/**
 * By business date, when the shop was on that day or a later one for the first time: by the server's clock, for a till's clock
 * may be fast. A day start or a time zone that was changed, and changed back, leaves these as they are.
 */
const BEGUN = `
  SELECT business_date, min(min(at)) OVER (ORDER BY business_date DESC) AS at FROM (
    SELECT business_date, created_at AS at FROM orders WHERE shop_id = $1 AND received_at IS NULL AND source = 'till'
    UNION ALL SELECT business_date, created_at FROM refunds WHERE shop_id = $1
    UNION ALL SELECT business_date, opened_at FROM shifts WHERE shop_id = $1
  ) dated GROUP BY business_date`;

const RULE_CHANGED = 'The day start or the time zone of the shop was changed meanwhile.';

/**
 * Orders voided after their business day, or after their shift was counted. Lines keep how their goods were sold since
 * that is refused: what was made by an earlier version may have been voided by it, too. The event of the sale tells that.
 */
const closedDays = (
  check: Pick<SqlCheck, 'name' | 'severity' | 'holds'>,
  isOfBefore: boolean,
  said: string,
) =>
  sqlCheck({
    ...check,
    counts: 'voided orders',
    checked: 'SELECT count(*) FROM voids WHERE shop_id = $1 AND line_id IS NULL',
    faults: `
      WITH begun AS MATERIALIZED (${BEGUN}), late AS MATERIALIZED (
        SELECT o.id, o.items, o.order_number AS subject, CASE WHEN v.business_date > o.business_date
          THEN format('It is of %s and was voided on %s.', o.business_date, v.business_date)
          WHEN v.at > later.at
          THEN format('It is of %s and was voided when %s had begun. ${RULE_CHANGED}', o.business_date, later.business_date)
          ELSE format('It was voided after Z report %s had counted it.', s.z_number) END || '${said}' AS detail
        FROM voids v JOIN orders o ON o.shop_id = v.shop_id AND o.id = v.order_id
        LEFT JOIN shifts s ON s.shop_id = o.shop_id AND s.id = o.shift_id
        LEFT JOIN LATERAL (
          SELECT * FROM begun b WHERE b.business_date > o.business_date ORDER BY b.business_date LIMIT 1
        ) later ON true
        WHERE v.shop_id = $1 AND v.line_id IS NULL AND (o.payment_status = 'completed' OR o.pay_later)
          AND (v.business_date > o.business_date OR v.at > later.at OR v.at > s.closed_at + ${CLOCKS})
      ), ${madeBefore('SELECT id, items FROM late')}
      SELECT subject, detail FROM late WHERE id ${isOfBefore ? 'IN' : 'NOT IN'} (SELECT id FROM made_before)`,
  });

/** CGST Act 2017, s. 34: what was invoiced goes back by a credit note. */
export const voidsAfterClosing = closedDays(
  { name: 'closed-days', holds: 'Nothing that was sold was voided after its day had ended' },
  false,
  '',
);

export const earlierVoids = closedDays(
  {
    name: 'earlier-closed-days',
    severity: 'warning',
    holds: 'No earlier version voided what was sold after its day had ended',
  },
  true,
  ' An earlier version allowed it.',
);
