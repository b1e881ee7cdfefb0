import { v7 as uuidv7 } from 'uuid';
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
    setTarget(target, product, row);
    index.note(target, product);
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
}

function setTarget(target: MenuProduct | MenuVariant, product: MenuProduct, row: ProductRow): void {
  target.priceMinor = row.priceMinor;
  if (row.sku !== null) target.sku = row.sku;
  if (row.barcode !== undefined) target.barcode = row.barcode;
  if (target !== product && row.variant !== null) target.name = row.variant;
}

function indexMenu(menu: MenuProduct[]) {
  const byName = new Map<string, MenuProduct>();
  const productBySku = new Map<string, Found>();
  const variantBySku = new Map<string, Found>();
  const barcodes = new Map<string, { id: string; name: string }>();
  const note = (target: MenuProduct | MenuVariant, product: MenuProduct) => {
    const variant = 'productId' in target ? target : undefined;
    const skus = variant ? variantBySku : productBySku;
    if (target.sku !== null && !skus.has(target.sku)) skus.set(target.sku, { product, variant });
    // Products and variants have a list of barcodes each.
    const code = `${variant ? 'variant' : 'product'} ${target.barcode}`;
    if (target.barcode !== null) barcodes.set(code, { id: target.id, name: product.name });
    if (!byName.has(product.name)) byName.set(product.name, product);
  };
  for (const product of menu) {
    note(product, product);
    for (const variant of product.variants) note(variant, product);
  }

  const find = (row: ProductRow, isByName: boolean): Found | undefined => {
    const variantOf = (product: MenuProduct) => product.variants.find(({ name }) => name === row.variant);
    const bySku = row.sku === null ? undefined : (variantBySku.get(row.sku) ?? productBySku.get(row.sku));
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
  const barcodeOwner = (row: ProductRow, known: MenuProduct | MenuVariant | undefined) => {
    const isVariant = known ? 'productId' in known : row.variant !== null;
    const owner = barcodes.get(`${isVariant ? 'variant' : 'product'} ${row.barcode}`);
    return owner && owner.id !== known?.id ? owner.name : undefined;
  };
  return { find, addProduct, addVariant, barcodeOwner, note };
}

const newProduct = (name: string): MenuProduct => ({
  id: uuidv7(),
  name,
  priceMinor: 0,
  category: null,
  description: null,
  sku: null,
  barcode: null,
  taxClass: null,
  hsn: null,
  variants: [],
});
