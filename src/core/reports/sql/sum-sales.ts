import type { EntityManager } from '@mikro-orm/postgresql';
import type { Digits } from '../../../contract/currencies.ts';
import {
  type Grouping,
  type LineGrouping,
  lineGroupings,
  type SalesGroup,
  type SalesTotals,
} from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { signedRounding } from '../../payments/sql/covered.ts';
import { count, money, quantity, rows } from './json.ts';
import { lineGroups } from './line-groups.ts';
import { REFUNDED_LINES, type Span, spanParameters } from './span.ts';

type Tables = {
  /** Keys, orders (of the group), bills (once in all groups together), and the amounts; as a common table expression. */
  figures: string;
  /** Rows that count, indexed by shop and business date. */
  sold: string;
};

const SOLD = "shop_id = $1 AND status NOT IN ('open', 'voided')";
const SOLD_BILLS = `orders WHERE ${SOLD}`;

/** Rounding that belongs to the day of a payment and not to the order's: see `Payment.roundingMinor`. */
const roundedPayments = (from: string, to: string) => `
  SELECT p.business_date, p.at, p.cashier_id, p.method, p.order_id, ${signedRounding('p')} AS added
  FROM payments p WHERE p.shop_id = $1 AND p.rounding <> 0 AND p.business_date BETWEEN ${from} AND ${to}
  UNION ALL
  SELECT p.returned_on, p.returned_at, p.cashier_id, p.method, p.order_id, -(${signedRounding('p')})
  FROM payments p WHERE p.shop_id = $1 AND p.rounding <> 0 AND p.returned_on BETWEEN ${from} AND ${to}`;

/** On the book even after it is paid, and for what comes back: a later payment must not change this report. */
const methodOf = (column: string) => `CASE WHEN o.pay_later THEN 'on the book' ELSE ${column} END AS method`;

/** Bills that count, neither parked nor voided, and what was given back on the same days, as they are stored. */
const billsOf = (from: string, to: string) => `
  SELECT business_date, created_at, cashier_id, ${methodOf('payment_method')}, order_type, 1 AS orders, 1 AS bills,
         item_quantity AS items, subtotal AS gross, discount, service_charge, tax, rounding, 0 AS refunds, total
  FROM orders o WHERE ${SOLD} AND business_date BETWEEN ${from} AND ${to}
  UNION ALL
  SELECT r.business_date, r.created_at, r.cashier_id, ${methodOf('r.method')}, r.order_type, 0, 0,
         -(SELECT sum(quantity) FROM refund_lines l WHERE l.shop_id = $1 AND l.refund_id = r.id),
         0, 0, 0, 0, 0, r.total, -r.total
  FROM refunds r LEFT JOIN orders o ON o.shop_id = $1 AND o.id = r.order_id
  WHERE r.shop_id = $1 AND r.business_date BETWEEN ${from} AND ${to}
  UNION ALL
  SELECT p.business_date, p.at, p.cashier_id, ${methodOf('p.method')}, o.order_type, 0, 0, 0, 0, 0, 0, 0, p.added, 0, p.added
  FROM (${roundedPayments(from, to)}) p JOIN orders o ON o.shop_id = $1 AND o.id = p.order_id`;

const BILLS: Tables = { figures: `(${billsOf('$2', '$3')})`, sold: SOLD_BILLS };

/**
 * The figures of lines by `columns`; a bill counts in each group that one of its lines is the first of. Materialized, so
 * that they are read once whatever the planner makes of a table that grew today.
 */
const linesBy = ({ columns, firstOf }: { columns: string; firstOf: string }): Tables => ({
  figures: `MATERIALIZED (
    SELECT ${columns}, count(*) FILTER (WHERE l.${firstOf}) AS orders, count(*) FILTER (WHERE l.line_no = 1) AS bills,
           sum(l.quantity) AS items, sum(l.subtotal) AS gross, sum(l.discount) AS discount,
           sum(l.service_charge) AS service_charge, sum(l.tax) AS tax, 0 AS rounding, 0 AS refunds, sum(l.total) AS total
    FROM order_lines l WHERE l.shop_id = $1 AND l.business_date BETWEEN $2 AND $3 AND l.is_sold GROUP BY ${columns}
    UNION ALL
    SELECT ${columns}, 0, 0, -sum(l.quantity), 0, 0, 0, 0, 0, sum(l.total), -sum(l.total)
    FROM ${REFUNDED_LINES} GROUP BY ${columns})`,
  sold: 'order_lines WHERE shop_id = $1 AND is_sold',
});

const AMOUNTS = ['items', 'gross', 'discount', 'service_charge', 'tax', 'rounding', 'refunds', 'total']
  .map((amount) => `coalesce(sum(${amount}), 0) AS ${amount}`)
  .join(', ');
const SUMS = `coalesce(sum(orders), 0) AS orders, coalesce(sum(bills), 0) AS bills, ${AMOUNTS}`;

// Rounding is the bill's and no line's: a group of its own, so that groups of lines add up to the bills. Few bills have
// any, and those have an index.
const ROUNDING = `
  SELECT '(rounding)' AS key, NULL::uuid AS id, 0 AS orders, 0 AS bills, 0 AS items, 0 AS gross, 0 AS discount,
         0 AS service_charge, 0 AS tax, sum(added) AS rounding, sum(refunded) AS refunds,
         sum(added) - sum(refunded) AS total, true AS is_rounding
  FROM (
    SELECT rounding AS added, 0 AS refunded FROM ${SOLD_BILLS} AND business_date BETWEEN $2 AND $3 AND rounding <> 0
    UNION ALL
    SELECT added, 0 FROM (${roundedPayments('$2', '$3')}) paid
    UNION ALL
    SELECT 0, rounding FROM refunds WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND rounding <> 0
  ) rounded HAVING count(*) > 0`;

const FIGURES = [
  ...[count('orders'), quantity('itemsSold', 'items'), money('gross'), money('discount')],
  ...[money('serviceCharge', 'service_charge'), money('tax'), money('rounding'), money('refunds')],
  money('total'),
].join(', ');

/** Days with a sale, found by leaping through the index from one to the next. */
const leap = (sold: string, from: string, to: string) => `
  SELECT min(business_date) FROM ${sold} AND business_date BETWEEN ${from} AND ${to}
  UNION ALL
  SELECT (SELECT min(business_date) FROM ${sold} AND business_date > day AND business_date <= ${to})`;

const totals = (from: string, days: string) => `
  (SELECT json_build_object(${FIGURES}, ${money('averageOrder', 'round(total / nullif(orders, 0), $6::int)')},
   'days', (SELECT count(day) FROM ${days})) FROM ${from})`;

// Begins like the predicate of orders_open_idx.
const OPEN_DAYS = `
  SELECT coalesce(json_agg(day ORDER BY day), '[]') FROM (
    SELECT DISTINCT to_char(business_date, 'YYYY-MM-DD') AS day FROM orders
    WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3
      AND (status = 'open' OR payment_status <> 'completed')
      AND status IN ('open', 'preparing', 'ready') AND NOT pay_later
  ) days`;

const LATE = `
  SELECT json_build_object(${count('orders', 'count(*)')}, ${money('total', 'coalesce(sum(total), 0)')})
  FROM ${SOLD_BILLS} AND business_date BETWEEN $2 AND $3 AND received_at IS NOT NULL AND flags @> '[{"code":"closed_day"}]'`;

const BY_TIME = 'key';
const BY_WORTH = 'is_rounding, total DESC, key, id';

// One statement for all: groups, totals and the span before are of one moment, so that a sale in between can't part them.
// The totals are the groups added up. $4 and $5 are the span before, null when nobody asked for it; $6 are the currency's decimals.
const statement = ({ figures, sold }: Tables, groups: string, order: string) => `
  WITH RECURSIVE figures AS ${figures}, groups AS MATERIALIZED (${groups}), day (day) AS (
    ${leap(sold, '$2', '$3')} FROM day WHERE day IS NOT NULL
  ), totals AS (
    SELECT coalesce(sum(bills), 0) AS orders, ${AMOUNTS} FROM groups
  ), earlier_day (day) AS (
    ${leap(SOLD_BILLS, '$4', '$5')} FROM earlier_day WHERE day IS NOT NULL
  ), earlier AS (
    SELECT ${SUMS} FROM (${billsOf('$4', '$5')}) bills
  )
  SELECT ${totals('totals', 'day')} AS totals,
         CASE WHEN $4::date IS NOT NULL THEN ${totals('earlier', 'earlier_day')} END AS previous,
         ${rows(`'key', key, 'id', id, ${FIGURES}`, 'groups', order)} AS groups,
         (${OPEN_DAYS}) AS "openDays", (${LATE}) AS late`;

/** `key` names a `part` of the bills. It is worked out once a part, not once a bill: to_char took a third of the time. */
const billsBy = (part: string, key: string, order: string) =>
  statement(
    BILLS,
    `SELECT ${key} AS key, NULL::uuid AS id, ${SUMS}, false AS is_rounding
     FROM (SELECT ${part} AS part, ${SUMS} FROM figures GROUP BY 1) parts GROUP BY 1`,
    order,
  );

const SUMMED = `orders, bills, items, gross, discount, service_charge, tax, rounding, refunds, total`;

const goodsBy = (grouping: LineGrouping) =>
  statement(
    linesBy(lineGroups[grouping]),
    `SELECT key, id, ${SUMMED}, false AS is_rounding FROM (${lineGroups[grouping].named(SUMS)}) named
     UNION ALL ${ROUNDING}`,
    BY_WORTH,
  );

const LOCAL_TIME = 'created_at AT TIME ZONE (SELECT timezone FROM shops WHERE id = $1)';
const WEEKDAYS = "array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']";

const statements: Record<Grouping, string> = {
  day: billsBy('business_date', "to_char(part, 'YYYY-MM-DD')", BY_TIME),
  week: billsBy('business_date', `to_char(part, 'IYYY-"W"IW')`, BY_TIME),
  month: billsBy('business_date', "to_char(part, 'YYYY-MM')", BY_TIME),
  hour: billsBy(`date_part('hour', ${LOCAL_TIME})`, "lpad(part::text, 2, '0')", BY_TIME),
  weekday: billsBy(
    'business_date',
    `(${WEEKDAYS})[extract(isodow FROM part)::int]`,
    `array_position(${WEEKDAYS}, key)`,
  ),
  paymentMethod: billsBy('method', "coalesce(part, 'unpaid')", BY_WORTH),
  orderType: billsBy('order_type', 'part', BY_WORTH),
  cashier: statement(
    BILLS,
    `SELECT coalesce(u.name, '(none)') AS key, s.*, false AS is_rounding FROM (
       SELECT cashier_id AS id, ${SUMS} FROM figures GROUP BY cashier_id) s LEFT JOIN users u ON u.id = s.id`,
    BY_WORTH,
  ),
  ...(Object.fromEntries(lineGroupings.map((grouping) => [grouping, goodsBy(grouping)])) as Record<
    LineGrouping,
    string
  >),
};

/** Amounts as decimal text; `previous` is null without a span before. */
type Sales = {
  totals: SalesTotals;
  previous: SalesTotals | null;
  groups: SalesGroup[];
  openDays: string[];
  late: { orders: number; total: string };
};

/** Sums of a span, in all and by group: times in their order, the rest by what they brought in. */
export async function sumSales(
  em: EntityManager,
  span: Span,
  groupBy: Grouping,
  before: { from: string; to: string } | null,
  digits: Digits,
): Promise<Sales> {
  const parameters = [...spanParameters(span), before?.from ?? null, before?.to ?? null, digits];
  return await queryRow<Sales>(em, statements[groupBy], parameters);
}
