import { v7 as uuidv7 } from 'uuid';
import { type SoldBy, usualUnit } from '../../contract/sold-by.ts';
import type { SoldItem } from './sold-items.ts';

/** The shop's live products and variants; products oldest first. */
export type Catalog = {
  products: { id: string; name: string; sku: string | null; soldBy: SoldBy; unit: string }[];
  variants: { id: string; productId: string; name: string; sku: string | null; sortOrder: number }[];
};
export type Target = { item: number; productId: string; variantId: string | null; productName: string };
export type SoldAs = { soldBy: SoldBy; unit: string };
export type MadeProduct = {
  id: string;
  name: string;
  priceMinor: number;
  category: string | null;
  sku: string | null;
};
export type MadeVariant = {
  id: string;
  productId: string;
  name: string;
  priceMinor: number;
  sku: string | null;
  sortOrder: number;
};
export type Matching = {
  targets: Target[];
  products: (MadeProduct & SoldAs)[];
  variants: MadeVariant[];
  /** Known products sold by the piece that the file sells in fractions: they become sold by weight. */
  weighed: { id: string; name: string }[];
  /** Product → how it is sold after the import. */
  soldAs: ReadonlyMap<string, SoldAs>;
};

type Priced = { priceMinor: number; pricedAt: string };

/**
 * Says which product and variant each item of a file is, and which have to be made for it. An item is found by its sku
 * first, then by its name. `byName`: the file has a variant column, so that a product is its name and the sku belongs
 * to the variant; otherwise a sku is a product. What the newest sale says counts for what is made.
 */
export function matchProducts(items: SoldItem[], catalog: Catalog, byName: boolean): Matching {
  const newestFirst = [...items].sort((a, b) => compare(b.soldAt, a.soldAt) || b.number - a.number);
  const known = indexCatalog(catalog);
  const shared = sharedSkus(items);
  const made = createMaker(catalog);
  const targets = newestFirst.map((item): Target => {
    const name = item.product ?? item.sku ?? '';
    const sku = item.sku !== null && !shared.has(item.sku) ? item.sku : null;
    const bySku = sku === null ? undefined : findBySku(known, sku, item);
    if (bySku) return { item: item.number, ...bySku };
    const existing = known.productByName.get(name);
    // Another sku is another product, unless the product has none to tell it by.
    const isSame = existing && (byName || item.sku === null || existing.sku === null);
    const product = isSame
      ? existing
      : made.product(item, name, byName ? `name ${name}` : `sku ${item.sku ?? name}`);
    const variantId =
      item.variant === null
        ? null
        : (known.variantByName.get(`${product.id} ${item.variant}`)?.id ??
          made.variant(item, product.id, item.variant));
    return { item: item.number, productId: product.id, variantId, productName: product.name };
  });
  const { products, variants } = made.finish();
  return { targets, variants, ...weigh(items, targets, products, catalog) };
}

const PIECE: SoldAs = { soldBy: 'piece', unit: usualUnit.piece };
const WEIGHED: SoldAs = { soldBy: 'weight', unit: usualUnit.weight };

/** By the piece, unless the file sells a fraction: an import is never refused for one. */
function weigh(
  items: SoldItem[],
  targets: Target[],
  made: MadeProduct[],
  catalog: Catalog,
): Pick<Matching, 'products' | 'weighed' | 'soldAs'> {
  const inFractions = new Set(items.filter(({ hasFraction }) => hasFraction).map(({ number }) => number));
  const isWeighed = new Set(
    targets.filter(({ item }) => inFractions.has(item)).map(({ productId }) => productId),
  );
  const products = made.map((product) => ({ ...product, ...(isWeighed.has(product.id) ? WEIGHED : PIECE) }));
  const weighed = catalog.products.filter(({ id, soldBy }) => soldBy === 'piece' && isWeighed.has(id));
  const soldAs = new Map<string, SoldAs>([...catalog.products, ...products].map((each) => [each.id, each]));
  for (const { id } of weighed) soldAs.set(id, WEIGHED);
  return { products, weighed, soldAs };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The first of several that share a key wins: the oldest. */
function indexBy<T>(rows: T[], keyOf: (row: T) => string | null): Map<string, T> {
  const index = new Map<string, T>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== null && !index.has(key)) index.set(key, row);
  }
  return index;
}

const indexCatalog = ({ products, variants }: Catalog) => ({
  productByName: indexBy(products, ({ name }) => name),
  bySku: articlesBySku({ products, variants }),
  variantByName: indexBy(variants, ({ productId, name }) => `${productId} ${name}`),
});

type Article = {
  productId: string;
  productName: string;
  variantId: string | null;
  variantName: string | null;
};

function articlesBySku({ products, variants }: Catalog): Map<string, Article[]> {
  const nameOf = new Map(products.map(({ id, name }) => [id, name]));
  const index = new Map<string, Article[]>();
  const note = (sku: string | null, article: Article) => {
    if (sku !== null) index.set(sku, [...(index.get(sku) ?? []), article]);
  };
  for (const { id: variantId, productId, name, sku } of variants) {
    const productName = nameOf.get(productId);
    if (productName !== undefined) note(sku, { productId, productName, variantId, variantName: name });
  }
  for (const { id: productId, name: productName, sku } of products)
    note(sku, { productId, productName, variantId: null, variantName: null });
  return index;
}

/** The article with the item's SKU. If several share it, the names have to match, too. */
function findBySku(
  known: ReturnType<typeof indexCatalog>,
  sku: string,
  { product: productName, variant: variantName }: SoldItem,
): Omit<Target, 'item'> | undefined {
  const all = known.bySku.get(sku) ?? [];
  const named = all.filter((each) => each.productName === productName && each.variantName === variantName);
  const [found, ...others] = all.length > 1 ? named : all;
  if (!found || others.length > 0) return undefined;
  const { productId } = found;
  const byName = variantName === null ? undefined : known.variantByName.get(`${productId} ${variantName}`);
  return { productId, variantId: found.variantId ?? byName?.id ?? null, productName: found.productName };
}

/** Skus that the file gives to more than one variant: they tell nothing. */
function sharedSkus(items: SoldItem[]): Set<string> {
  const owners = new Map<string, string>();
  const shared = new Set<string>();
  for (const { sku, product, variant } of items) {
    if (sku === null || variant === null) continue;
    const owner = JSON.stringify([product, variant]);
    if ((owners.get(sku) ?? owner) !== owner) shared.add(sku);
    owners.set(sku, owner);
  }
  return shared;
}

/** Makes products and variants, each once. Items come newest first: what is there already is newer than what comes. */
function createMaker(catalog: Catalog) {
  const products = new Map<string, MadeProduct & Priced>();
  const variants = new Map<string, MadeVariant & Priced>();
  const taken = new Set([...catalog.products, ...catalog.variants].map(({ sku }) => sku));
  const claim = (sku: string | null) => {
    if (sku === null || taken.has(sku)) return null;
    taken.add(sku);
    return sku;
  };
  const product = (item: SoldItem, name: string, key: string): MadeProduct => {
    let entry = products.get(key);
    if (!entry) {
      entry = { id: uuidv7(), name, priceMinor: 0, category: null, sku: null, pricedAt: '' };
      products.set(key, entry);
    }
    entry.category ??= item.category;
    if (item.variant === null) {
      entry.sku ??= claim(item.sku);
      takeNewer(entry, item);
    }
    return entry;
  };
  const variant = (item: SoldItem, productId: string, name: string): string => {
    const key = `${productId} ${name}`;
    let entry = variants.get(key);
    if (!entry) {
      entry = { id: uuidv7(), productId, name, priceMinor: 0, sku: null, sortOrder: 0, pricedAt: '' };
      variants.set(key, entry);
    }
    entry.sku ??= claim(item.sku);
    takeNewer(entry, item);
    return entry.id;
  };
  const finish = () => arrange([...products.values()], [...variants.values()], catalog);
  return { product, variant, finish };
}

function takeNewer(entry: Priced, item: SoldItem): void {
  if (item.pricedAt <= entry.pricedAt) return;
  entry.priceMinor = item.priceMinor;
  entry.pricedAt = item.pricedAt;
}

/** Variants stand by price (S, M, L) behind those that are there; a product costs what its cheapest variant does. */
function arrange(
  products: (MadeProduct & Priced)[],
  variants: (MadeVariant & Priced)[],
  catalog: Catalog,
): { products: MadeProduct[]; variants: MadeVariant[] } {
  const next = new Map<string, number>();
  for (const { productId, sortOrder } of catalog.variants) {
    next.set(productId, Math.max(next.get(productId) ?? 0, sortOrder + 1));
  }
  const byId = new Map(products.map((product) => [product.id, product]));
  const cheapestFirst = [...variants].sort((a, b) => a.priceMinor - b.priceMinor || compare(a.name, b.name));
  for (const variant of cheapestFirst) {
    variant.sortOrder = next.get(variant.productId) ?? 0;
    next.set(variant.productId, variant.sortOrder + 1);
    const product = byId.get(variant.productId);
    if (product && variant.sortOrder === 0) product.priceMinor = variant.priceMinor;
  }
  return {
    products: products.map(({ pricedAt: _, ...product }) => product),
    variants: cheapestFirst.map(({ pricedAt: _, ...variant }) => variant),
  };
}
