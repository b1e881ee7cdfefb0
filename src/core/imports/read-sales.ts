import type { Digits } from '../../contract/currencies.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import { businessDateOf } from '../shops/business-day.ts';
import type { ColumnMap, SalesField } from './columns.ts';
import type { StampReader } from './parse-dates.ts';
import { cached, type DecimalSign, type Parsed, paymentMethodOf } from './parse-values.ts';
import { createFigureReader } from './read-figures.ts';
import type { CsvRow } from './read-rows.ts';
import { createItemList, createSoldList, type ItemList, noteSale, type Sold } from './sold-items.ts';

/** A row of the file that is as it should be. */
export type SalesRow = {
  line: number;
  isReturn: boolean;
  /** The bill as the file names it; null where every row is a sale of its own. */
  order: string | null;
  /** Wall time in the shop, `YYYY-MM-DD HH:MM:SS`. */
  at: string;
  businessDate: string;
  sold: Sold;
  method: PaymentMethod;
  customer: string | null;
};

export type SalesReader = {
  items: ItemList;
  /** All business dates of good rows. */
  days: Set<string>;
  read(row: CsvRow): Parsed<SalesRow>;
  /** How much `drainSold` would give. */
  soldCount(): number;
  /** What was sold since the last time, as COPY lines; see `createSoldList`. */
  drainSold(): string[];
};

export type SalesReaderOptions = {
  header: string[];
  columns: ColumnMap<SalesField>;
  decimal: DecimalSign;
  quantityDecimal: DecimalSign;
  allowReturns: boolean;
  /** Decimals of the shop's currency. */
  digits: Digits;
  /** `HH:MM` */
  dayStart: string;
  readStamp: StampReader;
};

/** A bill's number in the old till and a customer's name, as far as the tables hold them. */
const TEXT_MAX = 255;

/** Turns rows into checked sales, and lists what was sold on the way. A fault names all that is wrong with a row. */
export function createSalesReader(options: SalesReaderOptions): SalesReader {
  const { header, columns, dayStart, readStamp } = options;
  const items = createItemList();
  const days = new Set<string>();
  const solds = createSoldReader(options, items);
  const methodOf = cached(paymentMethodOf);
  const cellOf = (cells: string[], field: SalesField) => {
    const column = columns[field];
    return column === undefined ? undefined : cells[column];
  };
  const read = ({ line, cells }: CsvRow): Parsed<SalesRow> => {
    if (cells.length !== header.length) {
      return { fault: `it has ${cells.length} columns, the header has ${header.length}` };
    }
    const stamp = readStamp(cellOf(cells, 'date') ?? '', cellOf(cells, 'time'));
    const order = readText('order', cellOf(cells, 'order'), columns.order !== undefined);
    const sold = solds.read(cells);
    const customer = readText('customer', cellOf(cells, 'customer'), false);
    if (
      stamp.fault !== undefined ||
      order.fault !== undefined ||
      sold.fault !== undefined ||
      customer.fault !== undefined
    ) {
      return { fault: joinFaults(stamp, order, sold, customer) };
    }
    const date = stamp.value.date;
    // Without a time of day the sale stands at the start of the business day, so that it belongs to the date it names.
    const time = stamp.value.time ?? `${dayStart}:00`;
    const at = `${date} ${time}`;
    const { item, isReturn } = sold.value;
    noteSale(item, at, sold.value);
    const businessDate = businessDateOf(date, time, dayStart);
    days.add(businessDate);
    const value = {
      line,
      isReturn,
      order: order.value,
      at,
      businessDate,
      sold: sold.value,
      method: methodOf(cellOf(cells, 'payment') ?? ''),
      customer: customer.value,
    };
    return { value };
  };
  return { items, days, read, soldCount: solds.count, drainSold: solds.drain };
}

/** Reads product, quantity and price of a row at once: the same texts mean the same, and most rows repeat some. */
function createSoldReader(options: SalesReaderOptions, items: ItemList) {
  const { sku, product, variant, category, quantity, price, total } = options.columns;
  const columns = [sku, product, variant, category, quantity, price, total];
  const list = createSoldList();
  const readFigures = createFigureReader(options);
  const known = new Map<string, Parsed<Sold>>();
  const parse = (texts: (string | undefined)[]): Parsed<Sold> => {
    const [skuText = null, productText = null, variantText = null, categoryText = null] = texts.map(
      (text) => text?.trim() || null,
    );
    const item = items.find({
      sku: skuText,
      product: productText,
      variant: variantText,
      category: categoryText,
    });
    const figures = readFigures(texts[4] ?? '', texts[5], texts[6]);
    if (item.fault !== undefined || figures.fault !== undefined) return { fault: joinFaults(item, figures) };
    return { value: list.add(item, figures.value) };
  };
  const read = (cells: string[]): Parsed<Sold> => {
    let key = '';
    for (const column of columns) key += column === undefined ? '\0' : `${cells[column]}\0`;
    let sold = known.get(key);
    if (!sold) {
      sold = parse(columns.map((column) => (column === undefined ? undefined : cells[column])));
      known.set(key, sold);
    }
    return sold;
  };
  const drain = () => {
    known.clear();
    return list.drain();
  };
  return { read, drain, count: () => known.size };
}

export const joinFaults = (...parts: ({ fault?: string | undefined } | undefined)[]): string =>
  parts
    .map((part) => part?.fault)
    .filter((fault) => fault !== undefined)
    .join('; ');

function readText(name: string, cell: string | undefined, isNeeded: boolean): Parsed<string | null> {
  const value = cell?.trim() || null;
  if (value === null) return isNeeded ? { fault: `${name} is missing` } : { value };
  if (value.length > TEXT_MAX) return { fault: `${name} is longer than ${TEXT_MAX} characters` };
  return value.includes('\0') ? { fault: `${name} has a NUL character` } : { value };
}
