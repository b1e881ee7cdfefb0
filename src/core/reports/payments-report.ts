import type { PaymentsReport, SpanQuery } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { sumPayments } from './sql/sum-payments.ts';

/** Money that moved by method, and what is still owed. Throws `not_found`. */
export async function paymentsReport(
  context: ReportContext,
  shopId: string,
  asked: SpanQuery,
): Promise<PaymentsReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, ...(await sumPayments(context.em, span)) };
}
