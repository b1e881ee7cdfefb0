import type { EntityManager } from '@mikro-orm/postgresql';
import type { Grouping } from '../../../contract/reports.ts';
import { query } from '../../../database/query.ts';

/** Sums as PostgreSQL's decimal text. */
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

type Span = { shopId: string; from: string; to: string };

/** How a group's key comes from the figures (`b`) of a bill, or of a line when `byLine`. */
type Key = { key: string; id?: string; byLine?: true; sort: 'time' | 'total' };

const LOCAL = 'b.created_at AT TIME ZONE s.timezone';

const keys: Record<Grouping, Key> = {
  day: { key: "to_char(b.business_date, 'YYYY-MM-DD')", sort: 'time' },
  week: { key: `to_char(b.business_date, 'IYYY-"W"IW')`, sort: 'time' },
  month: { key: "to_char(b.business_date, 'YYYY-MM')", sort: 'time' },
  hour: { key: `to_char(${LOCAL}, 'HH24')`, sort: 'time' },
  weekday: { key: "to_char(b.business_date, 'FMDay')", sort: 'time' },
  product: { key: 'p.name', id: 'b.product_id', byLine: true, sort: 'total' },
  variant: {
    key: "p.name || coalesce(' · ' || v.name, '')",
    id: 'coalesce(b.variant_id, b.product_id)',
    byLine: true,
    sort: 'total',
  },
  category: { key: "coalesce(b.category, '(none)')", byLine: true, sort: 'total' },
  cashier: { key: "coalesce(u.name, '(none)')", id: 'b.cashier_id', sort: 'total' },
  paymentMethod: { key: "coalesce(b.method, 'unpaid')", sort: 'total' },
  orderType: { key: 'b.order_type', sort: 'total' },
};

// Bills that count: neither parked nor voided. Refunds count on the day they were given.
const BILLS = `
  sold AS (
    SELECT o.id, o.shop_id, o.business_date, o.created_at, o.cashier_id, o.payment_method AS method, o.order_type,
           o.subtotal, o.discount, o.tax, o.total
    FROM orders o
    WHERE o.shop_id = $1 AND o.business_date BETWEEN $2 AND $3 AND o.status NOT IN ('open', 'voided')
  ), given_back AS (
    SELECT r.id, r.shop_id, r.business_date, r.created_at, r.cashier_id, r.method, r.order_type, r.tax, r.total
    FROM refunds r WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
  )`;

const SUMS = `
  count(DISTINCT b.bill)::int AS orders, coalesce(sum(b.items), 0)::float8 AS "itemsSold",
  coalesce(sum(b.gross), 0)::numeric(14,2)::text AS gross, coalesce(sum(b.discount), 0)::numeric(14,2)::text AS discount,
  coalesce(sum(b.tax), 0)::numeric(14,2)::text AS tax, coalesce(sum(b.refund), 0)::numeric(14,2)::text AS refunds,
  coalesce(sum(b.total), 0)::numeric(14,2)::text AS total`;

// Figures of lines: a bill counts in each group that one of its lines is in.
const LINES = `
  WITH ${BILLS}, figures AS (
    SELECT l.product_id, l.variant_id, l.category, b.id AS bill, l.quantity AS items, l.subtotal AS gross,
           l.discount, l.tax, 0 AS refund, l.total
    FROM sold b JOIN order_lines l ON l.shop_id = b.shop_id AND l.order_id = b.id
    UNION ALL
    SELECT l.product_id, l.variant_id, l.category, NULL, -l.quantity, 0, 0, 0, l.total, -l.total
    FROM given_back b JOIN refund_lines l ON l.shop_id = b.shop_id AND l.refund_id = b.id
  )`;

// Figures of bills; how many items were sold is all that comes from their lines.
const WHOLE_BILLS = `
  WITH ${BILLS}, figures AS (
    SELECT business_date, created_at, cashier_id, method, order_type, id AS bill, 0 AS items, subtotal AS gross,
           discount, tax, 0 AS refund, total
    FROM sold
    UNION ALL
    SELECT b.business_date, b.created_at, b.cashier_id, b.method, b.order_type, NULL, l.quantity, 0, 0, 0, 0, 0
    FROM sold b JOIN order_lines l ON l.shop_id = b.shop_id AND l.order_id = b.id
    UNION ALL
    SELECT business_date, created_at, cashier_id, method, order_type, NULL, 0, 0, 0, 0, total, -total
    FROM given_back
    UNION ALL
    SELECT b.business_date, b.created_at, b.cashier_id, b.method, b.order_type, NULL, -l.quantity, 0, 0, 0, 0, 0
    FROM given_back b JOIN refund_lines l ON l.shop_id = b.shop_id AND l.refund_id = b.id
  )`;

const byLine = ({ key, id }: Key) => `
  ${LINES}
  SELECT ${key} AS key, ${id ?? 'NULL::uuid'} AS id, ${SUMS}
  FROM figures b
  JOIN products p ON p.id = b.product_id
  LEFT JOIN product_variants v ON v.id = b.variant_id
  GROUP BY 1, 2`;

const byBill = ({ key, id }: Key) => `
  ${WHOLE_BILLS}
  SELECT ${key} AS key, ${id ?? 'NULL::uuid'} AS id, ${SUMS}
  FROM figures b JOIN shops s ON s.id = $1 LEFT JOIN users u ON u.id = b.cashier_id
  GROUP BY 1, 2`;

/** Sums of a span of business dates, and the number of days with a sale. */
export async function salesTotals(em: EntityManager, span: Span): Promise<SalesSums & { days: number }> {
  const sql = `${WHOLE_BILLS}
    SELECT ${SUMS}, count(DISTINCT b.business_date) FILTER (WHERE b.bill IS NOT NULL)::int AS days FROM figures b`;
  const [row] = await query<SalesSums & { days: number }>(em, sql, [span.shopId, span.from, span.to]);
  if (!row) throw new Error('A sum over no rows is still a row.');
  return row;
}

/** Sums of a span of business dates by group: times in their order, the rest by what they brought in. */
export async function salesGroups(em: EntityManager, span: Span, groupBy: Grouping): Promise<SalesRow[]> {
  const grouping = keys[groupBy];
  // Days of the week have an order of their own that their names don't.
  const time =
    groupBy === 'weekday'
      ? "array_position(ARRAY['Monday','Tuesday','Wednesday','Thursday','Friday','Saturday','Sunday'], key)"
      : 'key';
  const order = grouping.sort === 'time' ? time : 'total::numeric DESC, key';
  const sql = `SELECT * FROM (${grouping.byLine ? byLine(grouping) : byBill(grouping)}) g ORDER BY ${order}, id`;
  return await query<SalesRow>(em, sql, [span.shopId, span.from, span.to]);
}
