import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { findShopByCode } from '../src/core/shops/find-shops.ts';
import { reportsOf } from '../test/support/every-report.ts';
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
