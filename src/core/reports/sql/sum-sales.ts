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

type Tables = {
  /** Keys, orders (of the group), bills (once in all groups together), items, gross, discount, tax, refunds, total. */
  figures: string;
  /** Rows that count, indexed by shop and business date. */
  sold: string;
};

// Bills that count, neither parked nor voided, and what was given back on the same days, as they are stored.
const BILLS: Tables = {
  figures: `
    figures AS (
      SELECT business_date, created_at, cashier_id, payment_method AS method, order_type,
             1 AS orders, 1 AS bills, item_quantity AS items, subtotal AS gross, discount, tax, 0 AS refunds, total
      FROM orders
      WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND status NOT IN ('open', 'voided')
      UNION ALL
      SELECT r.business_date, r.created_at, r.cashier_id, r.method, r.order_type, 0, 0,
             -(SELECT sum(quantity) FROM refund_lines l WHERE l.shop_id = $1 AND l.refund_id = r.id),
             0, 0, 0, r.total, -r.total
      FROM refunds r WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
    )`,
  sold: "orders WHERE shop_id = $1 AND status NOT IN ('open', 'voided')",
};

/** The figures of lines by `columns`; a bill counts in each group that one of its lines is the first of. */
const linesBy = (columns: string, firstOf: string): Tables => ({
  figures: `
    figures AS (
      SELECT ${columns}, count(*) FILTER (WHERE l.${firstOf}) AS orders, count(*) FILTER (WHERE l.line_no = 1) AS bills,
             sum(l.quantity) AS items, sum(l.subtotal) AS gross, sum(l.discount) AS discount, sum(l.tax) AS tax,
             0 AS refunds, sum(l.total) AS total
      FROM order_lines l WHERE l.shop_id = $1 AND l.business_date BETWEEN $2 AND $3 AND l.is_sold GROUP BY ${columns}
      UNION ALL
      SELECT ${columns}, 0, 0, -sum(l.quantity), 0, 0, 0, sum(l.total), -sum(l.total)
      FROM refunds r JOIN refund_lines l ON l.shop_id = r.shop_id AND l.refund_id = r.id
      WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3 GROUP BY ${columns}
    )`,
  sold: 'order_lines WHERE shop_id = $1 AND is_sold',
});

const AMOUNTS = `
  coalesce(sum(items), 0) AS items, coalesce(sum(gross), 0) AS gross,
  coalesce(sum(discount), 0) AS discount, coalesce(sum(tax), 0) AS tax, coalesce(sum(refunds), 0) AS refunds,
  coalesce(sum(total), 0) AS total`;
const SUMS = `coalesce(sum(orders), 0) AS orders, coalesce(sum(bills), 0) AS bills, ${AMOUNTS}`;

const SHOWN = `
  'orders', orders::int, 'itemsSold', items::float8, 'gross', gross::numeric(14,2)::text,
  'discount', discount::numeric(14,2)::text, 'tax', tax::numeric(14,2)::text,
  'refunds', refunds::numeric(14,2)::text, 'total', total::numeric(14,2)::text`;

const BY_TIME = 'key';
const BY_WORTH = 'total DESC, key, id';

// One statement for all: groups and totals are of one moment, so that a sale in between can't part them. The totals are
// the groups added up (json, not jsonb: figures keep the order in which people read them). Days with a sale are found by leaping through the index from one to the next.
const statement = ({ figures, sold }: Tables, groups: string, order: string) => `
  WITH RECURSIVE ${figures}, groups AS MATERIALIZED (${groups}), day (day) AS (
    SELECT min(business_date) FROM ${sold} AND business_date BETWEEN $2 AND $3
    UNION ALL
    SELECT (SELECT min(business_date) FROM ${sold} AND business_date > day AND business_date <= $3)
    FROM day WHERE day IS NOT NULL
  ), totals AS (
    SELECT coalesce(sum(bills), 0) AS orders, ${AMOUNTS} FROM groups
  )
  SELECT (SELECT json_build_object('days', (SELECT count(day) FROM day), ${SHOWN}) FROM totals) AS totals,
         (SELECT coalesce(json_agg(json_build_object('key', key, 'id', id, ${SHOWN}) ORDER BY ${order}), '[]')
          FROM groups) AS groups`;

const billsBy = (key: string, order: string) =>
  statement(
    BILLS,
    `SELECT key, NULL::uuid AS id, ${SUMS} FROM (SELECT ${key} AS key, f.* FROM figures f) keyed GROUP BY key`,
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
       SELECT cashier_id AS id, ${SUMS} FROM figures GROUP BY cashier_id) s LEFT JOIN users u ON u.id = s.id`,
    BY_WORTH,
  ),
  category: statement(
    linesBy('l.category', 'first_of_category'),
    `SELECT coalesce(category, '(none)') AS key, NULL::uuid AS id, ${SUMS} FROM figures GROUP BY category`,
    BY_WORTH,
  ),
  product: statement(
    linesBy('l.product_id', 'first_of_product'),
    `SELECT p.name AS key, s.* FROM (SELECT product_id AS id, ${SUMS} FROM figures GROUP BY product_id) s
     JOIN products p ON p.id = s.id`,
    BY_WORTH,
  ),
  variant: statement(
    linesBy('l.product_id, l.variant_id', 'first_of_variant'),
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
  return row;
}
