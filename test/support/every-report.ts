import type { App } from '../../src/app.ts';
import { groupings, lineGroupings } from '../../src/contract/reports.ts';
import { inventoryReport } from '../../src/core/reports/inventory-report.ts';
import { marginsReport } from '../../src/core/reports/margins-report.ts';
import { paymentsReport } from '../../src/core/reports/payments-report.ts';
import type { ReportContext } from '../../src/core/reports/report-span.ts';
import { salesReport } from '../../src/core/reports/sales-report.ts';
import { sellersReport } from '../../src/core/reports/sellers-report.ts';
import { shiftsReport } from '../../src/core/reports/shifts-report.ts';
import { staffReport } from '../../src/core/reports/staff-report.ts';
import { taxReport } from '../../src/core/reports/tax-report.ts';

export type Report = (context: ReportContext, shopId: string) => Promise<unknown>;

/** Every report with every grouping it has. */
export function reportsOf(span: { from: string; to: string }): [name: string, report: Report][] {
  return [
    ...groupings.map((groupBy): [string, Report] => [
      `sales by ${groupBy}`,
      (context, shop) => salesReport(context, shop, { ...span, groupBy }),
    ]),
    [
      'sales, with the year before',
      (context, shop) => salesReport(context, shop, { ...span, groupBy: 'month', compare: 'previous' }),
    ],
    ['payments', (context, shop) => paymentsReport(context, shop, span)],
    ['tax', (context, shop) => taxReport(context, shop, span)],
    ['shifts', (context, shop) => shiftsReport(context, shop, span)],
    ['staff', (context, shop) => staffReport(context, shop, span)],
    ...lineGroupings.map((groupBy): [string, Report] => [
      `margins by ${groupBy}`,
      (context, shop) => marginsReport(context, shop, { ...span, groupBy }),
    ]),
    ['sellers', (context, shop) => sellersReport(context, shop, { ...span, by: 'total', limit: 10 })],
    ['inventory', (context, shop) => inventoryReport(context, shop, span)],
  ];
}

/** The results of every report of a shop, over all dates. */
export async function everyReport(app: Pick<App, 'orm'> & ReportContext['app'], shopId: string) {
  const span = { from: '2000-01-01', to: '2099-12-31' };
  const said: Record<string, unknown> = {};
  // The moment of reading, that each report names, is the same for all that are compared.
  const asOf = new Date(0);
  for (const [name, report] of reportsOf(span))
    said[name] = await report({ app, em: app.orm.em.fork(), asOf }, shopId);
  return said;
}
