import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { ProblemError } from '../../contract/problem.ts';
import * as contract from '../../contract/reports.ts';
import type { Query, Route } from '../../contract/route.ts';
import { recordExport } from '../../core/audit/record-export.ts';
import type { UserActor } from '../../core/context.ts';
import { createQueue } from '../../core/queue.ts';
import { inventoryReport } from '../../core/reports/inventory-report.ts';
import { marginsReport } from '../../core/reports/margins-report.ts';
import { paymentsReport } from '../../core/reports/payments-report.ts';
import { readReport } from '../../core/reports/read-report.ts';
import * as csv from '../../core/reports/report-csv.ts';
import type { ReportContext } from '../../core/reports/report-span.ts';
import { salesReport } from '../../core/reports/sales-report.ts';
import { sellersReport } from '../../core/reports/sellers-report.ts';
import { shiftsReport } from '../../core/reports/shifts-report.ts';
import { staffReport } from '../../core/reports/staff-report.ts';
import { taxReport } from '../../core/reports/tax-report.ts';
import { mount, type Request } from '../mount.ts';

export function mountReports(router: Router, app: App): void {
  mountReport(router, app, contract.salesReport, salesReport, csv.salesCsv);
  mountReport(router, app, contract.taxReport, taxReport, csv.taxCsv);
  mountReport(router, app, contract.paymentsReport, paymentsReport, csv.paymentsCsv);
  mountReport(router, app, contract.shiftsReport, shiftsReport, csv.shiftsCsv);
  mountReport(router, app, contract.inventoryReport, inventoryReport, csv.inventoryCsv);
  mountReport(router, app, contract.marginsReport, marginsReport, csv.marginsCsv);
  mountReport(router, app, contract.staffReport, staffReport, csv.staffCsv);
  mountReport(router, app, contract.sellersReport, sellersReport, csv.sellersCsv);
}

/** They read a year's bills: so many at a time leave the sales most of the database. */
const reports = createQueue({
  atOnce: 2,
  waiting: 50,
  longestMs: 10_000,
  busy: 'Many reports are being made. Try again in a few seconds.',
});

type ReportRoute = Route & { permission: 'manager'; params: typeof contract.salesReport.params };

/** A report as JSON, or as CSV if that is what `Accept` prefers. */
function mountReport<R extends ReportRoute, Report extends { from: string; to: string; asOf: string }>(
  router: Router,
  app: App,
  route: R,
  report: (context: ReportContext, shopId: string, query: Query<R>) => Promise<Report>,
  toCsv: (report: Report) => string,
): void {
  mount(router, app, route, async ({ em, actor, params, query, http }: Request<R>) => {
    const format = http.accepts('application/json', 'text/csv');
    if (!format) {
      throw new ProblemError('not_acceptable', { detail: 'Ask for application/json or text/csv.' });
    }
    const body = await reports.run(() =>
      readReport({ app, em }, (context) => report(context, params.shopId, query)),
    );
    // A table of CSV has no place for it.
    const headers = { 'X-As-Of': body.asOf };
    if (format === 'application/json') return { body, headers };
    const context = { app, em, actor: actor as UserActor };
    await recordExport(context, params.shopId, { ...body, report: route.name }, http.ip);
    return { body: toCsv(body), type: 'text/csv; charset=utf-8', headers };
  });
}
