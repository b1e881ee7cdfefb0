import type { EntityManager } from '@mikro-orm/postgresql';
import type { LineGrouping, MarginsReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { money, quantity, rows } from './json.ts';
import { lineGroups } from './line-groups.ts';
import { REFUNDED_LINES, type Span, spanParameters } from './span.ts';

const SUMS = ['items', 'revenue', 'uncosted', 'cost']
  .map((figure) => `coalesce(sum(${figure}), 0) AS ${figure}`)
  .join(', ');
const MARGIN = '(revenue - uncosted - cost)';
const FIGURES = [
  quantity('itemsSold', 'items'),
  money('revenue'),
  money('revenueWithoutCost', 'uncosted'),
  money('cost'),
  money('margin', MARGIN),
  `'marginPercent', CASE WHEN revenue > uncosted
     THEN round(100 * ${MARGIN} / (revenue - uncosted), 1)::text END`,
].join(', ');

// A line has a cost when it had a recipe. What came back has one when it went back to stock, too; whether its revenue
// counted as known is what its line on the bill says, and imported returns have none.
const statement = ({ columns, named }: (typeof lineGroups)[LineGrouping]) => `
  WITH figures AS MATERIALIZED (
    SELECT ${columns}, sum(l.quantity) AS items, sum(l.total - l.tax) AS revenue,
           sum(l.total - l.tax) FILTER (WHERE l.cost IS NULL) AS uncosted, sum(l.cost) AS cost
    FROM order_lines l WHERE l.shop_id = $1 AND l.business_date BETWEEN $2 AND $3 AND l.is_sold GROUP BY ${columns}
    UNION ALL
    SELECT ${columns}, -sum(l.quantity), -sum(l.total - l.tax),
           -sum(l.total - l.tax) FILTER (WHERE (
             SELECT sold.cost IS NULL FROM order_lines sold WHERE sold.shop_id = l.shop_id
               AND sold.order_id = l.order_id AND sold.line_no = l.order_line_no) IS NOT FALSE),
           -sum(l.cost)
    FROM ${REFUNDED_LINES} GROUP BY ${columns}
  ), groups AS MATERIALIZED (${named(SUMS)})
  SELECT (SELECT json_build_object(${FIGURES}) FROM (SELECT ${SUMS} FROM groups) summed) AS totals,
         ${rows(`'key', key, 'id', id, ${FIGURES}`, 'groups', `${MARGIN} DESC, revenue DESC, key, id`)} AS groups`;

const statements: Record<LineGrouping, string> = {
  product: statement(lineGroups.product),
  variant: statement(lineGroups.variant),
  category: statement(lineGroups.category),
};

type Margins = Pick<MarginsReport, 'totals' | 'groups'>;

/** Revenue and cost of a span's goods by group, those that earned most first. */
export async function sumMargins(em: EntityManager, span: Span, groupBy: LineGrouping): Promise<Margins> {
  return await queryRow<Margins>(em, statements[groupBy], spanParameters(span));
}
