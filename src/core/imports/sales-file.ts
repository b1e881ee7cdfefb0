import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { type ColumnMap, mapColumns, requireColumns, type SalesField, salesFields } from './columns.ts';
import { createStampReader, type DateSample } from './parse-dates.ts';
import type { DecimalSign } from './parse-values.ts';
import type { CsvRow } from './read-rows.ts';
import { createSalesReader, type SalesReader } from './read-sales.ts';

/** Rows by which a file's dates are told apart. */
const SAMPLE_ROWS = 1000;

export type SalesFileOptions = {
  /** Field → header, as `parseColumns` reads them; the rest is guessed from the header. */
  columns?: Record<string, string> | undefined;
  /** Unicode tokens for date and time together. */
  dateFormat?: string | undefined;
  decimal?: DecimalSign | undefined;
  /** What the file's prices are in; only the shop's own currency is taken. */
  currency?: string | undefined;
  allowReturns: boolean;
  now: Date;
};

export type SalesShop = {
  id: string;
  code: string;
  currency: string;
  timezone: string;
  /** `HH:MM` */
  dayStart: string;
  /** `MM-DD` */
  fiscalYearStart: string;
};

/** A file whose columns and dates are understood. `batches` begins again with the first row after the header. */
export type OpenedSales = {
  columns: ColumnMap<SalesField>;
  reader: SalesReader;
  batches: AsyncGenerator<CsvRow[]>;
};

/** Looks at header and first rows. Throws `invalid_request` when it can't be told what is in which column. */
export async function openSales(
  batches: AsyncGenerator<CsvRow[]>,
  shop: SalesShop,
  options: SalesFileOptions,
): Promise<OpenedSales> {
  const { dateFormat, decimal = '.', currency = shop.currency, allowReturns, now } = options;
  if (currency.toUpperCase() !== shop.currency) {
    const detail = `The file is in ${currency.toUpperCase()}, but the shop sells in ${shop.currency}. Amounts are never converted.`;
    throw fieldProblem('invalid_request', '/currency', detail);
  }
  const { header, first } = await readFirst(batches);
  const { columns, guessed } = mapColumns(header, salesFields, options.columns);
  requireColumns(header, columns, ['date', 'quantity', ['price', 'total'], ['product', 'sku']]);
  // A guessed total is often the whole bill's, or after a discount; a price says it all.
  if (columns.price !== undefined && guessed.has('total')) delete columns.total;
  const stamps = await createStampReader({
    dateFormat,
    timeZone: shop.timezone,
    samples: sampleDates(first, columns),
    isTimeGuessed: guessed.has('time'),
    now,
  });
  if (!stamps.usesTime) delete columns.time;
  const readStamp = stamps.read;
  const reader = createSalesReader({
    header,
    columns,
    decimal,
    allowReturns,
    dayStart: shop.dayStart,
    readStamp,
  });
  return { columns, reader, batches: chain(first, batches) };
}

/** The header, and enough rows to judge the dates by. */
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

function sampleDates(rows: CsvRow[], columns: ColumnMap<SalesField>): DateSample[] {
  const { date = -1, time } = columns;
  return rows.slice(0, SAMPLE_ROWS).map(({ cells }) => ({
    date: cells[date] ?? '',
    time: time === undefined ? undefined : (cells[time] ?? ''),
  }));
}

export async function* chain(first: CsvRow[], rest: AsyncGenerator<CsvRow[]>): AsyncGenerator<CsvRow[]> {
  yield first;
  yield* rest;
}
