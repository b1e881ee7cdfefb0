import type { EntityManager } from '@mikro-orm/postgresql';
import type { Grouping } from '../../../contract/reports.ts';
import { query } from '../../../database/query.ts';

/** Amounts as PostgreSQL's decimal text. */
export type SalesSums = {
  orders: number;
  itemsSold: number;
  gross: string;
  discount: string;
  tax: string;
  refunds: string;
  total: string;
};
export type SalesRow = SalesSums & { key: string; id: string | null };
/** `days` are those with a sale. */
export type SalesTotals = SalesSums & { days: number };

// Bills that count, neither parked nor voided, and what was given back on the same days, as they are stored.
const BILLS = `
  sold AS (
    SELECT id, business_date, created_at, cashier_id, payment_method AS method, order_type, item_quantity AS items,
           subtotal AS gross, discount, tax, total
    FROM orders
    WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND status NOT IN ('open', 'voided')
  ), given_back AS (
    SELECT r.id, r.business_date, r.created_at, r.cashier_id, r.method, r.order_type, r.total,
           (SELECT sum(quantity) FROM refund_lines l WHERE l.shop_id = $1 AND l.refund_id = r.id) AS items
    FROM refunds r WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
  ), bills AS MATERIALIZED (
    SELECT business_date, created_at, cashier_id, method, order_type,
           1 AS orders, items, gross, discount, tax, 0 AS refunds, total
    FROM sold
    UNION ALL
    SELECT business_date, created_at, cashier_id, method, order_type, 0, -items, 0, 0, 0, total, -total
    FROM given_back
  )`;

/**
 * The figures of lines by `columns`; a bill counts once in each group that any of its lines is in. Bills are counted apart
 * from the sums: a hash of pairs costs a fraction of sorting every line for count(DISTINCT …).
 */
const LINES = (columns: string) => `
  ${BILLS}, lines AS MATERIALIZED (
    SELECT ${columns}, l.order_id, l.quantity, l.subtotal, l.discount, l.tax, l.total
    FROM sold b JOIN order_lines l ON l.shop_id = $1 AND l.order_id = b.id
  ), figures AS (
    SELECT ${columns}, 0 AS orders, quantity AS items, subtotal AS gross, discount, tax, 0 AS refunds, total FROM lines l
    UNION ALL
    SELECT ${columns}, count(*), 0, 0, 0, 0, 0, 0 FROM (SELECT DISTINCT ${columns}, order_id FROM lines l) l GROUP BY ${columns}
    UNION ALL
    SELECT ${columns}, 0, -l.quantity, 0, 0, 0, l.total, -l.total
    FROM given_back b JOIN refund_lines l ON l.shop_id = $1 AND l.refund_id = b.id
  )`;

const SUMS = `
  coalesce(sum(orders), 0)::int AS orders, coalesce(sum(items), 0)::float8 AS "itemsSold",
  coalesce(sum(gross), 0)::numeric(14,2)::text AS gross, coalesce(sum(discount), 0)::numeric(14,2)::text AS discount,
  coalesce(sum(tax), 0)::numeric(14,2)::text AS tax, coalesce(sum(refunds), 0)::numeric(14,2)::text AS refunds,
  coalesce(sum(total), 0)::numeric(14,2)::text AS total`;

const BY_TIME = 'key';
const BY_WORTH = 'total::numeric DESC, key, id';

// Totals and groups come from one statement, so that they are of one moment: a sale in between can't part them.
const statement = (tables: string, groups: string, order: string) => `
  WITH ${tables}, totals AS (
    SELECT ${SUMS}, (SELECT count(DISTINCT business_date) FROM sold)::int AS days FROM bills
  ), groups AS (${groups})
  SELECT (SELECT to_jsonb(t) FROM totals t) AS totals,
         (SELECT coalesce(jsonb_agg(to_jsonb(g) ORDER BY ${order}), '[]') FROM groups g) AS groups`;

const billsBy = (key: string, order: string) =>
  statement(
    BILLS,
    `SELECT key, NULL::uuid AS id, ${SUMS} FROM (SELECT ${key} AS key, b.* FROM bills b) keyed GROUP BY key`,
    order,
  );

const LOCAL_TIME = 'created_at AT TIME ZONE (SELECT timezone FROM shops WHERE id = $1)';
const WEEKDAYS = "array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']";

const statements: Record<Grouping, string> = {
  day: billsBy("to_char(business_date, 'YYYY-MM-DD')", BY_TIME),
  week: billsBy(`to_char(business_date, 'IYYY-"W"IW')`, BY_TIME),
  month: billsBy("to_char(business_date, 'YYYY-MM')", BY_TIME),
  hour: billsBy(`to_char(${LOCAL_TIME}, 'HH24')`, BY_TIME),
  weekday: billsBy(
    `(${WEEKDAYS})[extract(isodow FROM business_date)::int]`,
    `array_position(${WEEKDAYS}, key)`,
  ),
  paymentMethod: billsBy("coalesce(method, 'unpaid')", BY_WORTH),
  orderType: billsBy('order_type', BY_WORTH),
  cashier: statement(
    BILLS,
    `SELECT coalesce(u.name, '(none)') AS key, s.* FROM (
       SELECT cashier_id AS id, ${SUMS} FROM bills GROUP BY cashier_id) s LEFT JOIN users u ON u.id = s.id`,
    BY_WORTH,
  ),
  category: statement(
    LINES('l.category'),
    `SELECT coalesce(category, '(none)') AS key, NULL::uuid AS id, ${SUMS} FROM figures GROUP BY category`,
    BY_WORTH,
  ),
  product: statement(
    LINES('l.product_id'),
    `SELECT p.name AS key, s.* FROM (SELECT product_id AS id, ${SUMS} FROM figures GROUP BY product_id) s
     JOIN products p ON p.id = s.id`,
    BY_WORTH,
  ),
  variant: statement(
    LINES('l.product_id, l.variant_id'),
    `SELECT p.name || coalesce(' · ' || v.name, '') AS key, coalesce(s.variant_id, s.product_id) AS id, s.*
     FROM (SELECT product_id, variant_id, ${SUMS} FROM figures GROUP BY product_id, variant_id) s
     JOIN products p ON p.id = s.product_id LEFT JOIN product_variants v ON v.id = s.variant_id`,
    BY_WORTH,
  ),
};

type Row = { totals: SalesTotals; groups: SalesRow[] };

/** Sums of a span of business dates, in all and by group: times in their order, the rest by what they brought in. */
export async function sumSales(
  em: EntityManager,
  { shopId, from, to }: { shopId: string; from: string; to: string },
  groupBy: Grouping,
): Promise<Row> {
  const [row] = await query<Row>(em, statements[groupBy], [shopId, from, to]);
  if (!row) throw new Error('A sum over no rows is still a row.');
  return { totals: row.totals, groups: row.groups.map(inOrder) };
}

/** The figures in the order in which people read them; jsonb keeps none. */
const inOrder = ({
  key,
  id,
  orders,
  itemsSold,
  gross,
  discount,
  tax,
  refunds,
  total,
}: SalesRow): SalesRow => ({
  key,
  id,
  orders,
  itemsSold,
  gross,
  discount,
  tax,
  refunds,
  total,
});
