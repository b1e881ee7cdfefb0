import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { type CsvError, type Parser, parse } from 'csv-parse';
import { ProblemError } from '../../contract/problem.ts';
import { unescapeFormulas } from '../reports/csv.ts';
import { readText } from './csv-bytes.ts';

/** `line` is where the row starts in the file, counted from 1. */
export type CsvRow = { line: number; cells: string[] };

/** Enough for some hundred lines: delimiters are counted over the first few. */
const SNIFF_BYTES = 32 * 1024;
const SNIFF_LINES = 20;
const DELIMITERS = [',', ';', '\t'];
/** A bill line has some hundred bytes. A row this long is one whose quote never closes. */
const ROW_MAX_BYTES = 128 * 1024;

/**
 * Rows of a CSV file (RFC 4180) in batches, the header first. Blank rows are left out; gzip, encoding, line breaks and
 * delimiter (`,` `;` tab) are found by looking; apostrophes that an export put before formulas are taken away. Throws
 * `invalid_request` when there is nothing in it, for damaged gzip and for a quote that is never closed, after which no row
 * can be told from the next.
 */
export async function* readRows(
  source: Readable,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<CsvRow[]> {
  const text = readText(source, onBytes);
  try {
    const { head, isEnd } = await readHead(text);
    const { delimiter, headerLine } = sniff(head, isEnd);
    const parser = createParser(delimiter);
    const rows = collectRows(parser, headerLine);
    await write(parser, head, rows.nextLine);
    yield rows.take();
    for await (const chunk of text) {
      await write(parser, chunk, rows.nextLine);
      yield rows.take();
    }
    await end(parser, rows.nextLine);
    yield rows.take();
  } finally {
    await text.return(undefined);
  }
}

function createParser(delimiter: string): Parser {
  return parse({
    delimiter,
    // Named, not discovered: a file that mixes them is read right. The two-byte one must stand first.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true, // 6" sub
    max_record_size: ROW_MAX_BYTES,
  });
}

/** Rows by which the columns of a file are judged. */
export const SAMPLE_ROWS = 1000;

/** The header, and enough rows to judge the columns by. */
export async function readFirst(
  batches: AsyncGenerator<CsvRow[]>,
): Promise<{ header: string[]; first: CsvRow[] }> {
  const rows: CsvRow[] = [];
  while (rows.length <= SAMPLE_ROWS) {
    const next = await batches.next();
    if (next.done) break;
    for (const row of next.value) rows.push(row);
  }
  const [header, ...first] = rows;
  if (!header) throw new ProblemError('invalid_request', { detail: 'The file is empty.' });
  return { header: header.cells, first };
}

/** Rows that were read before, and the rest. */
export async function* chain(first: CsvRow[], rest: AsyncGenerator<CsvRow[]>): AsyncGenerator<CsvRow[]> {
  yield first;
  yield* rest;
}

/** Gathers what the parser emits while it is written to. */
function collectRows(parser: Parser, headerLine: number) {
  let line = 1;
  let rows: CsvRow[] = [];
  parser.on('error', () => {}); // whoever writes hears of it
  parser.on('data', (cells: string[]) => {
    const row = { line, cells: cells.some(hasApostrophe) ? cells.map(unescapeFormulas) : cells };
    line += 1 + innerLineBreaks(cells);
    if (row.line >= headerLine && !isBlank(cells)) rows.push(row);
  });
  const take = () => {
    const taken = rows;
    rows = [];
    return taken;
  };
  return { take, nextLine: () => line };
}

const hasApostrophe = (cell: string) => cell.includes("'");

function innerLineBreaks(cells: string[]): number {
  let breaks = 0;
  for (const cell of cells) {
    if (cell.includes('\n') || cell.includes('\r')) breaks += cell.match(/\r\n|\n|\r/g)?.length ?? 0;
  }
  return breaks;
}

const isBlank = (cells: string[]) => cells.every((cell) => cell === '' || cell.trim() === '');

/** Resolves when the parser has taken it in. */
async function write(parser: Parser, chunk: Buffer, line: () => number): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    parser.write(chunk, resolve);
  });
  if (error) throw brokenRow(error, line());
}

async function end(parser: Parser, line: () => number): Promise<void> {
  try {
    parser.end();
    await once(parser, 'end');
  } catch (error) {
    throw brokenRow(error as Error, line());
  }
}

function brokenRow(error: Error, line: number): Error {
  const { code } = error as Partial<CsvError>;
  if (code !== 'CSV_QUOTE_NOT_CLOSED' && code !== 'CSV_MAX_RECORD_SIZE') return error;
  const detail = `Line ${line}: a quote (") opens in this row and is never closed.`;
  return new ProblemError('invalid_request', { detail, errors: [{ pointer: `/line/${line}`, detail }] });
}

async function readHead(text: AsyncGenerator<Buffer>): Promise<{ head: Buffer; isEnd: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  while (bytes < SNIFF_BYTES) {
    const next = await text.next();
    if (next.done) {
      if (bytes === 0) throw new ProblemError('invalid_request', { detail: 'The file is empty.' });
      return { head: Buffer.concat(chunks), isEnd: true };
    }
    chunks.push(next.value);
    bytes += next.value.length;
  }
  return { head: Buffer.concat(chunks), isEnd: false };
}

/** The delimiter that most of the first lines have as often as the header has it; Excel's `sep=;` line is obeyed. */
export function sniff(head: Buffer, isWhole: boolean): { delimiter: string; headerLine: number } {
  const lines = linesOutsideQuotes(head.toString());
  // The last one may be cut off.
  if (!isWhole && lines.length > 1) lines.pop();
  const named = /^sep=(.)$/i.exec(lines[0] ?? '');
  if (named?.[1]) return { delimiter: named[1], headerLine: 2 };
  const filled = lines.filter((line) => line.trim() !== '').slice(0, SNIFF_LINES);
  const scores = DELIMITERS.map((delimiter) => {
    const counts = filled.map((line) => line.split(delimiter).length - 1);
    const inHeader = counts[0] ?? 0;
    const agreeing = inHeader > 0 ? counts.filter((count) => count === inHeader).length : 0;
    return { delimiter, inHeader, agreeing };
  });
  const [best] = scores.sort((a, b) => b.agreeing - a.agreeing || b.inHeader - a.inHeader);
  return { delimiter: best?.delimiter ?? ',', headerLine: 1 };
}

/** Lines with what stands in quotes taken out: delimiters and line breaks in there aren't any. */
const linesOutsideQuotes = (text: string) =>
  text.replace(/(?<=^|[,;\t\r\n])"(?:[^"]|"")*(?:"|$)/g, '').split(/\r\n|\n|\r/);
