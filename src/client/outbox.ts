import { type Order, placeOrder } from '../contract/orders.ts';
import type { Problem } from '../contract/problem.ts';
import type { AnsweredOrders, SoldBy } from './answered-orders.ts';
import { createBatches } from './batches.ts';
import { createConflicts } from './conflicts.ts';
import { type Call, type Context, tell } from './context.ts';
import type { Epochs } from './epochs.ts';
import { isProblem, localProblem, NoAnswerError } from './errors.ts';
import { newId } from './ids.ts';
import type { Leases } from './leases.ts';
import { isUnanswered } from './meanings.ts';
import { patiently } from './pauses.ts';
import { createRetries } from './retries.ts';
import { createReturns } from './returns.ts';
import {
  type Conflict,
  checkSale,
  type Entry,
  type Flushed,
  oldestFirst,
  onlineLine,
  queuedOf,
  type Sale,
  type SentSale,
  type Sold,
  type WaitingSale,
} from './sales.ts';

const saleKey = (id: string) => `sale/${id}`;

export type OutboxHooks = {
  onSaleSent?: (sent: SentSale) => unknown;
  onSaleConflict?: (conflict: Conflict) => unknown;
};

export type Outbox = {
  sell(shopId: string, sale: Sale): Promise<Sold>;
  flush(): Promise<Flushed>;
  waiting(): Promise<WaitingSale[]>;
  conflicts(): Promise<Conflict[]>;
  retryConflict(id: string): Promise<void>;
  dropConflict(id: string): Promise<void>;
  /** Looks at once whether something can go. */
  wake(): void;
  close(): void;
};

export type OutboxParts = {
  leases: Leases;
  answered: AnsweredOrders;
  epochs: Epochs;
  /** The signed-in user and device; null when signed out. */
  soldBy(): Promise<SoldBy | null>;
};

/**
 * Keeps every order in the store from before it is sent until the server confirms it, and sends what waits. After a restore of
 * the server, also sends the orders that were confirmed before.
 */
export function createOutbox(
  context: Context,
  call: Call,
  { leases, answered, epochs, soldBy }: OutboxParts,
  hooks: OutboxHooks,
): Outbox {
  const { store, line } = context;
  const sendAll = createBatches(context, call);
  const returns = createReturns(epochs, answered, sendAll);
  const conflicts = createConflicts(context);
  const selling = new Map<string, Promise<Sold>>();
  let flushing: Promise<Flushed> | null = null;
  let isAskedAgain = false;
  /** Whether there is another day of orders to return. */
  let hasNextDay = false;
  /** A first try of another tab, or of one that crashed, is over after this. */
  const strayMs = 3 * context.timeoutMs;

  const records = async () =>
    (await store.list('sale/')).map(([, value]) => value as Entry).sort(oldestFirst);

  async function sell(shopId: string, given: Sale & { id: string }): Promise<Sold> {
    const placedAt = new Date(context.now()).toISOString();
    const { approval, ...sale } = JSON.parse(JSON.stringify(given)) as Sale & { id: string };
    checkSale(sale, approval, placedAt);
    const by = await soldBy();
    if (!by) throw localProblem('unauthenticated', 'Sign in before you sell.');
    const earlier = (await store.get(saleKey(sale.id))) as Entry | undefined;
    if (earlier?.state === 'queued') return queuedOf(earlier);

    const record: Entry = { id: sale.id, shopId, sale, placedAt, orderNumber: null, state: 'sending' };
    await store.put(saleKey(sale.id), earlier ?? record);
    // A line that was down a moment ago lets a customer wait for nothing: flush finds out when it is back.
    if (line.isDown()) return await queue(earlier ?? record);
    try {
      const order = await (approval
        ? placeApproved(shopId, { ...sale, approval })
        : placeOnline(shopId, sale));
      await settle(earlier ?? record, order, by).catch(context.onError);
      return { status: 'sold', order };
    } catch (error) {
      // A wrong approval that was tried too often: without any, the sale is not to be taken.
      const isDelayed = approval !== undefined && isProblem(error, 'too_many_requests');
      if (!isUnanswered(error) || isDelayed) {
        await remove(sale.id);
        throw error;
      }
      if (error instanceof NoAnswerError) line.wentDown();
      return await queue(earlier ?? record, error);
    }
  }

  /** It can't wait in the outbox: an approval is sent at once or not at all. */
  const placeApproved = (shopId: string, sale: Sale & { id: string }) =>
    patiently(() => placeOnline(shopId, sale), context.timeoutMs, context.pauses, context.closed);

  async function placeOnline(shopId: string, sale: Sale & { id: string }): Promise<Order> {
    const items = sale.items.map(onlineLine);
    const place = () => call(placeOrder, { params: { shopId }, body: { ...sale, items } });
    try {
      return await place();
    } catch (error) {
      // Often only a connection that was kept open too long; the same id can't sell twice.
      if (error instanceof NoAnswerError && error.reason === 'network') return await place();
      throw error;
    }
  }

  async function queue(record: Entry, trouble: unknown = null): Promise<Sold> {
    const queued: Entry = { ...record, state: 'queued' };
    try {
      queued.orderNumber ??= await leases.take(record.shopId, Date.parse(record.placedAt));
      await store.put(saleKey(record.id), queued);
    } catch (error) {
      // It is in the store as it was, and goes out; only without a number of its own.
      context.onError(error);
      queued.orderNumber = null;
    }
    plan(trouble);
    return queuedOf(queued);
  }

  const remove = (id: string) => store.delete(saleKey(id));

  /** Keeps a confirmed order before removing it from the outbox: after a crash in between it is sent again, which is idempotent. */
  async function settle(record: Entry, order: Order, by: SoldBy): Promise<void> {
    epochs.checkOnce(record.shopId);
    await answered.keep(record, order, by).catch(context.onError);
    await remove(record.id);
  }

  /** Sends once. Doesn't set `left`: counting may read weeks of orders, so flushAll counts at the end. */
  async function flush(): Promise<Flushed> {
    const flushed: Flushed = { sent: [], conflicts: [], left: 0, error: null };
    const cut = context.now() - strayMs;
    const all = (await records()).filter(
      ({ id, state, placedAt }) => !selling.has(id) && (state === 'queued' || Date.parse(placedAt) < cut),
    );
    hasNextDay = false;
    if (all.length === 0 && !(await returns.isDue())) return flushed;
    const by = await soldBy();
    if (!by) {
      const error = localProblem('unauthenticated', 'Sign in to send the sales that wait.');
      return { ...flushed, error };
    }
    try {
      await sendWaiting(all, by, flushed);
      hasNextDay = await returns.sendDay({
        cameBack: (record, result, order) => tellSent(record, result, order, flushed),
        refused: (record, problem) => putAside(record, problem, flushed),
      });
    } catch (error) {
      flushed.error ??= error as Error;
    }
    return flushed;
  }

  const countLeft = async () => (await records()).length + (await returns.waiting()).length;

  async function sendWaiting(all: Entry[], by: SoldBy, flushed: Flushed): Promise<void> {
    for (const shopId of new Set(all.map((record) => record.shopId))) {
      const ofShop = all.filter((record) => record.shopId === shopId);
      try {
        await sendAll(shopId, ofShop, {
          async taken(record, result, order) {
            await settle(record, order, by);
            await tellSent(record, result, order, flushed);
          },
          refused: (record, problem) => putAside(record, problem, flushed),
        });
      } catch (error) {
        flushed.error ??= error as Error;
        // Of a shop that this person may not sell in, the others are not to suffer.
        if (!isProblem(error, 'not_found', 'forbidden')) throw error;
      }
    }
  }

  async function tellSent(record: Entry, result: 'created' | 'same', order: Order, flushed: Flushed) {
    const sent = { id: record.id, shopId: record.shopId, result, order, printed: record.orderNumber };
    flushed.sent.push(sent);
    await tell(context, () => hooks.onSaleSent?.(sent));
  }

  async function putAside(record: Entry, problem: Problem, flushed: Flushed): Promise<void> {
    // First there, then not here: a crash in between leaves it in both, and never in none.
    const conflict = await conflicts.add(record, problem);
    await remove(record.id);
    await answered.forget(record);
    flushed.conflicts.push(conflict);
    await tell(context, () => hooks.onSaleConflict?.(conflict));
  }

  /** Runs one flush at a time; a call during a flush makes it look again at its end. */
  function flushOnce(): Promise<Flushed> {
    isAskedAgain = flushing !== null;
    flushing ??= flushAll().finally(() => {
      flushing = null;
    });
    return flushing;
  }

  async function flushAll(): Promise<Flushed> {
    const all = await flush();
    for (;;) {
      while ((isAskedAgain || hasNextDay) && !all.error) {
        isAskedAgain = false;
        const { sent, conflicts: aside, error } = await flush();
        all.sent.push(...sent);
        all.conflicts.push(...aside);
        all.error = error;
      }
      all.left = await countLeft();
      if (!isAskedAgain || all.error) return all;
    }
  }

  const retries = createRetries(context, async () => {
    const { sent, left, error } = await flushOnce();
    // Signing in wakes it again.
    const isDone = left === 0 || isProblem(error, 'unauthenticated');
    return { isDone, hasProgress: sent.length > 0, trouble: error };
  });
  const { plan, wake } = retries;

  const stopListening = line.onUp(() => {
    if (!flushing) wake();
  });

  return {
    async sell(shopId, sale) {
      const id = (sale.id ?? newId(context.now())).toLowerCase();
      const running = selling.get(id);
      if (running) return await running;
      const sold = sell(shopId.toLowerCase(), { ...sale, id }).finally(() => selling.delete(id));
      selling.set(id, sold);
      return await sold;
    },
    flush: flushOnce,
    async waiting() {
      const all = [...(await returns.waiting()), ...(await records())];
      return all.map(({ state, ...record }) => ({ ...record, isQueued: state === 'queued' }));
    },
    conflicts: conflicts.list,
    async retryConflict(id) {
      const record = await conflicts.get(id);
      if (!record) return;
      await store.put(saleKey(id), { ...record, state: 'queued' } satisfies Entry);
      await conflicts.drop(id);
      wake();
    },
    dropConflict: conflicts.drop,
    wake,
    close() {
      stopListening();
      retries.close();
    },
  };
}
