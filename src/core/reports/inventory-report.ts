import { currencyDigits } from '../../contract/currencies.ts';
import type { InventoryReport, SpanQuery } from '../../contract/reports.ts';
import { type ReportContext, spanOf } from './report-span.ts';
import { sumInventory } from './sql/sum-inventory.ts';

/** What the stock is worth now, and what moved it in the span. Throws `not_found`. */
export async function inventoryReport(
  context: ReportContext,
  shopId: string,
  asked: SpanQuery,
): Promise<InventoryReport> {
  const { span, head } = await spanOf(context, shopId, asked);
  return { ...head, ...(await sumInventory(context.em, span, currencyDigits(head.currency))) };
}
