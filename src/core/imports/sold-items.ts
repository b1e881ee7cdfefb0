import { hash } from 'node:crypto';
import { isSpreadsheetNumber, SPREADSHEET_NUMBER } from '../../contract/codes.ts';
import { formatMilli, formatMinor } from '../../contract/money.ts';
import { ProblemError } from '../../contract/problem.ts';
import { type CopyValue, copyLine } from './copy-rows.ts';

/** One thing that a file sells: all rows with the same four texts. */
export type SoldItem = {
  /** From 0, in the order of the file. */
  number: number;
  sku: string | null;
  product: string | null;
  variant: string | null;
  category: string | null;
  /** Why rows that name it are bad. */
  fault: string | undefined;
  /** When it was last sold, `YYYY-MM-DD HH:MM:SS`; '' when it never was. */
  soldAt: string;
  /** The newest price above zero (gifts don't make a price), in minor units, and when that was. */
  priceMinor: number;
  pricedAt: string;
  /** Whether a valid row sells or returns a fraction of it. */
  hasFraction: boolean;
};

/** The list is kept in memory. No menu has more; a file that does has another column taken for the product. */
const ITEMS_MAX = 100_000;

/** How long the tables let the texts be. */
export const itemLimits = { sku: 64, product: 255, variant: 100, category: 100 } as const;
export type ItemTexts = Record<keyof typeof itemLimits, string | null>;

export type ItemList = { all: SoldItem[]; find(texts: ItemTexts): SoldItem };

export function createItemList(): ItemList {
  const all: SoldItem[] = [];
  const known = new Map<string, SoldItem>();
  const find = ({ sku, product, variant, category }: ItemTexts) => {
    const key = JSON.stringify([sku, product, variant, category]);
    let item = known.get(key);
    if (!item) {
      if (all.length >= ITEMS_MAX) throw tooMany();
      const texts = { sku, product, variant, category };
      const fault = textFault(texts) ?? (product === null && sku === null ? 'no product' : undefined);
      item = {
        number: all.length,
        ...texts,
        fault,
        soldAt: '',
        priceMinor: 0,
        pricedAt: '',
        hasFraction: false,
      };
      all.push(item);
      known.set(key, item);
    }
    return item;
  };
  return { all, find };
}

/** What makes a product's texts unfit for the tables. */
export function textFault(texts: Partial<ItemTexts>): string | undefined {
  for (const [name, max] of Object.entries(itemLimits) as [keyof ItemTexts, number][]) {
    const text = texts[name];
    if (text && text.length > max) return `${name} is longer than ${max} characters`;
    if (text?.includes('\0')) return `${name} has a NUL character`;
    if (name === 'sku' && text && isSpreadsheetNumber(text)) return `sku "${text}" ${SPREADSHEET_NUMBER}`;
  }
  return undefined;
}

const tooMany = () =>
  new ProblemError('invalid_request', {
    detail: `The file has more than ${ITEMS_MAX} different products. Is the right column taken for the product?`,
  });

/** Adds a valid row's date and price to its item, and whether it is a fraction. */
export function noteSale(
  item: SoldItem,
  at: string,
  { priceMinor, quantityMilli, isReturn }: Pick<Figures, 'priceMinor' | 'quantityMilli' | 'isReturn'>,
): void {
  if (quantityMilli % 1000 !== 0) item.hasFraction = true;
  if (at >= item.soldAt) item.soldAt = at;
  // What comes back was sold at the price of then.
  const isNewer = isReturn ? item.pricedAt === '' : at >= item.pricedAt;
  if (priceMinor > 0 && isNewer) {
    item.priceMinor = priceMinor;
    item.pricedAt = at;
  }
}

/** Quantity without its sign, and what it came to. */
export type Figures = { priceMinor: number; quantityMilli: number; totalMinor: number; isReturn: boolean };

/** An item in a quantity at a price. A year's sales have some hundred of them, so rows are kept as their numbers. */
export type Sold = Figures & { number: number; item: SoldItem };

/**
 * Lists what rows sell. `drain` gives those since the last time as COPY lines (sold, item, quantity, unit_price, total,
 * content, identity) and forgets them, so that memory has a bound whatever is in the file.
 */
export function createSoldList(): {
  add(item: SoldItem, figures: Figures): Sold;
  drain(): string[];
} {
  let next = 0;
  let added: Sold[] = [];
  const add = (item: SoldItem, figures: Figures) => {
    const sold = { ...figures, number: next, item };
    next += 1;
    added.push(sold);
    return sold;
  };
  const drain = () => {
    const lines = added.map((sold) => copyLine(soldValues(sold)));
    added = [];
    return lines;
  };
  return { add, drain };
}

function soldValues({ number, item, quantityMilli, priceMinor, totalMinor }: Sold): CopyValue[] {
  const { sku, product, variant, category } = item;
  const identity = [sku, product, variant, quantityMilli, priceMinor];
  return [
    number,
    item.number,
    formatMilli(quantityMilli),
    formatMinor(priceMinor),
    formatMinor(totalMinor),
    digest([...identity, category]),
    digest(identity),
  ];
}

/** 60 bits, as a bigint holds them with room for a sum's sign. */
const digest = (content: unknown[]) =>
  BigInt(`0x${hash('sha256', JSON.stringify(content)).slice(0, 15)}`).toString();
