import type { MarginsReport, MarginsReportQuery } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { sumMargins } from './sql/sum-margins.ts';

/** What goods brought in and what they cost, by product, variant or category. Throws `not_found`. */
export async function marginsReport(
  context: ReportContext,
  shopId: string,
  { groupBy, ...asked }: MarginsReportQuery,
): Promise<MarginsReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, groupBy, ...(await sumMargins(context.em, span, groupBy)) };
}
