import { parse } from '../contract/parse.ts';
import { SpanQuery } from '../contract/reports.ts';
import type { ExportHead, ExportRequest, Sink } from '../core/export/export-data.ts';
import type { ExportKind } from '../core/export/export-kinds.ts';
import { exportFormats } from '../core/export/formats.ts';
import { type AtShop, atShop } from './at-shop.ts';
import type { Command, Option, Shell } from './command.ts';
import { SHOP_OPTION } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { clockIn } from './output/clock.ts';
import { EXCEL_OPTION, withMark } from './output/excel.ts';

type ExportCommand = {
  what: ExportKind;
  summary: string;
  /** One row, and several. */
  things: [one: string, many: string];
  hasDates?: true;
  example: string;
};

const DATES: Option[] = [
  {
    flags: '--from <day>',
    description: 'first business date, such as 2026-04-01 (default: the first there is)',
  },
  { flags: '--to <day>', description: 'last business date (default: the last there is)' },
];
const OUTPUT: Option[] = [
  {
    flags: '--format <format>',
    description: 'csv (default), or jsonl: one JSON object a line',
    values: exportFormats,
  },
  EXCEL_OPTION,
  { flags: '--out <file>', description: 'write into this new file (default: to stdout)' },
  { flags: '--force', description: 'replace the file if it is there' },
];

/** A command that takes one kind of a shop's data out. */
export function exportCommand({ what, summary, things, hasDates, example }: ExportCommand): Command {
  return {
    name: `export ${what}`,
    summary,
    options: [SHOP_OPTION, ...(hasDates ? DATES : []), ...OUTPUT],
    example,
    async run(shell, { shop: code, from, to, format, out, force, excel }) {
      const span = parse(SpanQuery, { from, to });
      const request: ExportRequest = {
        what,
        span: { from: span.from ?? null, to: span.to ?? null },
        format: readFormat(format, shell, out),
      };
      if (excel && request.format !== 'csv')
        throw new UsageError('--excel is for CSV: leave the other format out.');
      if (force && out === undefined) throw new UsageError('--force goes with --out FILE.');
      await atShop(shell, code, (at) =>
        run(shell, at, { out, force: force === true, isForExcel: excel === true, request, things }),
      );
      return undefined;
    },
  };
}

function readFormat(format: unknown, { wantsJson }: Shell, out: unknown): ExportRequest['format'] {
  const known = exportFormats.find((each) => each === (format ?? 'csv'));
  if (!known) throw new UsageError(`--format is ${exportFormats.join(' or ')}.`);
  if (!wantsJson || out !== undefined) return known;
  if (format !== undefined)
    throw new UsageError(
      '--json without --out writes one JSON value: leave out --format, or one of the two.',
    );
  return 'json';
}

type Run = {
  out: unknown;
  force: boolean;
  isForExcel: boolean;
  request: ExportRequest;
  things: [string, string];
};

async function run(
  shell: Shell,
  { app, shop, context }: AtShop,
  { out, force, isForExcel, request, things }: Run,
): Promise<void> {
  const { exportData } = await import('../core/export/export-data.ts');
  const { ReaderGoneError, stdoutSink, writeOutFile } = await import('./output/out-file.ts');
  const { startCounter } = await import('./output/progress.ts');
  const marked = (sink: Sink) => (isForExcel ? withMark(sink) : sink);
  const exporting = { ...context, app };
  const counter = startCounter('Exporting', things[1]);
  const all = { ...request, onRows: counter.update };
  try {
    if (typeof out === 'string') {
      const written = await writeOutFile(out, force, (sink) =>
        exportData(exporting, shop, all, marked(sink)),
      );
      counter.stop();
      shell.say(
        ...describe(written, shop.name, things),
        `They are in ${written.file}, which only you can read.`,
      );
      shell.give({ format: request.format, ...written });
    } else {
      const written = await exportData(exporting, shop, all, marked(stdoutSink()));
      counter.stop();
      if (!shell.wantsJson) for (const line of describe(written, shop.name, things)) shell.tell(line);
    }
  } catch (error) {
    if (!(error instanceof ReaderGoneError)) throw error;
  } finally {
    counter.stop();
  }
}

function describe(
  { rows, timezone, asOf }: ExportHead & { rows: number },
  shopName: string,
  things: [string, string],
): string[] {
  const counted = `${new Intl.NumberFormat('en-US').format(rows)} ${things[rows === 1 ? 0 : 1]}`;
  return [`${counted} of ${shopName}, as of ${clockIn(timezone)(asOf)}. Times are those of ${timezone}.`];
}
