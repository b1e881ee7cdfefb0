import { signedRounding } from '../../payments/sql/covered.ts';
import { DRAWER_MOVES } from '../../shifts/sql/sum-shift.ts';
import { sqlCheck } from '../check.ts';
import { CLOCKS } from './clocks.ts';

/** Adds up orders `o`. Voids around the time of the count may or may not be in the report: both sums are right then. */
const soldOf = (sum: (figure: string) => string, name: string) => `
  ${sum('1')} AS orders${name}, ${sum('o.item_quantity')} AS items${name}, ${sum('o.subtotal')} AS gross${name},
  ${sum('o.discount')} AS discount${name}, ${sum('o.service_charge')} AS service${name}, ${sum('o.tax')} AS tax${name},
  ${sum('o.rounding')} AS rounding${name}, ${sum('o.total')} AS total${name}`;
const always = (figure: string) => `coalesce(sum(${figure}) FILTER (WHERE is_sold), 0)`;
const perhaps = (figure: string) => `coalesce(sum(${figure}) FILTER (WHERE is_sold OR is_unclear), 0)`;

// What was voided after the count stays in the report. Earlier versions rounded an order on the book when cash
// paid it, by less than a step, and in its own shift.
const SOLD = `
  SELECT s.id AS shift_id, ${soldOf(always, '')}, ${soldOf(perhaps, '_too')},
    coalesce(sum(later.steps) FILTER (WHERE is_sold), 0) AS steps
  FROM shift s JOIN orders o ON o.shop_id = $1 AND o.shift_id = s.id
  LEFT JOIN (SELECT order_id, max(at) AS at FROM voids WHERE shop_id = $1 AND line_id IS NULL GROUP BY order_id) v
    ON v.order_id = o.id AND o.status = 'voided'
  LEFT JOIN (
    SELECT order_id, sum(cash_step) AS steps FROM payments p
    JOIN orders o ON o.shop_id = p.shop_id AND o.id = p.order_id
    WHERE p.shop_id = $1 AND o.pay_later AND p.cash_step IS NOT NULL AND p.shift_id IS DISTINCT FROM o.shift_id
    GROUP BY order_id
  ) later ON later.order_id = o.id
  CROSS JOIN LATERAL (
    SELECT o.status NOT IN ('open', 'voided') OR v.at > s.closed_at + ${CLOCKS} AS is_sold,
      v.at BETWEEN s.closed_at - ${CLOCKS} AND s.closed_at + ${CLOCKS} AS is_unclear
  ) counted
  GROUP BY s.id`;

// Rounding of payments whose order's day was closed: a report has it beside that of its orders.
const ROUNDED = `
  SELECT shift_id, sum(amount) AS amount FROM (
    SELECT shift_id, ${signedRounding('p')} AS amount FROM payments p WHERE shop_id = $1 AND rounding <> 0
    UNION ALL
    SELECT returned_shift_id, -${signedRounding('p')} FROM payments p WHERE shop_id = $1 AND rounding <> 0
  ) each GROUP BY shift_id`;

const kept = (...path: string[]) => `(r.report #>> '{${path.join(',')}}')::numeric`;
const total = (what: string, key: string, column: string) => [
  what,
  kept('totals', key),
  `coalesce(sold.${column}, 0)`,
  `coalesce(sold.${column}_too, 0)`,
];
const drawer = (what: string, key: string, rows: string) => [what, kept('drawer', key), rows];
const expected = `(r.opening_float + coalesce(cash.taken, 0) + coalesce(cash.tips, 0) - coalesce(cash.refunds, 0)
  - coalesce(cash.returned, 0) + coalesce(put.paid_in, 0) - coalesce(put.paid_out, 0))`;

/** What is compared, what was kept of it, and what the rows come to; last, what else they may come to. */
const FIGURES = [
  drawer('Opening float', 'openingFloat', 'r.opening_float'),
  drawer('Sales in cash', 'sales', 'coalesce(cash.taken, 0)'),
  drawer('Tips in cash', 'tips', 'coalesce(cash.tips, 0)'),
  drawer('Refunds in cash', 'refunds', 'coalesce(cash.refunds, 0)'),
  drawer('Returned in cash', 'returned', 'coalesce(cash.returned, 0)'),
  drawer('Cash put in', 'paidIn', 'coalesce(put.paid_in, 0)'),
  drawer('Cash taken out', 'paidOut', 'coalesce(put.paid_out, 0)'),
  drawer('Expected cash', 'expected', expected),
  ['Expected cash of the shift', 'r.expected', expected],
  ['Counted cash', kept('shift', 'counted'), 'r.counted'],
  [
    'Cash by its coins and notes',
    'r.counted',
    `CASE jsonb_typeof(r.denominations) WHEN 'array' THEN (
      SELECT coalesce(sum((d->>'value')::numeric * (d->>'count')::numeric), 0) FROM jsonb_array_elements(r.denominations) d) END`,
  ],
  ['Refunds', kept('totals', 'refunds'), 'coalesce(back.total, 0)'],
  ['Voided orders', kept('voids', 'bills'), 'coalesce(off.bills, 0)'],
  ['Voided lines', kept('voids', 'lines'), 'coalesce(off.lines, 0)'],
  ['Voids', kept('voids', 'amount'), 'coalesce(off.amount, 0)'],
] as const;

/** Compared where every order of the shift was made under the rule that nothing changes after the count. */
const TOTALS = [
  total('Orders', 'orders', 'orders'),
  total('Items sold', 'itemsSold', 'items'),
  total('Gross', 'gross', 'gross'),
  total('Discount', 'discount', 'discount'),
  total('Service charge', 'serviceCharge', 'service'),
  total('Tax', 'tax', 'tax'),
] as const;

const ROUNDED_TOTALS = [
  [
    'Rounding',
    kept('totals', 'rounding'),
    'coalesce(sold.rounding, 0) + coalesce(rounded.amount, 0)',
    'coalesce(sold.rounding_too, 0) + coalesce(rounded.amount, 0)',
  ],
  [
    'Net',
    kept('totals', 'net'),
    'coalesce(sold.total, 0) + coalesce(rounded.amount, 0) - coalesce(back.total, 0)',
    'coalesce(sold.total_too, 0) + coalesce(rounded.amount, 0) - coalesce(back.total, 0)',
  ],
] as const;

type Figure = readonly (string | undefined)[];
const rowsOf = (figures: readonly Figure[], slack: string, isTotal: boolean) =>
  figures.map(
    ([what, was, is, orElse = is]) => `('${what}', ${was}, ${is}, ${orElse}, ${slack}, ${isTotal})`,
  );

const KEPT_PAYMENTS =
  "CASE jsonb_typeof(s.report -> 'payments') WHEN 'array' THEN s.report -> 'payments' END";
const METHODS = ['count', 'taken', 'tips', 'refunds', 'returned'] as const;

/** A counted shift against the rows that belong to it. Reports of earlier versions lack figures: those say nothing. */
export const zReports = sqlCheck({
  name: 'z-reports',
  holds: 'Each Z report says what its orders, payments and cash movements come to',
  counts: 'Z reports',
  checked: 'SELECT count(*) FROM shifts WHERE shop_id = $1 AND closed_at IS NOT NULL',
  faults: `
    WITH shift AS MATERIALIZED (
      SELECT * FROM shifts WHERE shop_id = $1 AND closed_at IS NOT NULL
    ), by_method AS MATERIALIZED (
      SELECT shift_id, method, sum(count) AS count, sum(taken) AS taken, sum(tip) AS tips, sum(refund) AS refunds,
        sum(returned) AS returned
      FROM (${DRAWER_MOVES}) moves GROUP BY shift_id, method
    ), sold AS (${SOLD}
    ), rounded AS (${ROUNDED}
    ), put AS (
      SELECT shift_id, sum(amount) FILTER (WHERE type = 'in') AS paid_in, sum(amount) FILTER (WHERE type = 'out') AS paid_out
      FROM cash_movements WHERE shop_id = $1 GROUP BY shift_id
    ), back AS (
      SELECT shift_id, sum(total) AS total FROM refunds WHERE shop_id = $1 AND shift_id IS NOT NULL GROUP BY shift_id
    ), off AS (
      SELECT shift_id, count(*) FILTER (WHERE line_id IS NULL) AS bills, count(line_id) AS lines, sum(amount) AS amount
      FROM voids WHERE shop_id = $1 AND shift_id IS NOT NULL GROUP BY shift_id
    ), differing AS (
      SELECT r.id, what, was, "is" FROM shift r
      LEFT JOIN by_method cash ON cash.shift_id = r.id AND cash.method = 'cash'
      LEFT JOIN put ON put.shift_id = r.id
      LEFT JOIN sold ON sold.shift_id = r.id
      LEFT JOIN rounded ON rounded.shift_id = r.id
      LEFT JOIN back ON back.shift_id = r.id
      LEFT JOIN off ON off.shift_id = r.id
      CROSS JOIN LATERAL (VALUES
        ${[...rowsOf(FIGURES, '0', false), ...rowsOf(TOTALS, '0', true), ...rowsOf(ROUNDED_TOTALS, 'coalesce(sold.steps, 0)', true)].join(',\n        ')}
      ) AS figure (what, was, "is", or_else, slack, is_total)
      WHERE was <> "is" AND was <> or_else AND (slack = 0 OR abs(was - "is") >= slack)
        AND NOT (is_total AND EXISTS (
          SELECT FROM orders o WHERE o.shop_id = $1 AND o.shift_id = r.id AND NOT coalesce(o.items -> 0 ? 'soldBy', false)))
      UNION ALL
      SELECT r.id, format('%s by %s', what, method), was, "is" FROM (
        SELECT s.id, coalesce(k.method, m.method) AS method,
          ${METHODS.map((figure) => `CASE WHEN k.method IS NULL THEN 0 ELSE k.${figure} END AS ${figure}_was, coalesce(m.${figure}, 0) AS ${figure}_is`).join(',\n          ')}
        FROM (
          SELECT s.id, p.* FROM shift s, jsonb_to_recordset(${KEPT_PAYMENTS}) AS p (
            method text, count numeric, taken numeric, tips numeric, refunds numeric, returned numeric)
        ) k
        FULL JOIN (
          SELECT by_method.* FROM by_method JOIN shift s ON s.id = shift_id AND jsonb_typeof(s.report -> 'payments') = 'array'
        ) m ON m.shift_id = k.id AND m.method = k.method
        JOIN shift s ON s.id = coalesce(k.id, m.shift_id)
      ) r, LATERAL (VALUES ${METHODS.map((figure) => `('${figure}', ${figure}_was, ${figure}_is)`).join(', ')}) AS figure (what, was, "is")
      WHERE was <> "is"
    )
    SELECT format('Z report %s', s.z_number) AS subject,
      string_agg(format('%s: it says %s, its rows say %s', what, trim_scale(was), trim_scale("is")), '; ' ORDER BY what) AS detail
    FROM differing d JOIN shift s ON s.id = d.id GROUP BY s.id, s.z_number`,
});
