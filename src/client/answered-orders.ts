import type { Order } from '../contract/orders.ts';
import { type Context, tell } from './context.ts';
import { knownEpochs } from './known-epochs.ts';
import { type Entry, oldestFirst } from './sales.ts';

/** As long as the server accepts orders from before a restore. */
const KEPT_DAYS = 35;
/** About 500 a day, or 30 MB in a browser. A till that sells more keeps fewer days. */
const MOST_KEPT = 20_000;
/** Share dropped at once when there are too many, because each trim reads a whole day. */
const TRIM_SHARE = 0.1;
/** Saves the count every 50 orders: a crash loses at most that much of the count, and no order. */
const COUNT_EVERY = 50;
const DAY_MS = 86_400_000;

/** Day → number of orders kept, approximately. */
const COUNTS = 'answered-days';
const keyOf = (day: string, id: string) => `answered/${day}/${id}`;
const prefixOf = (day: string) => `answered/${day}/`;
/** The UTC date of a time: only has to be the same each time. */
const dayOf = (time: string) => time.slice(0, 10);

type Counts = Record<string, number>;

/** The user and device that were signed in when the server responded. */
export type SoldBy = {
  user: { id: string; name: string } | null;
  device: { id: string; name: string } | null;
};

/** An outbox entry, with the server's receivedAt if the order was made offline. */
export type Kept = Entry & { receivedAt: string | null };

export type AnsweredOrders = {
  /** Keeps an order that the server confirmed, in the form in which it can be sent again. */
  keep(record: Entry, order: Order, by: SoldBy): Promise<void>;
  /** The days that have kept orders, oldest first. */
  days(): Promise<string[]>;
  /** The kept orders of a day and shop as outbox entries, oldest first. */
  ofDay(day: string, shopId: string): Promise<Kept[]>;
  /** Saves the server's receivedAt of an order that came back after a restore. */
  received(record: Entry, order: Order): Promise<void>;
  forget(record: Entry): Promise<void>;
};

/**
 * Keeps the orders of the last weeks that the server confirmed, by day, so that a server restored from a backup can get back
 * those it lost. Costs one write per order; pruning runs in the background, a day at a time. Old orders are only dropped once
 * `isObserved`, that is, an epoch was received since the till started: before, they may be needed.
 */
export function createAnsweredOrders(
  context: Context,
  isObserved: () => boolean,
  mostKept = MOST_KEPT,
): AnsweredOrders {
  const { store } = context;
  /** Orders kept since the count was last saved, by day; undefined for a day not yet counted in this run. */
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
    // Save the day before its first order: a crash in between leaves an empty day, not a lost order.
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

  /** Prunes in the background, one run at a time; runs again for orders kept meanwhile. */
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
    // Use the earlier of the newest order's day and the local clock: either may be wrong by years.
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

  /** Drops the oldest orders of a day; returns how many. */
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
 * Turns a confirmed order into an outbox entry: what was sent, the number and time of the response, and names and prices for
 * products that a restored server may lack.
 */
function entryOf({ id, shopId, sale, placedAt }: Entry, order: Order, { user, device }: SoldBy): Kept {
  const { cashierId, deviceId, total } = order;
  // An order changed since then is not as sold: its lines are matched one by one, and its total is left out.
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

/** Adds the server's product snapshot to a line. */
function withGoods(line: Line, items: Order['items'], index: number): Line {
  const isSame = (item: Order['items'][number] | undefined) =>
    item?.productId === line.productId.toLowerCase() &&
    item.variantId === (line.variantId?.toLowerCase() ?? null);
  const own = items.find(({ id }) => id === line.id?.toLowerCase()) ?? items[index];
  const item = isSame(own) ? own : undefined;
  if (!item) return line;
  const { name, variantName, category, sku, hsn, soldBy, unit, taxClass, taxPercent, modifiers } = item;
  const goods = { name, variantName, category, sku, hsn, soldBy, unit, taxClass, taxPercent, modifiers };
  return { ...line, listPrice: item.listPrice ?? item.unitPrice, goods };
}
