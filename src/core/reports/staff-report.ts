import type { SpanQuery, StaffReport } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { sumStaff } from './sql/sum-staff.ts';

/** What each of the staff sold, took off and gave back. Throws `not_found`. */
export async function staffReport(
  context: ReportContext,
  shopId: string,
  asked: SpanQuery,
): Promise<StaffReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, ...(await sumStaff(context.em, span)) };
}
