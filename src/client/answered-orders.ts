import type { Order } from '../contract/orders.ts';
import { type Context, tell } from './context.ts';
import { knownEpochs } from './known-epochs.ts';
import { type Entry, oldestFirst } from './sales.ts';

/** As long as the server takes what was sold before a restore. */
const KEPT_DAYS = 35;
/** Some 500 a day: thirty megabytes in a browser. A till that sells more keeps fewer days. */
const MOST_KEPT = 20_000;
/** When there are too many, so many more go at once: a whole day is read for it. */
const TRIM_SHARE = 0.1;
/** The count is written down this often: a crash forgets as many at most, of the bound and not of the orders. */
const COUNT_EVERY = 50;
const DAY_MS = 86_400_000;

/** Day → how many orders of that day are kept, about. */
const COUNTS = 'answered-days';
const keyOf = (day: string, id: string) => `answered/${day}/${id}`;
const prefixOf = (day: string) => `answered/${day}/`;
/** The date of a time in UTC: any day will do that is the same each time. */
const dayOf = (time: string) => time.slice(0, 10);

type Counts = Record<string, number>;

/** Who was signed in on what when the server answered. */
export type SoldBy = {
  user: { id: string; name: string } | null;
  device: { id: string; name: string } | null;
};

/** As a sale that waits, and when the books said that it came in, if it was made offline. */
export type Kept = Entry & { receivedAt: string | null };

export type AnsweredOrders = {
  /** Keeps an order that the server answered, as it would have to be sent to bring it back. */
  keep(record: Entry, order: Order, by: SoldBy): Promise<void>;
  /** The days of which some are kept, the oldest first. */
  days(): Promise<string[]>;
  /** Those of a day in a shop, as sales that wait, the oldest first. */
  ofDay(day: string, shopId: string): Promise<Kept[]>;
  /** Notes when the books say that it came in: it came back after a restore. */
  received(record: Entry, order: Order): Promise<void>;
  forget(record: Entry): Promise<void>;
};

/**
 * The orders that the server answered in the last weeks, by day, so that a server that was restored from a backup can be given
 * those that it lost. One write a sale; what is too old or too many goes now and then, a day at a time, and no sale waits for it.
 * `isObserved` says that the epoch was heard since the till was switched on: until then, what is old may still be needed.
 */
export function createAnsweredOrders(
  context: Context,
  isObserved: () => boolean,
  mostKept = MOST_KEPT,
): AnsweredOrders {
  const { store } = context;
  /** Kept since the count was written down last, by day; undefined for a day that this run has not counted yet. */
  const uncounted = new Map<string, number>();
  let isPruning = false;
  let isPruneDue = false;

  const readCounts = async () => ((await store.get(COUNTS)) as Counts | undefined) ?? {};

  const addToCount = (day: string, by: (count: number) => number) =>
    store.update(COUNTS, (value) => {
      const { [day]: count = 0, ...others } = (value as Counts | undefined) ?? {};
      const left = by(count);
      const counts = left > 0 ? { ...others, [day]: left } : others;
      return Object.keys(counts).length > 0 ? counts : undefined;
    });

  async function keep(record: Entry, order: Order, by: SoldBy): Promise<void> {
    const kept = entryOf(record, order, by);
    const day = dayOf(kept.placedAt);
    const before = uncounted.get(day);
    // The day is known before there is something of it: a crash in between leaves an empty day.
    if (before === undefined) await addToCount(day, (count) => count + 1);
    await store.put(keyOf(day, kept.id), kept);
    if (before === undefined) uncounted.set(day, 0);
    else if (before + 1 < COUNT_EVERY) uncounted.set(day, before + 1);
    else {
      uncounted.set(day, 0);
      await addToCount(day, (count) => count + COUNT_EVERY);
    }
    if (uncounted.get(day) === 0) void prune();
  }

  /** In the background, one at a time; what is kept meanwhile is looked at after. */
  async function prune(): Promise<void> {
    isPruneDue = true;
    if (isPruning) return;
    isPruning = true;
    while (isPruneDue) {
      isPruneDue = false;
      await tell(context, pruneNow);
    }
    isPruning = false;
  }

  async function pruneNow(): Promise<void> {
    const counts = await readCounts();
    const toBringBack = new Set((await knownEpochs(store)).flatMap(([, known]) => known.days));
    const days = Object.keys(counts).sort();
    // By the newest order, or by this machine's clock if that is earlier: either may be wrong by years.
    const newest = Math.min(Date.parse(days.at(-1) ?? '') || 0, context.now());
    const oldest = new Date(newest - KEPT_DAYS * DAY_MS).toISOString().slice(0, 10);
    let left = days.reduce((sum, day) => sum + (counts[day] ?? 0), 0);
    const most = left > mostKept ? mostKept * (1 - TRIM_SHARE) : mostKept;
    for (const day of days) {
      if (toBringBack.has(day)) continue;
      const isOld = day < oldest && isObserved();
      if (!isOld && left <= most) return;
      left -= await drop(day, isOld ? Number.POSITIVE_INFINITY : Math.ceil(left - most));
    }
  }

  /** Drops the oldest orders of a day; gives how many of its count are gone. */
  async function drop(day: string, most: number): Promise<number> {
    const kept = (await store.list(prefixOf(day))) as [string, Kept][];
    const going = kept.sort(([, a], [, b]) => oldestFirst(a, b)).slice(0, most);
    for (const [key] of going) {
      if (context.closed.aborted) return 0;
      await store.delete(key);
    }
    const left = kept.length - going.length;
    if (left === 0) uncounted.delete(day);
    await addToCount(day, () => left);
    return going.length;
  }

  return {
    keep,
    days: async () => Object.keys(await readCounts()).sort(),
    async ofDay(day, shopId) {
      const kept = ((await store.list(prefixOf(day))) as [string, Kept][]).sort(([, a], [, b]) =>
        oldestFirst(a, b),
      );
      return kept.map(([, entry]) => entry).filter((entry) => entry.shopId === shopId);
    },
    async received({ id, placedAt }, { receivedAt = null }) {
      await store.update(keyOf(dayOf(placedAt), id), (value) => value && { ...(value as Kept), receivedAt });
    },
    forget: ({ id, placedAt }) => store.delete(keyOf(dayOf(placedAt), id)),
  };
}

/**
 * An order as a sale that waits: what was sent, with the number and the time that it was answered with, and names and prices
 * for whatever a server from before doesn't know.
 */
function entryOf({ id, shopId, sale, placedAt }: Entry, order: Order, { user, device }: SoldBy): Kept {
  const { cashierId, deviceId, total } = order;
  // One that others changed since is not what was sold any more: its lines are looked up, and its total is another one's.
  const isAsSold = order.version === 1;
  return {
    id,
    shopId,
    placedAt: order.createdAt ?? placedAt,
    orderNumber: order.orderNumber,
    receivedAt: order.receivedAt ?? null,
    state: 'queued',
    sale: {
      ...sale,
      items: sale.items.map((line, index) => withGoods(line, order.items ?? [], index)),
      ...(isAsSold
        ? {
            answered: {
              total,
              ...(cashierId ? { cashier: { id: cashierId, name: nameOf(user, cashierId) } } : {}),
              ...(deviceId ? { device: { id: deviceId, name: nameOf(device, deviceId) } } : {}),
            },
          }
        : {}),
    },
  };
}

const nameOf = (known: { id: string; name: string } | null, id: string) =>
  known?.id === id ? known.name : '';

type Line = Entry['sale']['items'][number];

/** A line with what the server said of its goods. */
function withGoods(line: Line, items: Order['items'], index: number): Line {
  const isSame = (item: Order['items'][number] | undefined) =>
    item?.productId === line.productId.toLowerCase() &&
    item.variantId === (line.variantId?.toLowerCase() ?? null);
  const own = items.find(({ id }) => id === line.id?.toLowerCase()) ?? items[index];
  const item = isSame(own) ? own : undefined;
  if (!item) return line;
  const { name, variantName, category, sku, hsn, taxClass, taxPercent, modifiers } = item;
  const goods = { name, variantName, category, sku, hsn, taxClass, taxPercent, modifiers };
  return { ...line, listPrice: item.listPrice ?? item.unitPrice, goods };
}
