import type { SellersReport, SellersReportQuery } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { rankSellers } from './sql/rank-sellers.ts';

/** What sells best and what sells worst, by quantity or by what it brought in. Throws `not_found`. */
export async function sellersReport(
  context: ReportContext,
  shopId: string,
  { by, limit, ...asked }: SellersReportQuery,
): Promise<SellersReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, by, ...(await rankSellers(context.em, span, { by, limit })) };
}
