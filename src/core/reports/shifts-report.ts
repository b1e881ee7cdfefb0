import type { ShiftsReport, SpanQuery } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { sumShifts } from './sql/sum-shifts.ts';

/** Shifts that were counted, with what was over and short. Throws `not_found`. */
export async function shiftsReport(
  context: ReportContext,
  shopId: string,
  asked: SpanQuery,
): Promise<ShiftsReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, ...(await sumShifts(context.em, span)) };
}
