import {
  type Seller,
  type SellersReport,
  SellersReportQuery,
  sellerMeasures,
} from '../../contract/reports.ts';
import { sellersCsv } from '../../core/reports/report-csv.ts';
import { sellersReport } from '../../core/reports/sellers-report.ts';
import { tableWithBars } from '../output/table.ts';
import { type Look, reportCommand } from '../report-command.ts';

export const reportSellers = reportCommand({
  name: 'report sellers',
  summary: 'Show what sells best and what sells worst',
  options: [
    {
      flags: '--by <what>',
      description: `${sellerMeasures.join(', ')} (default: total)`,
      values: sellerMeasures,
    },
    { flags: '--limit <n>', description: 'how many of each (default: 10)' },
  ],
  example: 'smoocho report sellers --shop KULF --from 2026-04-01 --to 2026-04-30 --limit 5',
  query: SellersReportQuery,
  report: sellersReport,
  csv: sellersCsv,
  show: (report, look) => {
    const { best, worst } = report;
    if (best.length + worst.length === 0) return ['Nothing is on the menu.'];
    const parts = [
      ['Sells best', best] as const,
      ['Sells worst of what is on the menu', worst] as const,
    ].filter(([, sellers]) => sellers.length > 0);
    return parts.map(([title, sellers]) => `${title}\n${sellersOf(sellers, report, look)}`);
  },
});

const sellersOf = (sellers: Seller[], { by, best, worst }: SellersReport, { money, count, columns }: Look) =>
  tableWithBars(
    sellers,
    [
      { title: 'product', value: (seller) => seller.name },
      { title: 'category', value: (seller) => seller.category ?? '' },
      { title: 'items', value: (seller) => count(seller.quantity), align: 'right' },
      { title: 'total', value: (seller) => money(seller.total), align: 'right' },
    ],
    (seller) => String(seller[by]),
    columns,
    [...best, ...worst],
  );
