import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { ProblemError } from '../../contract/problem.ts';
import * as contract from '../../contract/reports.ts';
import { reportCsv } from '../../core/reports/report-csv.ts';
import { salesReport } from '../../core/reports/sales-report.ts';
import { mount } from '../mount.ts';

export function mountReports(router: Router, app: App): void {
  mount(router, app, contract.salesReport, async ({ em, params, query, http }) => {
    const format = http.accepts('application/json', 'text/csv');
    if (!format)
      throw new ProblemError('not_acceptable', { detail: 'Ask for application/json or text/csv.' });
    const report = await salesReport({ app, em }, params.shopId, query);
    return format === 'text/csv'
      ? { body: reportCsv(report), type: 'text/csv; charset=utf-8' }
      : { body: report };
  });
}
