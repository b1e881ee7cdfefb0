import { signedRounding } from '../../payments/sql/covered.ts';
import { DRAWER_MOVES } from '../../shifts/sql/sum-shift.ts';
import { sqlCheck } from '../check.ts';
import { CLOCKS } from './clocks.ts';
import { DIFFERING_SHIFTS, LAST_OF_SHIFT } from './fed-shifts.ts';
import { madeBefore } from './made-before.ts';

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

/** Text as a number, as an SQL expression; null where it is none, which is as wrong as a missing one. */
const numberOf = (text: string) => `CASE WHEN ${text} ~ '^-?\\d+(\\.\\d+)?$' THEN (${text})::numeric END`;
const kept = (...path: string[]) => numberOf(`r.report #>> '{${path.join(',')}}'`);
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

/** Every version's reports have had these. */
const PARTS = {
  shift: 'object',
  totals: 'object',
  drawer: 'object',
  payments: 'array',
  voids: 'object',
  openBills: 'object',
};
const KEPT_PAYMENTS =
  "CASE jsonb_typeof(s.report -> 'payments') WHEN 'array' THEN s.report -> 'payments' END";
const METHODS = ['count', 'taken', 'tips', 'refunds', 'returned'] as const;

/** A counted shift against the rows that belong to it, and against the event of its count. A figure that is missing is wrong. */
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
    ), last_of_shift AS MATERIALIZED (${LAST_OF_SHIFT}
    ), ${madeBefore('SELECT o.id, o.items FROM orders o JOIN shift s ON s.id = o.shift_id WHERE o.shop_id = $1')}
    , differing AS (
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
      WHERE was IS DISTINCT FROM "is" AND was IS DISTINCT FROM or_else AND (slack = 0 OR was IS NULL OR abs(was - "is") >= slack)
        AND NOT (is_total AND was IS NOT NULL AND EXISTS (
          SELECT FROM orders o WHERE o.shop_id = $1 AND o.shift_id = r.id AND o.id IN (SELECT id FROM made_before)))
      UNION ALL
      SELECT r.id, format('%s by %s', what, method), was, "is" FROM (
        SELECT coalesce(k.id, m.shift_id) AS id, coalesce(k.method, m.method) AS method,
          ${METHODS.map((figure) => `CASE WHEN k.id IS NULL THEN 0 ELSE k.${figure} END AS ${figure}_was, coalesce(m.${figure}, 0) AS ${figure}_is`).join(',\n          ')}
        FROM (
          SELECT s.id, p->>'method' AS method, ${METHODS.map((figure) => `${numberOf(`p->>'${figure}'`)} AS ${figure}`).join(', ')}
          FROM shift s, jsonb_array_elements(${KEPT_PAYMENTS}) p
        ) k
        FULL JOIN (
          SELECT by_method.* FROM by_method JOIN shift s ON s.id = shift_id
        ) m ON m.shift_id = k.id AND m.method = k.method
      ) r, LATERAL (VALUES ${METHODS.map((figure) => `('${figure}', ${figure}_was, ${figure}_is)`).join(', ')}) AS figure (what, was, "is")
      WHERE was IS DISTINCT FROM "is"
    ), fault (id, detail) AS (
      SELECT id, format('%s: it says %s, its rows say %s', what, coalesce(trim_scale(was)::text, 'nothing'),
        coalesce(trim_scale("is")::text, 'nothing')) FROM differing
      UNION ALL
      SELECT r.id, format('It has no %s', part)
      FROM shift r CROSS JOIN LATERAL (VALUES ${Object.entries(PARTS)
        .map(([part, type]) => `('${part}', '${type}')`)
        .join(', ')}) AS each (part, type)
      WHERE jsonb_typeof(r.report->part) IS DISTINCT FROM type
      UNION ALL${DIFFERING_SHIFTS}
    )
    SELECT format('Z report %s', s.z_number) AS subject, string_agg(f.detail, '; ' ORDER BY f.detail) AS detail
    FROM fault f JOIN shift s ON s.id = f.id GROUP BY s.id, s.z_number`,
});
