import { currencyDigits } from '../../contract/currencies.ts';
import type { SalesReport, SalesReportQuery } from '../../contract/reports.ts';
import { type ReportContext, spanBefore, spanOf } from './report-span.ts';
import { sumSales } from './sql/sum-sales.ts';

/**
 * Sales of a span of business dates, both ends included; today where none is named. With `compare`, also the totals of
 * the span of the same length just before. Throws `not_found`.
 */
export async function salesReport(
  context: ReportContext,
  shopId: string,
  { groupBy, compare, ...asked }: SalesReportQuery,
): Promise<SalesReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  const before = compare ? spanBefore(span) : null;
  const { totals, previous, groups, openDays, late } = await sumSales(
    context.em,
    span,
    groupBy,
    before,
    currencyDigits(head.currency),
  );
  return {
    ...head,
    groupBy,
    totals,
    previous: before && previous ? { ...before, totals: previous } : null,
    groups,
    openDays,
    late,
  };
}
