import type { Readable } from 'node:stream';
import type { Client } from 'pg';
import { currencyDigits, type Digits } from '../../contract/currencies.ts';
import type { EventActor } from '../../contract/events.ts';
import { formatMinor } from '../../contract/money.ts';
import { ProblemError } from '../../contract/problem.ts';
import { changed } from '../events/changed.ts';
import { type BadRow, createBadRows, refuseBadRows } from './bad-rows.ts';
import { mapColumns, productFields, requireColumns } from './columns.ts';
import { type MenuProduct, mergeMenu } from './merge-menu.ts';
import type { DecimalSign } from './parse-values.ts';
import { type ProductRow, readProduct } from './read-products.ts';
import { chain, readFirst, readRows } from './read-rows.ts';
import { lockMenu, saveMenu } from './sql/menu.ts';
import { recordImport } from './sql/shop-head.ts';
import { lockImports } from './sql/stage.ts';

/** The whole file is compared with the whole menu in memory. No menu has more rows. */
const ROWS_MAX = 100_000;

export type ImportProductsOptions = {
  /** Field → header, as `parseColumns` reads them; the rest is guessed from the header. */
  columns?: Record<string, string> | undefined;
  decimal?: DecimalSign | undefined;
  skipBad: boolean;
  dryRun: boolean;
  now: Date;
  actor: EventActor;
  onProgress?: ((progress: { bytes: number; rows: number }) => void) | undefined;
};

export type ImportedProducts = {
  /** Rows in the file, without header and blank ones. */
  rows: number;
  /** Made; changed ones are counted apart, and a product whose variant changed is changed. */
  products: number;
  variants: number;
  changedProducts: number;
  changedVariants: number;
  /** The first thousand; `badCount` has them all. */
  bad: BadRow[];
  badCount: number;
  seconds: number;
};

/**
 * Brings a menu into a shop: products and variants are made or, found by sku or else by name, changed, all or nothing.
 * What the file doesn't name stays; the same file again changes nothing. `client` is a connection of its own, outside of
 * a transaction. Throws `invalid_request` as `importSales` does.
 */
export async function importProducts(
  client: Client,
  shopId: string,
  source: () => Readable,
  options: ImportProductsOptions,
): Promise<ImportedProducts> {
  const startedAt = performance.now();
  const { now, actor, skipBad, dryRun } = options;
  const bad = createBadRows();
  const { rows, count, byName } = await readMenu(
    source,
    options,
    await digitsOfShop(client, shopId),
    bad.add,
  );
  if (!skipBad) refuseBadRows(bad);
  await client.query('BEGIN');
  try {
    await lockImports(client, shopId);
    const menu = await lockMenu(client, shopId);
    const before = new Map(menu.map((product) => [product.id, structuredClone(product)]));
    mergeMenu(menu, rows, byName, bad.add);
    if (!skipBad) refuseBadRows(bad);
    const { made, changedCounts, toSave } = compareMenus(before, menu);
    if (toSave.products.length > 0 && !dryRun) {
      await saveMenu(client, shopId, toSave, before, now);
      const data = {
        kind: 'products' as const,
        orders: 0,
        lines: rows.length,
        products: toSave.products.length,
      };
      const kept = keptOf(toSave.products, before);
      await recordImport(client, shopId, { series: {}, now, actor, data, ...kept });
    }
    await client.query(dryRun ? 'ROLLBACK' : 'COMMIT');
    return {
      rows: count,
      ...made,
      ...changedCounts,
      bad: bad.rows.sort((a, b) => a.line - b.line),
      badCount: bad.count,
      seconds: (performance.now() - startedAt) / 1000,
    };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be what failed
    throw error;
  }
}

async function digitsOfShop(client: Client, shopId: string): Promise<Digits> {
  const sql = 'SELECT currency FROM shops WHERE id = $1';
  const [shop] = (await client.query<{ currency: string }>(sql, [shopId])).rows;
  return currencyDigits(shop?.currency ?? '');
}

async function readMenu(
  source: () => Readable,
  { columns: chosen, decimal = '.', onProgress }: ImportProductsOptions,
  digits: Digits,
  refuse: (line: number, reason: string) => void,
): Promise<{ rows: ProductRow[]; count: number; byName: boolean }> {
  const progress = { bytes: 0, rows: 0 };
  const batches = readRows(source(), (bytes) => {
    progress.bytes = bytes;
  });
  try {
    const { header, first } = await readFirst(batches);
    const { columns } = mapColumns(header, productFields, chosen);
    requireColumns(header, columns, ['price', ['product', 'sku']]);
    const rows: ProductRow[] = [];
    for await (const batch of chain(first, batches)) {
      for (const row of batch) {
        const read = readProduct(row, header, columns, decimal, digits);
        if (read.fault !== undefined) refuse(row.line, read.fault);
        else rows.push(read.value);
      }
      progress.rows += batch.length;
      if (progress.rows > ROWS_MAX) throw tooMany();
      onProgress?.({ ...progress });
    }
    return { rows, count: progress.rows, byName: columns.variant !== undefined };
  } finally {
    await batches.return(undefined);
  }
}

const tooMany = () =>
  new ProblemError('invalid_request', { detail: `The file has more than ${ROWS_MAX} rows. Is it a menu?` });

function compareMenus(before: Map<string, MenuProduct>, after: MenuProduct[]) {
  const variantsBefore = new Map(
    [...before.values()].flatMap(({ variants }) => variants.map((each) => [each.id, each])),
  );
  const differs = (a: object, b: object | undefined) => JSON.stringify(a) !== JSON.stringify(b);
  const products = after.filter((product) => differs(product, before.get(product.id)));
  const variants = products
    .flatMap((product) => product.variants)
    .filter((variant) => differs(variant, variantsBefore.get(variant.id)));
  const newProducts = products.filter(({ id }) => !before.has(id)).length;
  const newVariants = variants.filter(({ id }) => !variantsBefore.has(id)).length;
  return {
    toSave: { products, variants },
    made: { products: newProducts, variants: newVariants },
    changedCounts: {
      changedProducts: products.length - newProducts,
      changedVariants: variants.length - newVariants,
    },
  };
}

/** A menu that a shop would change by hand has fewer; the record says how many more there are. */
const KEPT_MAX = 5_000;

/**
 * What the audit keeps of an import: of products that it changed the fields that are others now, as they were and as they
 * are, and what it made.
 */
function keptOf(
  saved: MenuProduct[],
  menuBefore: Map<string, MenuProduct>,
): { before?: object; menu: object } {
  const left = saved.slice(KEPT_MAX);
  const leftBefore = left.filter(({ id }) => menuBefore.has(id));
  const before: object[] = [];
  const since: object[] = [];
  const made: object[] = [];
  for (const product of saved.slice(0, KEPT_MAX)) {
    const was = menuBefore.get(product.id);
    const [then, now] = [was && priced(was), priced(product)];
    if (then) {
      before.push({ id: then.id, name: then.name, ...changed(then, now) });
      since.push({ id: now.id, name: now.name, ...changed(now, then) });
    } else {
      const { id, name, price, variants } = now;
      made.push({ id, name, price, variants: variants.map(({ sortOrder: _, ...variant }) => variant) });
    }
  }
  const menu = { changed: since, made, ...moreOf(left) };
  return before.length === 0 ? { menu } : { before: { products: before, ...moreOf(leftBefore) }, menu };
}

const moreOf = ({ length }: unknown[]) => (length > 0 ? { more: length } : {});

const priced = ({ priceMinor, variants, ...product }: MenuProduct) => ({
  ...product,
  price: formatMinor(priceMinor),
  variants: variants.map(({ productId: _, priceMinor: minor, ...variant }) => ({
    ...variant,
    price: formatMinor(minor),
  })),
});
