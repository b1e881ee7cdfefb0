import { parse } from '../../contract/parse.ts';
import { groupings, type SalesReport, SalesReportQuery } from '../../contract/reports.ts';
import { reportCsv } from '../../core/reports/report-csv.ts';
import { salesReport } from '../../core/reports/sales-report.ts';
import { findShopByCode } from '../../core/shops/find-shops.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { formatCount, formatMoney } from '../output/format.ts';
import { bar, type Column, displayWidth, table } from '../output/table.ts';

export const reportSales: Command = {
  name: 'report sales',
  summary: 'Show the sales of a span of days',
  options: [
    SHOP_OPTION,
    { flags: '--from <day>', description: 'first business date, such as 2026-04-01 (default: today)' },
    { flags: '--to <day>', description: 'last business date (default: today)' },
    { flags: '--group-by <what>', description: `${groupings.join(', ')} (default: day)` },
    { flags: '--csv', description: 'answer with CSV' },
  ],
  example: 'smoocho report sales --shop PIZA --from 2015-01-01 --to 2015-12-31 --group-by category',
  async run(shell, { shop: code, from, to, groupBy, csv }) {
    const query = parse(SalesReportQuery, { from, to, groupBy });
    await shell.withApp(async (app) => {
      const em = app.orm.em.fork();
      const shop = await findShopByCode(em, code as string);
      const report = await salesReport({ app, em }, shop.id, query);
      if (csv && !shell.wantsJson) process.stdout.write(reportCsv(report));
      else shell.say(readable(shop.name, report, process.stdout.columns ?? 80));
      shell.give(report);
    });
    return undefined;
  },
};

const titles: Partial<Record<SalesReport['groupBy'], string>> = {
  paymentMethod: 'paid by',
  orderType: 'order type',
};

function readable(shopName: string, report: SalesReport, columns: number): string {
  const { from, to, currency, totals, groups, groupBy } = report;
  const money = (amount: string) => formatMoney(amount, currency);
  const count = (value: number) => formatCount(value, currency);
  const span = from === to ? from : `${from} to ${to}`;
  const head = `${shopName} · ${span} · ${currency}`;
  const figures: [string, string][] = [
    ['Orders', count(totals.orders)],
    ['Items sold', count(totals.itemsSold)],
    ['Days with a sale', count(totals.days)],
    ['Gross', money(totals.gross)],
    ['Discounts', money(totals.discount)],
    ['Refunds', money(totals.refunds)],
    ['Tax', money(totals.tax)],
    ['Average order', money(totals.averageOrder)],
    ['Total', money(totals.total)],
  ];
  const summary = table(figures, [
    { title: '', value: ([name]) => name },
    { title: '', value: ([, figure]) => figure, align: 'right' },
  ]).trimStart();
  if (groups.length === 0) return `${head}\n\nNothing was sold.`;

  const rows: Column<SalesReport['groups'][number]>[] = [
    { title: titles[groupBy] ?? groupBy, value: (group) => group.key },
    { title: 'orders', value: (group) => count(group.orders), align: 'right' },
    { title: 'items', value: (group) => count(group.itemsSold), align: 'right' },
    { title: 'total', value: (group) => money(group.total), align: 'right' },
  ];
  const taken = displayWidth(table(groups, rows).split('\n')[0] as string);
  const width = Math.max(10, Math.min(40, columns - taken - 4));
  const largest = Math.max(...groups.map((group) => Number(group.total)));
  const bars = {
    title: '',
    value: (group: SalesReport['groups'][number]) => bar(Number(group.total), largest, width),
  };
  return `${head}\n\n${summary}\n\n${table(groups, [...rows, bars])}`;
}
