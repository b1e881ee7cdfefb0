import type { Readable } from 'node:stream';
import type { Client } from 'pg';
import type { EventActor } from '../../contract/events.ts';
import { seriesLabel } from '../epochs/series-label.ts';
import { fiscalYearLabel } from '../shops/business-day.ts';
import { type BadRow, type BadRows, createBadRows, LISTED_MAX, refuseBadRows } from './bad-rows.ts';
import { readRows } from './read-rows.ts';
import { type OpenedSales, openSales, type SalesFileOptions, type SalesShop } from './sales-file.ts';
import {
  type BillCount,
  countBills,
  gatherBills,
  listRefused,
  type RefusedBill,
} from './sql/gather-bills.ts';
import { readEpoch } from './sql/shop-head.ts';
import { beginStaging } from './sql/stage.ts';
import { stageSales } from './stage-sales.ts';
import { writeSales } from './write-sales.ts';

export type ImportSalesOptions = SalesFileOptions & {
  /** Leave bad rows out and list them, instead of refusing the file. */
  skipBad: boolean;
  /** Find out what would happen, and write nothing. */
  dryRun: boolean;
  actor: EventActor;
  /** Hears now and then how far the reading is: bytes of the file as it lies there, and rows. */
  onProgress?: ((progress: { bytes: number; rows: number }) => void) | undefined;
};

export type ImportedSales = {
  /** Rows in the file, without header and blank ones. */
  rows: number;
  /** Lines that went in, of orders and refunds. */
  lines: number;
  orders: number;
  refunds: number;
  /** Made for this import. */
  products: number;
  variants: number;
  /** Names of the products that the file sells in fractions: they become sold by weight, in kg. */
  soldByWeight: string[];
  /** Orders and refunds of the file that an earlier import brought. */
  existingOrders: number;
  existingRefunds: number;
  /** The first thousand; `badCount` has them all. */
  bad: BadRow[];
  badCount: number;
  /** Business dates that the file's good rows span, new or not; null when there are none. */
  from: string | null;
  to: string | null;
  /** What the orders and refunds that went in add up to. */
  totalMinor: number;
  refundedMinor: number;
  /** How long it took, and of that the reading of the file. */
  seconds: number;
  readSeconds: number;
};

// The reports that come next are planned for the bills that are there now, not for the empty shop of before: a third of
// the time. PostgreSQL would find out by itself, some minutes later.
const ANALYZE = `
  ANALYZE orders (shop_id, business_date, status),
    order_lines (shop_id, business_date, is_sold, category, product_id, variant_id)`;

/**
 * Brings the bills of a CSV file into a shop, all or nothing; the same file again adds nothing. `source` opens the
 * file; `client` is a connection of its own, outside of a transaction. Throws `invalid_request` for a file that can't
 * be understood and, unless `skipBad`, for bad rows (`/line/17`); then nothing is written.
 */
export async function importSales(
  client: Client,
  shop: SalesShop,
  source: () => Readable,
  options: ImportSalesOptions,
): Promise<ImportedSales> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const progress = { bytes: 0, rows: 0 };
  const batches = readRows(source(), (bytes) => {
    progress.bytes = bytes;
  });
  try {
    const sales = await openSales(batches, shop, options);
    const bad = createBadRows();
    await beginStaging(client, shop.id);
    await stageSales(client, shop, sales, bad, progress, options.onProgress);
    if (!options.skipBad) refuseBadRows(bad);
    const readSeconds = seconds();
    const counts = await judgeBills(client, shop, sales, bad, options.skipBad);
    const written = await writeSales(client, shop, sales, counts, options);
    await client.query(options.dryRun ? 'ROLLBACK' : 'COMMIT');
    if (!options.dryRun) await client.query(ANALYZE);
    return {
      rows: progress.rows,
      ...summarise(counts),
      ...written,
      bad: bad.rows.sort((a, b) => a.line - b.line),
      badCount: bad.count,
      readSeconds,
      seconds: seconds(),
    };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be what failed
    throw error;
  } finally {
    await batches.return(undefined);
  }
}

/** Puts rows together to bills and refuses those that were imported otherwise before, or are too large. */
async function judgeBills(
  client: Client,
  shop: SalesShop,
  { columns, reader }: OpenedSales,
  bad: BadRows,
  skipBad: boolean,
): Promise<BillCount[]> {
  const days = [...reader.days];
  const epoch = await readEpoch(client, shop.id);
  const labels = days.map((day) => seriesLabel(epoch, fiscalYearLabel(day, shop.fiscalYearStart)));
  await gatherBills(client, shop.id, columns.order !== undefined, days, labels);
  const counts = await countBills(client);
  const refused = counts.filter(({ verdict }) => verdict === 'changed' || verdict === 'too large');
  if (refused.length > 0) {
    const listed = await listRefused(client, LISTED_MAX);
    for (const bill of listed) bad.add(bill.line, refusal(bill));
    bad.count += refused.reduce((sum, { bills }) => sum + bills, 0) - listed.length;
    if (!skipBad) refuseBadRows(bad);
  }
  return counts;
}

function refusal({ order, businessDate, isReturn, verdict }: RefusedBill): string {
  const bill = `${isReturn ? 'the return of ' : ''}order ${order ?? 'without a number'} of ${businessDate}`;
  return verdict === 'changed'
    ? `${bill} was imported before with other lines`
    : `${bill} comes to more than 99999999.99, or 999999999.999 items`;
}

type Counted = Omit<
  ImportedSales,
  'rows' | 'products' | 'variants' | 'soldByWeight' | 'bad' | 'badCount' | 'seconds' | 'readSeconds'
>;

function summarise(counts: BillCount[]): Counted {
  const of = (verdict: BillCount['verdict'], isReturn: boolean) =>
    counts.filter((count) => count.verdict === verdict && count.isReturn === isReturn);
  const [sold, returned] = [of('new', false), of('new', true)];
  const sum = (some: BillCount[], figure: (count: BillCount) => number) =>
    some.reduce((total, count) => total + figure(count), 0);
  const bills = (count: BillCount) => count.bills;
  const minor = ({ total }: BillCount) => Number(total.replace('.', ''));
  const good = counts.filter(({ verdict }) => verdict === 'new' || verdict === 'known');
  return {
    lines: sum([...sold, ...returned], ({ lines }) => lines),
    orders: sum(sold, bills),
    refunds: sum(returned, bills),
    existingOrders: sum(of('known', false), bills),
    existingRefunds: sum(of('known', true), bills),
    from: good.map(({ from }) => from).sort()[0] ?? null,
    to:
      good
        .map(({ to }) => to)
        .sort()
        .at(-1) ?? null,
    totalMinor: sum(sold, minor),
    refundedMinor: sum(returned, minor),
  };
}
