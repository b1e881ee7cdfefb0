import { currencyDigits } from '../../contract/currencies.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { type ColumnMap, mapColumns, requireColumns, type SalesField, salesFields } from './columns.ts';
import { createStampReader, type DateSample } from './parse-dates.ts';
import { type DecimalSign, quantitySign } from './parse-values.ts';
import { type CsvRow, chain, readFirst, SAMPLE_ROWS } from './read-rows.ts';
import { createSalesReader, type SalesReader } from './read-sales.ts';

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
  const quantities = first.map(({ cells }) => cells[columns.quantity as number] ?? '');
  const reader = createSalesReader({
    header,
    columns,
    decimal,
    quantityDecimal: quantitySign(quantities, decimal),
    allowReturns,
    digits: currencyDigits(shop.currency),
    dayStart: shop.dayStart,
    readStamp,
  });
  return { columns, reader, batches: chain(first, batches) };
}

function sampleDates(rows: CsvRow[], columns: ColumnMap<SalesField>): DateSample[] {
  const { date = -1, time } = columns;
  return rows.slice(0, SAMPLE_ROWS).map(({ cells }) => ({
    date: cells[date] ?? '',
    time: time === undefined ? undefined : (cells[time] ?? ''),
  }));
}
