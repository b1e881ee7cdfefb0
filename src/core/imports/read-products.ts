import { isSpreadsheetNumber, SPREADSHEET_NUMBER } from '../../contract/codes.ts';
import type { Digits } from '../../contract/currencies.ts';
import { SoldBy, soldByOfUnit, usualUnit } from '../../contract/sold-by.ts';
import type { ColumnMap, ProductField } from './columns.ts';
import { type DecimalSign, type Parsed, shorten } from './parse-values.ts';
import { readPrice } from './read-figures.ts';
import type { CsvRow } from './read-rows.ts';

/** A row of a menu. A field is undefined when the file has no such column, null when the cell is blank. */
export type ProductRow = {
  line: number;
  priceMinor: number;
  sku: string | null;
  product: string | null;
  variant: string | null;
  soldBy?: SoldBy;
  unit?: string;
  isActive?: boolean;
} & Partial<Record<OwnField, string | null>>;
type OwnField = 'barcode' | 'category' | 'description' | 'taxClass' | 'hsn';

/** As the tables and the API have it. */
const LIMITS: Record<Exclude<ProductField, 'price'>, number> = {
  sku: 64,
  barcode: 64,
  product: 255,
  variant: 100,
  category: 100,
  description: 5000,
  taxClass: 32,
  hsn: 8,
  isActive: 8,
  soldBy: 16,
  unit: 16,
};
const FIELDS = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

/** Checks a row of a menu; a fault names all that is wrong with it. */
export function readProduct(
  { line, cells }: CsvRow,
  header: string[],
  columns: ColumnMap<ProductField>,
  decimal: DecimalSign,
  digits: Digits,
): Parsed<ProductRow> {
  if (cells.length !== header.length) {
    return { fault: `it has ${cells.length} columns, the header has ${header.length}` };
  }
  const texts: Partial<Record<keyof typeof LIMITS, string | null>> = {};
  const faults: string[] = [];
  for (const field of FIELDS) {
    const column = columns[field];
    if (column === undefined) continue;
    const text = cells[column]?.trim() || null;
    texts[field] = text;
    if (text !== null && text.length > LIMITS[field]) {
      faults.push(`${field} is longer than ${LIMITS[field]} characters`);
    }
    if (field === 'hsn' && text !== null && !/^\d{2,8}$/.test(text)) {
      faults.push(`hsn "${shorten(text)}" is not 2 to 8 digits`);
    }
    if ((field === 'sku' || field === 'barcode') && text !== null && isSpreadsheetNumber(text)) {
      faults.push(`${field} "${shorten(text)}" ${SPREADSHEET_NUMBER}`);
    }
    if (text?.includes('\0')) faults.push(`${field} "${shorten(text)}" has a NUL character`);
  }
  const { soldBy: soldByText, unit: unitText, isActive: activeText, ...others } = texts;
  const { sku = null, product = null, variant = null } = others;
  const sold = readSoldBy(soldByText, unitText);
  if (sold.fault !== undefined) faults.push(sold.fault);
  const active = readActive(activeText);
  if (active.fault !== undefined) faults.push(active.fault);
  if (product === null && sku === null) faults.push('no product');
  const price = readPrice(cells[columns.price as number] ?? '', decimal, digits);
  if (price.fault !== undefined) faults.push(price.fault);
  if (
    price.fault !== undefined ||
    sold.fault !== undefined ||
    active.fault !== undefined ||
    faults.length > 0
  )
    return { fault: faults.join('; ') };
  return {
    value: {
      ...others,
      ...sold.value,
      ...active.value,
      line,
      sku,
      product,
      variant,
      priceMinor: price.value,
    },
  };
}

const ACTIVE: Record<string, boolean> = { true: true, yes: true, 1: true, false: false, no: false, 0: false };

/** A blank cell keeps the product's value. */
function readActive(text: string | null | undefined): Parsed<Pick<ProductRow, 'isActive'>> {
  if (!text) return { value: {} };
  const isActive = ACTIVE[text.toLowerCase()];
  return isActive === undefined
    ? { fault: `isActive "${shorten(text)}" is not true or false` }
    : { value: { isActive } };
}

/** A blank cell keeps the product's value. A unit alone, such as `kg`, implies `soldBy`. */
function readSoldBy(
  text: string | null | undefined,
  unit: string | null | undefined,
): Parsed<Pick<ProductRow, 'soldBy' | 'unit'>> {
  const own = unit ? { unit } : {};
  const word = text ?? null;
  if (word === null) {
    const soldBy = unit ? soldByOfUnit(unit) : undefined;
    return { value: soldBy ? { soldBy, ...own } : own };
  }
  const soldBy = SoldBy.options.find((each) => each === word.toLowerCase()) ?? soldByOfUnit(word);
  if (!soldBy) return { fault: `soldBy "${shorten(word)}" is not ${SoldBy.options.join(', ')} or a unit` };
  return { value: { soldBy, unit: unit ?? usualUnit[soldBy] } };
}
