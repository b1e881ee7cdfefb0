import type { EntityManager } from '@mikro-orm/postgresql';
import type { StaffReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { count, money, rows } from './json.ts';
import { type Span, spanParameters } from './span.ts';

const COLUMNS = [
  ...['orders', 'total', 'discount', 'discounted', 'lines', 'lines_amount', 'bills', 'bills_amount'],
  ...['refunds', 'refunds_amount'],
];
const SUMS = COLUMNS.map((column) => `sum(${column}) AS ${column}`).join(', ');
const tally = (name: string, column: string) =>
  `'${name}', json_build_object(${count('count', column)}, ${money('amount', `${column}_amount`)})`;
const FIGURES = [
  count('orders'),
  money('total'),
  money('discount'),
  count('discountedOrders', 'discounted'),
  tally('voidedLines', 'lines'),
  tally('voidedOrders', 'bills'),
  tally('refunds', 'refunds'),
].join(', ');

const SUM_STAFF = `
  WITH figures (cashier_id, ${COLUMNS.join(', ')}) AS (
    SELECT cashier_id, count(*), sum(total), sum(discount), count(*) FILTER (WHERE discount <> 0), 0, 0, 0, 0, 0, 0
    FROM orders
    WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND status NOT IN ('open', 'voided') GROUP BY cashier_id
    UNION ALL
    SELECT cashier_id, 0, 0, 0, 0, count(line_id), coalesce(sum(amount) FILTER (WHERE line_id IS NOT NULL), 0),
           count(*) - count(line_id), coalesce(sum(amount) FILTER (WHERE line_id IS NULL), 0), 0, 0
    FROM voids WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 GROUP BY cashier_id
    UNION ALL
    SELECT cashier_id, 0, 0, 0, 0, 0, 0, 0, 0, count(*), sum(total)
    FROM refunds WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 GROUP BY cashier_id
  ), members AS (
    SELECT coalesce(u.name, '(none)') AS key, s.* FROM (
      SELECT cashier_id AS id, ${SUMS} FROM figures GROUP BY cashier_id) s LEFT JOIN users u ON u.id = s.id
  )
  SELECT (SELECT json_build_object(${FIGURES}) FROM (SELECT ${SUMS} FROM members) summed) AS totals,
         ${rows(`'key', key, 'id', id, ${FIGURES}`, 'members', 'total DESC, key, id')} AS staff`;

type Staff = Pick<StaffReport, 'totals' | 'staff'>;

/** What each of the staff did in a span, those who sold most first. */
export async function sumStaff(em: EntityManager, span: Span): Promise<Staff> {
  return await queryRow<Staff>(em, SUM_STAFF, spanParameters(span));
}
