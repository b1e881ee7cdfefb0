import type { SpanQuery, TaxReport } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { sumTax } from './sql/sum-tax.ts';

/** Tax by rate and by HSN code, net of credit notes. Throws `not_found`. */
export async function taxReport(
  context: ReportContext,
  shopId: string,
  asked: SpanQuery,
): Promise<TaxReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, ...(await sumTax(context.em, span)) };
}
