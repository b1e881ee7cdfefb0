import { type Order, placeOrder } from '../contract/orders.ts';
import type { Problem } from '../contract/problem.ts';
import { createBatches } from './batches.ts';
import { type Call, type Context, tell } from './context.ts';
import { isProblem, localProblem, NoAnswerError } from './errors.ts';
import { newId } from './ids.ts';
import type { Leases } from './leases.ts';
import { isPassing, isUnanswered } from './meanings.ts';
import { patiently, pauseFor } from './pauses.ts';
import {
  type Conflict,
  checkSale,
  type Entry,
  type Flushed,
  queuedOf,
  type Sale,
  type SentSale,
  type Sold,
  type WaitingSale,
} from './sales.ts';

const saleKey = (id: string) => `sale/${id}`;
const conflictKey = (id: string) => `conflict/${id}`;

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

/** Keeps every sale in the store from before it is sent until it is answered, and sends what waits. */
export function createOutbox(
  context: Context,
  call: Call,
  leases: Leases,
  isSignedIn: () => Promise<boolean>,
  hooks: OutboxHooks,
): Outbox {
  const { store, line } = context;
  const sendAll = createBatches(context, call);
  const selling = new Map<string, Promise<Sold>>();
  let flushing: Promise<Flushed> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let failures = 0;
  /** By `performance.now()`: the server asked to hear nothing of the outbox before. */
  let notBefore = 0;
  /** A first try of another tab, or of one that crashed, is over after this. */
  const strayMs = 3 * context.timeoutMs;

  async function records(): Promise<Entry[]> {
    const found = (await store.list('sale/')).map(([, value]) => value as Entry);
    return found.sort((a, b) =>
      a.placedAt === b.placedAt ? (a.id < b.id ? -1 : 1) : a.placedAt < b.placedAt ? -1 : 1,
    );
  }

  async function sell(shopId: string, given: Sale & { id: string }): Promise<Sold> {
    const placedAt = new Date(context.now()).toISOString();
    const { approval, ...sale } = JSON.parse(JSON.stringify(given)) as Sale & { id: string };
    checkSale(sale, approval, placedAt);
    if (!(await isSignedIn())) throw localProblem('unauthenticated', 'Sign in before you sell.');
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
      // Left behind it would be sent again, and answered as known.
      await remove(sale.id).catch(context.onError);
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
    const items = sale.items.map(({ listPrice: _, ...item }) => item);
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

  async function flush(): Promise<Flushed> {
    const flushed: Flushed = { sent: [], conflicts: [], left: 0, error: null };
    const cut = context.now() - strayMs;
    const all = (await records()).filter(
      ({ id, state, placedAt }) => !selling.has(id) && (state === 'queued' || Date.parse(placedAt) < cut),
    );
    if (all.length === 0) return { ...flushed, left: (await records()).length };
    if (!(await isSignedIn())) {
      const error = localProblem('unauthenticated', 'Sign in to send the sales that wait.');
      return { ...flushed, left: all.length, error };
    }
    const settle = {
      taken: (record: Entry, result: 'created' | 'same', order: Order) =>
        takeOff(record, result, order, flushed),
      refused: (record: Entry, problem: Problem) => putAside(record, problem, flushed),
    };
    for (const shopId of new Set(all.map((record) => record.shopId))) {
      try {
        await sendAll(
          shopId,
          all.filter((record) => record.shopId === shopId),
          settle,
        );
      } catch (error) {
        flushed.error ??= error as Error;
        // Of a shop that this person may not sell in, the others are not to suffer.
        if (!isProblem(error, 'not_found', 'forbidden')) break;
      }
    }
    flushed.left = (await records()).length;
    return flushed;
  }

  async function takeOff(
    record: Entry,
    result: 'created' | 'same',
    order: Order,
    flushed: Flushed,
  ): Promise<void> {
    await remove(record.id);
    const sent = { id: record.id, shopId: record.shopId, result, order, printed: record.orderNumber };
    flushed.sent.push(sent);
    await tell(context, () => hooks.onSaleSent?.(sent));
  }

  async function putAside(record: Entry, problem: Problem, flushed: Flushed): Promise<void> {
    const { state: _, ...rest } = record;
    const conflict: Conflict = { ...rest, problem, at: new Date(context.now()).toISOString() };
    // First there, then not here: a crash in between leaves it in both, and never in none.
    await store.put(conflictKey(record.id), conflict);
    await remove(record.id);
    flushed.conflicts.push(conflict);
    await tell(context, () => hooks.onSaleConflict?.(conflict));
  }

  const flushOnce = () => {
    flushing ??= flush().finally(() => {
      flushing = null;
    });
    return flushing;
  };

  /** One try, and the next one planned while something is left. */
  async function run(): Promise<void> {
    let trouble: unknown = null;
    try {
      const { sent, left, error } = await flushOnce();
      if (sent.length > 0) failures = 0;
      // Signing in wakes it again.
      if (left === 0 || isProblem(error, 'unauthenticated')) {
        failures = 0;
        return;
      }
      trouble = error;
    } catch (error) {
      if (context.closed.aborted) return;
      trouble = error;
    }
    failures += 1;
    plan(trouble);
    if (trouble && !isPassing(trouble)) context.onError(trouble);
  }

  function plan(trouble: unknown = null): void {
    if (timer || context.closed.aborted) return;
    const pauseMs = pauseFor(trouble, Math.max(1, failures), context.pauses);
    if (isProblem(trouble) && trouble.retryAfterMs !== null) notBefore = performance.now() + pauseMs;
    planIn(Math.max(pauseMs, notBefore - performance.now()));
  }

  function planIn(ms: number): void {
    timer = setTimeout(() => {
      timer = null;
      void run();
    }, ms);
  }

  function wake(): void {
    if (context.closed.aborted) return;
    failures = 0;
    if (timer) clearTimeout(timer);
    timer = null;
    const waitMs = notBefore - performance.now();
    if (waitMs > 0) planIn(waitMs);
    else void run();
  }

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
      return (await records()).map(({ state, ...record }) => ({ ...record, isQueued: state === 'queued' }));
    },
    async conflicts() {
      const found = (await store.list('conflict/')).map(([, value]) => value as Conflict);
      return found.sort((a, b) => (a.placedAt < b.placedAt ? -1 : 1));
    },
    async retryConflict(id) {
      const conflict = (await store.get(conflictKey(id))) as Conflict | undefined;
      if (!conflict) return;
      const { problem: _problem, at: _at, ...record } = conflict;
      await store.put(saleKey(id), { ...record, state: 'queued' } satisfies Entry);
      await store.delete(conflictKey(id));
      wake();
    },
    dropConflict: (id) => store.delete(conflictKey(id)),
    wake,
    close() {
      stopListening();
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}
