import type { z } from 'zod';
import { parse } from '../contract/parse.ts';
import { recordExport } from '../core/audit/record-export.ts';
import { sellsByWeight } from '../core/catalog/sells-by-weight.ts';
import { readReport } from '../core/reports/read-report.ts';
import type { ReportContext } from '../core/reports/report-span.ts';
import { wallClock } from '../core/shops/business-day.ts';
import { atShop } from './at-shop.ts';
import { type Command, type Option, SHOP_OPTION } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { BYTE_ORDER_MARK, EXCEL_OPTION } from './output/excel.ts';
import { formatCount, formatMoney } from './output/format.ts';
import { inLine } from './output/in-line.ts';

/** How a report's figures look in its shop. */
export type Look = {
  money: (amount: string) => string;
  count: (value: number) => string;
  /** Whether something is sold by weight: pieces and kilos are no sum. */
  hasWeights: boolean;
  /** The width of the screen, in cells. */
  columns: number;
};

type Head = { from: string; to: string; currency: string; timezone: string; asOf: string };

/** A report on the command line: the same action and CSV as over HTTP, and a way to read it. */
type ReportCommand<Query extends z.ZodType, Report extends Head> = {
  /** `report sales` */
  name: string;
  summary: string;
  example: string;
  /** Besides the shop and the span. */
  options?: Option[];
  query: Query;
  report: (context: ReportContext, shopId: string, query: z.output<Query>) => Promise<Report>;
  csv: (report: Report) => string;
  /** Paragraphs to read, or one sentence when there is nothing. */
  show: (report: Report, look: Look) => string[];
};

const SPAN_OPTIONS: Option[] = [
  { flags: '--from <day>', description: 'first business date, such as 2026-04-01 (default: today)' },
  { flags: '--to <day>', description: 'last business date (default: today)' },
];
const CSV_OPTION: Option = { flags: '--csv', description: 'answer with CSV' };

export function reportCommand<Query extends z.ZodType, Report extends Head>({
  name,
  summary,
  example,
  options = [],
  ...command
}: ReportCommand<Query, Report>): Command {
  return {
    name,
    summary,
    options: [SHOP_OPTION, ...SPAN_OPTIONS, ...options, CSV_OPTION, EXCEL_OPTION],
    example,
    async run(shell, { shop: code, csv, excel, json: _json, home: _home, ...asked }) {
      if (excel && shell.wantsJson) throw new UsageError('--excel and --json exclude each other.');
      const query = parse(command.query, asked);
      await atShop(shell, code, async ({ app, shop, context }) => {
        const { em } = context;
        const report = await readReport({ app, em }, (context) => command.report(context, shop.id, query));
        if ((csv || excel) && !shell.wantsJson) {
          await recordExport(context, shop.id, { ...report, report: name });
          process.stdout.write(`${excel ? BYTE_ORDER_MARK : ''}${command.csv(report)}`);
        } else {
          const look = { ...lookOf(report), hasWeights: await sellsByWeight(em, shop.id) };
          const head = headOf(shop.name, report, app.replica !== null);
          shell.show([head, ...command.show(report, look)].join('\n\n'));
        }
        shell.give(report);
      });
      return undefined;
    },
  };
}

/** A replica may be behind: with one it is shown until when everything is in the report. */
function headOf(
  shopName: string,
  { from, to, currency, timezone, asOf }: Head,
  isOfReplica: boolean,
): string {
  const { date, time } = wallClock(new Date(asOf), timezone);
  const until = isOfReplica ? ` · complete until ${date} ${time}` : '';
  return `${inLine(shopName)} · ${from === to ? from : `${from} to ${to}`} · ${currency}${until}`;
}

const lookOf = ({ currency }: Head): Omit<Look, 'hasWeights'> => ({
  money: (amount) => formatMoney(amount, currency),
  count: (value) => formatCount(value, currency),
  columns: process.stdout.columns ?? 80,
});

/** Whether an amount is anything but nothing. */
export const isSome = (amount: string) => Number(amount) !== 0;
