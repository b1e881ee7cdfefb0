import { v7 as uuidv7 } from 'uuid';
import { comparableCode } from '../../contract/codes.ts';
import type { SoldBy } from '../../contract/sold-by.ts';
import { productDefaults } from '../catalog/product-defaults.ts';
import type { ProductRow } from './read-products.ts';

export type MenuProduct = {
  id: string;
  name: string;
  priceMinor: number;
  category: string | null;
  description: string | null;
  sku: string | null;
  barcode: string | null;
  taxClass: string | null;
  hsn: string | null;
  soldBy: SoldBy;
  unit: string;
  isActive: boolean;
  variants: MenuVariant[];
};
export type MenuVariant = {
  id: string;
  productId: string;
  name: string;
  priceMinor: number;
  sku: string | null;
  barcode: string | null;
  sortOrder: number;
};

type Found = { product: MenuProduct; variant: MenuVariant | undefined };

/**
 * Works the rows of a menu into the shop's (`menu`, oldest first, is changed in place and grows). A row is found by its
 * sku, else by its names; what isn't there is made. `byName`: the file has a variant column, so that a product is its
 * name and sku, barcode and price belong to the variant. `refuse` hears of rows that can't go in.
 */
export function mergeMenu(
  menu: MenuProduct[],
  rows: ProductRow[],
  byName: boolean,
  refuse: (line: number, reason: string) => void,
): void {
  const index = indexMenu(menu);
  const lineOf = new Map<string, number>();
  const touched = new Map<string, MenuProduct>();
  for (const row of rows) {
    const sharing = index.sharedSku(row);
    if (sharing) {
      refuse(row.line, `sku ${row.sku} belongs to two articles, ${sharing}`);
      continue;
    }
    const found = index.find(row, byName);
    const known = found && (found.variant ?? (row.variant === null ? found.product : undefined));
    const reason = known && refusal(row, found, known, lineOf);
    const taken = row.barcode ? index.barcodeOwner(row, known) : undefined;
    if (reason || taken) {
      refuse(row.line, reason ?? `barcode ${row.barcode} belongs to ${taken}`);
      continue;
    }
    const product = found?.product ?? index.addProduct(menu, row, byName);
    const target = known ?? (row.variant === null ? product : index.addVariant(product, row.variant));
    // A file without variants tells nothing of the product around the one that it found.
    if (row.variant !== null || target === product) setProduct(product, row, touched.has(product.id));
    for (const each of [product, target]) index.forget(each);
    setTarget(target, product, row);
    for (const each of [product, target]) index.note(each, product);
    lineOf.set(target.id, row.line);
    touched.set(product.id, product);
  }
  for (const product of touched.values()) {
    const prices = product.variants.map(({ priceMinor }) => priceMinor);
    if (prices.length > 0) product.priceMinor = Math.min(...prices);
  }
}

function refusal(
  row: ProductRow,
  { product, variant }: Found,
  known: { id: string },
  lineOf: Map<string, number>,
): string | undefined {
  const line = lineOf.get(known.id);
  if (line !== undefined) return `it is the same product as line ${line}`;
  const rival = product.variants.find(({ id, name }) => id !== variant?.id && name === row.variant);
  return rival && variant ? `${product.name} has a variant ${rival.name} with another sku` : undefined;
}

/** What several rows say of one product: a blank cell doesn't take away what another row has said. */
function setProduct(product: MenuProduct, row: ProductRow, isAgain: boolean): void {
  if (row.product !== null) product.name = row.product;
  for (const field of ['category', 'description', 'taxClass', 'hsn'] as const) {
    const value = row[field];
    if (value !== undefined && (value !== null || !isAgain)) product[field] = value;
  }
  product.soldBy = row.soldBy ?? product.soldBy;
  product.unit = row.unit ?? product.unit;
  product.isActive = row.isActive ?? product.isActive;
}

function setTarget(target: MenuProduct | MenuVariant, product: MenuProduct, row: ProductRow): void {
  target.priceMinor = row.priceMinor;
  // Codes are unique: the SKU that the product had before it had sizes moves to the size that the row names.
  if (target !== product && row.sku !== null && product.sku === row.sku) product.sku = null;
  if (row.sku !== null) target.sku = row.sku;
  if (row.barcode !== undefined) target.barcode = row.barcode;
  if (target !== product && row.variant !== null) target.name = row.variant;
}

type Article = MenuProduct | MenuVariant;

const nameOf = (target: Article, product: MenuProduct) =>
  target === product ? product.name : `${product.name} (${target.name})`;

/** The articles of each code in its comparable form; several for one from before codes were unique. */
function indexCodes(kind: 'sku' | 'barcode') {
  const articles = new Map<string, Map<string, Found & { target: Article }>>();
  const at = (code: string) => articles.get(comparableCode(kind, code));
  const note = (target: Article, product: MenuProduct) => {
    if (target[kind] === null) return;
    const code = comparableCode(kind, target[kind]);
    const variant = 'productId' in target ? target : undefined;
    const all = articles.get(code) ?? new Map();
    articles.set(code, all.set(target.id, { target, product, variant }));
  };
  const forget = (target: Article) => {
    if (target[kind] !== null) at(target[kind])?.delete(target.id);
  };
  const of = (code: string) => [...(at(code)?.values() ?? [])];
  return { note, forget, of };
}

function indexMenu(menu: MenuProduct[]) {
  const byName = new Map<string, MenuProduct>();
  const [skus, barcodes] = [indexCodes('sku'), indexCodes('barcode')];
  const note = (target: Article, product: MenuProduct) => {
    skus.note(target, product);
    barcodes.note(target, product);
    if (!byName.has(product.name)) byName.set(product.name, product);
  };
  const forget = (target: Article) => {
    skus.forget(target);
    barcodes.forget(target);
  };
  for (const product of menu) {
    note(product, product);
    for (const variant of product.variants) note(variant, product);
  }

  /** The articles with the row's SKU whose names match, too. */
  const withSku = (row: ProductRow) => {
    const all = row.sku === null ? [] : skus.of(row.sku);
    const named = all.filter(
      ({ product, variant }) => product.name === row.product && (variant?.name ?? null) === row.variant,
    );
    return all.length > 1 && named.length === 1 ? named : all;
  };
  const sharedSku = (row: ProductRow): string | undefined => {
    const all = withSku(row);
    return all.length < 2
      ? undefined
      : all.map(({ target, product }) => nameOf(target, product)).join(' and ');
  };
  const find = (row: ProductRow, isByName: boolean): Found | undefined => {
    const variantOf = (product: MenuProduct) => product.variants.find(({ name }) => name === row.variant);
    const [bySku] = withSku(row);
    if (bySku) return { product: bySku.product, variant: bySku.variant ?? variantOf(bySku.product) };
    const product = byName.get(row.product ?? row.sku ?? '');
    // Another sku is another product, unless the product has none to tell it by.
    if (!product || !(isByName || row.sku === null || product.sku === null)) return undefined;
    return { product, variant: variantOf(product) };
  };
  const addProduct = (all: MenuProduct[], row: ProductRow, isByName: boolean): MenuProduct => {
    const product = newProduct(row.product ?? row.sku ?? '');
    all.push(product);
    if (isByName || row.sku === null) byName.set(product.name, product);
    return product;
  };
  const addVariant = (product: MenuProduct, name: string): MenuVariant => {
    const sortOrder = Math.max(-1, ...product.variants.map((variant) => variant.sortOrder)) + 1;
    const blank = { priceMinor: 0, sku: null, barcode: null, sortOrder };
    const variant = { id: uuidv7(), productId: product.id, name, ...blank };
    product.variants.push(variant);
    return variant;
  };
  const barcodeOwner = (row: ProductRow, known: Article | undefined) => {
    const all = barcodes.of(row.barcode as string);
    // Articles that shared a code before may keep it.
    if (all.some(({ target }) => target.id === known?.id)) return undefined;
    return all[0] && nameOf(all[0].target, all[0].product);
  };
  return { sharedSku, find, addProduct, addVariant, barcodeOwner, note, forget };
}

const newProduct = (name: string): MenuProduct => ({
  id: uuidv7(),
  name,
  priceMinor: 0,
  ...productDefaults,
  isActive: true,
  variants: [],
});
