import type { Client } from 'pg';
import type { EventActor } from '../../contract/events.ts';
import { type Epoch, seriesLabel } from '../epochs/series-label.ts';
import { fiscalYearLabel, wallClock } from '../shops/business-day.ts';
import { copyInto, copyLine } from './copy-rows.ts';
import { itemJson } from './item-json.ts';
import { type Matching, matchProducts } from './match-products.ts';
import type { OpenedSales, SalesShop } from './sales-file.ts';
import type { SoldItem } from './sold-items.ts';
import { type BillCount, listNewItems } from './sql/gather-bills.ts';
import { insertProducts, loadCatalog } from './sql/products.ts';
import { endRowChecks, skipRowChecks } from './sql/row-checks.ts';
import { readEpoch, readSeries, recordImport, type Series } from './sql/shop-head.ts';
import { COPY_ITEMS, insertBills, numberLiveBills, prepareLines } from './sql/write-bills.ts';

const DAY_MS = 86_400_000;

export type WrittenGoods = {
  products: number;
  variants: number;
  /** New or known products that the file sells in fractions: they become sold by weight, in kg. */
  soldByWeight: string[];
};

/** Writes the new bills of a staged file, with the products that they need. Nothing new, nothing written. */
export async function writeSales(
  client: Client,
  shop: SalesShop,
  sales: OpenedSales,
  counts: BillCount[],
  { dryRun, now, actor }: { dryRun: boolean; now: Date; actor: EventActor },
): Promise<WrittenGoods> {
  const added = counts.filter(({ verdict }) => verdict === 'new');
  if (added.length === 0) return { products: 0, variants: 0, soldByWeight: [] };
  const wanted = added.length === counts.length ? undefined : new Set(await listNewItems(client));
  const items = sales.reader.items.all.filter(({ number, soldAt }) => wanted?.has(number) ?? soldAt !== '');
  const catalog = await loadCatalog(client, shop.id);
  const matching = matchProducts(items, catalog, sales.columns.variant !== undefined);
  const inKilograms = matching.products.filter(({ soldBy }) => soldBy === 'weight');
  const made = {
    products: matching.products.length,
    variants: matching.variants.length,
    soldByWeight: [...matching.weighed, ...inKilograms].map(({ name }) => name).sort(),
  };
  if (dryRun) return made;
  await insertProducts(client, shop.id, matching, now);
  await prepareLines(client, () => copyInto(client, COPY_ITEMS, itemLines(items, matching)));
  const live = liveLabels(shop, await readEpoch(client, shop.id), now);
  const series = await readSeries(client, shop.id, false);
  await skipRowChecks(client, shop.id, referred(matching));
  await insertBills(client, shop, series, live, now);
  await endRowChecks(client);
  const settled = await settleNumbers(client, shop, series, live, added);
  const sum = (some: BillCount[], figure: (count: BillCount) => number) =>
    some.reduce((total, count) => total + figure(count), 0);
  const orders = sum(
    added.filter(({ isReturn }) => !isReturn),
    ({ bills }) => bills,
  );
  const lines = sum(added, (count) => count.lines);
  const data = { kind: 'sales' as const, orders, lines, products: made.products };
  await recordImport(client, shop.id, { series: settled, now, actor, data });
  return made;
}

/** Series in which the shop's tills may be selling while this runs; their counters can't be foreseen. */
function liveLabels({ timezone, fiscalYearStart }: SalesShop, epoch: Epoch, now: Date): string[] {
  const days = [-DAY_MS, 0, DAY_MS].map((ms) => wallClock(new Date(now.getTime() + ms), timezone).date);
  const years = new Set(days.map((day) => fiscalYearLabel(day, fiscalYearStart)));
  return [...years].map((year) => seriesLabel(epoch, year));
}

/**
 * Locks the shop's counter row, so that from here to the commit no till can sell, and gives out what could not be given
 * before: the numbers of the `live` series. `foreseen` is what the others were numbered from. Returns the counters
 * as they are to be.
 */
async function settleNumbers(
  client: Client,
  shop: SalesShop,
  foreseen: Series,
  live: string[],
  added: BillCount[],
): Promise<Series> {
  const locked = await readSeries(client, shop.id, true);
  const settled: Series = {};
  for (const { isReturn, label, bills } of added) {
    const key = `${isReturn ? 'C' : ''}${label}`;
    if (!live.includes(label) && locked[key] !== foreseen[key]) {
      throw new Error(`Series ${key} was counted up during the import`);
    }
    settled[key] = (locked[key] ?? 0) + bills;
  }
  if (added.some(({ label }) => live.includes(label))) await numberLiveBills(client, shop, locked, live);
  return settled;
}

function referred({ targets }: Matching) {
  const variants = new Map(
    targets.flatMap(({ productId, variantId }) =>
      variantId === null ? [] : [[variantId, { productId, id: variantId }] as const],
    ),
  );
  return {
    products: [...new Set(targets.map(({ productId }) => productId))],
    variants: [...variants.values()],
  };
}

function itemLines(items: SoldItem[], { targets, soldAs }: Matching): string[] {
  const byNumber = new Map(items.map((item) => [item.number, item]));
  return targets.map(({ item, productId, variantId, productName }) => {
    const { sku = null, product = null, variant = null, category = null } = byNumber.get(item) ?? {};
    const name = product ?? productName;
    const json = itemJson({
      name,
      variantName: variant,
      category,
      sku,
      variantId,
      soldAs: soldAs.get(productId),
    });
    return copyLine([item, productId, variantId, name, variant, category, json.start, json.middle, json.end]);
  });
}
