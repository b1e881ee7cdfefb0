import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { groupings, lineGroupings } from '../src/contract/reports.ts';
import { inventoryReport } from '../src/core/reports/inventory-report.ts';
import { marginsReport } from '../src/core/reports/margins-report.ts';
import { paymentsReport } from '../src/core/reports/payments-report.ts';
import type { ReportContext } from '../src/core/reports/report-span.ts';
import { salesReport } from '../src/core/reports/sales-report.ts';
import { sellersReport } from '../src/core/reports/sellers-report.ts';
import { shiftsReport } from '../src/core/reports/shifts-report.ts';
import { staffReport } from '../src/core/reports/staff-report.ts';
import { taxReport } from '../src/core/reports/tax-report.ts';
import { findShopByCode } from '../src/core/shops/find-shops.ts';
import { median, root, smoocho, withHome } from './support.ts';

const FILE = join(root, 'docs', 'data', 'pizza-sales-2015.csv.gz');
const RUNS = 3;

const init = [
  'init',
  '--yes',
  '--shop-name=Pizza Place',
  '--shop-code=PIZA',
  '--currency=USD',
  '--timezone=America/New_York',
  '--owner-name=Mario',
  '--owner-email=mario@example.com',
];

/** A year of real sales into a new shop, and each of the year's reports over what came in. */
export async function benchImport(): Promise<string[]> {
  const rates: number[] = [];
  const lines: string[] = [];
  for (let run = 1; run <= RUNS; run++) {
    await withHome(async (home) => {
      await initShop(home);
      const imported = JSON.parse(await smoocho(home, 'import', 'sales', FILE, '--shop=PIZA', '--json'));
      rates.push(imported.linesPerSecond);
      if (run === RUNS) lines.push(...(await benchReports(home)));
    });
  }
  const rate = median(rates);
  return [
    `import of 48,620 lines                ${rate.toLocaleString('en')} lines/s, median of ${RUNS}   (aim: 20,000 or more)`,
    ...lines,
  ];
}

async function initShop(home: string): Promise<void> {
  const password = join(home, 'password.txt');
  writeFileSync(password, 'correct horse battery', { mode: 0o600 });
  await smoocho(home, ...init, `--password-file=${password}`);
}

const REPORT_RUNS = 7;

async function benchReports(home: string): Promise<string[]> {
  const app = await createApp(loadConfig({ home }, {}));
  const { id } = await findShopByCode(app.orm.em.fork(), 'PIZA');
  const year = { from: '2015-01-01', to: '2015-12-31' };
  const lines = [];
  for (const [name, report] of reportsOf(year)) {
    const times = [];
    for (let run = 0; run < REPORT_RUNS; run++) {
      const begun = performance.now();
      await report({ app, em: app.orm.em.fork() }, id);
      times.push(performance.now() - begun);
    }
    lines.push(`the year: ${name.padEnd(28)}${median(times).toFixed(0)} ms   (aim: under 100 ms)`);
  }
  await app.close();
  return lines;
}

type Report = (context: ReportContext, shopId: string) => Promise<unknown>;

/** Every report by everything that it can be grouped by. */
function reportsOf(span: { from: string; to: string }): [name: string, report: Report][] {
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
