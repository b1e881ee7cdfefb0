import { type InventoryReport, SpanQuery } from '../../contract/reports.ts';
import { inventoryReport } from '../../core/reports/inventory-report.ts';
import { inventoryCsv } from '../../core/reports/report-csv.ts';
import { summary, table } from '../output/table.ts';
import { type Look, reportCommand } from '../report-command.ts';

export const reportInventory = reportCommand({
  name: 'report inventory',
  summary: 'Show what the stock is worth and what moved it in a span of days',
  example: 'smoocho report inventory --shop KULF --from 2026-04-01 --to 2026-04-30',
  query: SpanQuery,
  report: inventoryReport,
  csv: inventoryCsv,
  show: (report, look) =>
    report.items.length === 0
      ? ['Nothing is kept in stock yet.']
      : [summaryOf(report.totals, look), itemsOf(report, look)],
});

const summaryOf = (
  { items, lowItems, value, usageCost, wasteCost }: InventoryReport['totals'],
  { money, count }: Look,
) =>
  summary([
    ['Items', count(items)],
    ['Running low', count(lowItems)],
    ['Worth now', money(value)],
    ['Used for sales', money(usageCost)],
    ['Wasted', money(wasteCost)],
  ]);

const itemsOf = ({ items }: InventoryReport, { money, count }: Look) =>
  table(items, [
    { title: 'item', value: (item) => item.name },
    { title: 'in stock', value: (item) => `${count(item.quantity)} ${item.unit}`, align: 'right' },
    { title: '', value: (item) => (item.isLow ? 'low' : '') },
    { title: 'worth', value: (item) => money(item.value), align: 'right' },
    { title: 'sold', value: (item) => count(item.sold), align: 'right' },
    { title: 'bought', value: (item) => count(item.purchased), align: 'right' },
    { title: 'wasted', value: (item) => count(item.wasted), align: 'right' },
    { title: 'corrected', value: (item) => count(item.corrected), align: 'right' },
    { title: 'counted', value: (item) => count(item.counted), align: 'right' },
  ]);
