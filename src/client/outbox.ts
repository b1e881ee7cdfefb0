import {
  OfflineOrder,
  type OfflineOrderInput,
  type ReplayedOrder,
  replayOrders,
} from '../contract/offline-orders.ts';
import { NewOrder, type Order, placeOrder } from '../contract/orders.ts';
import { parse } from '../contract/parse.ts';
import { limits } from '../contract/primitives.ts';
import { type Problem, ProblemError } from '../contract/problem.ts';
import type { Approval } from '../contract/users.ts';
import { type Call, type Context, tell } from './context.ts';
import { isProblem, localProblem, NoAnswerError, ProblemAnswer } from './errors.ts';
import { newId } from './ids.ts';
import type { Leases } from './leases.ts';
import { pauseAfter } from './pauses.ts';

/** Well below what the server takes (4 MiB): on a poor line a megabyte is already most of a minute. */
const BATCH_BYTES = 1024 * 1024;
/** 500 sales take the server seconds, and a megabyte takes a poor line most of a minute: so many times what a call has. */
const BATCH_TIMEOUTS = 6;
/** Smaller ones gain nothing. */
const LEAST_BATCH = 10;

/** A sale as it is kept. Not its approval: a manager's password is not for keeping on a till. */
type KeptSale = Omit<OfflineOrderInput, 'placedAt' | 'orderNumber' | 'approval'>;
/** A sale: what the order route takes, its `id` made here if it has none, each line with the menu's `listPrice` if known. */
export type Sale = Omit<KeptSale, 'id'> & { id?: string; approval?: Approval };

/** A sale that waits for the line; `orderNumber` is what to print on its bill, null where the device has no numbers left. */
export type QueuedSale = { id: string; orderNumber: string | null; placedAt: string };
export type Sold = { status: 'sold'; order: Order } | { status: 'queued'; sale: QueuedSale };

export type WaitingSale = QueuedSale & {
  shopId: string;
  sale: KeptSale;
  /**
   * False while its first try is under way, and after a crash in that moment: then nobody was told how it ended, and it
   * goes out with the others.
   */
  isQueued: boolean;
};
/** `printed` is the number on its bill if it was given one; the books have `order.orderNumber`. */
export type SentSale = {
  id: string;
  shopId: string;
  result: 'created' | 'same';
  order: Order;
  printed: string | null;
};
/** A sale that the server can't take as it is. It is kept until somebody says what becomes of it. */
export type Conflict = QueuedSale & {
  shopId: string;
  sale: KeptSale;
  problem: Problem;
  at: string;
};

export type Flushed = {
  sent: SentSale[];
  conflicts: Conflict[];
  /** How many are still to go. */
  left: number;
  /** Why they did not go. */
  error: Error | null;
};

type Entry = Omit<WaitingSale, 'isQueued'> & { state: 'sending' | 'queued' };

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
  const selling = new Map<string, Promise<Sold>>();
  let flushing: Promise<Flushed> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let failures = 0;
  let batchSize: number = limits.batchOrders;
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
    check(sale, approval, placedAt);
    if (!(await isSignedIn())) throw localProblem('unauthenticated', 'Sign in before you sell.');
    const earlier = (await store.get(saleKey(sale.id))) as Entry | undefined;
    if (earlier?.state === 'queued') return queuedOf(earlier);

    const record: Entry = { id: sale.id, shopId, sale, placedAt, orderNumber: null, state: 'sending' };
    await store.put(saleKey(sale.id), earlier ?? record);
    // A line that was down a moment ago lets a customer wait for nothing: flush finds out when it is back.
    if (line.isDown()) return await queue(earlier ?? record);
    try {
      const order = await placeOnline(shopId, { ...sale, ...(approval ? { approval } : {}) });
      // Left behind it would be sent again, and answered as known.
      await remove(sale.id).catch(context.onError);
      return { status: 'sold', order };
    } catch (error) {
      // A wrong approval that was tried too often: without any, the sale is not to be taken.
      const isDelayed = approval !== undefined && isProblem(error, 'too_many_requests');
      if (!isUnsure(error) || isDelayed) {
        await remove(sale.id);
        throw error;
      }
      if (error instanceof NoAnswerError) line.wentDown();
      return await queue(earlier ?? record);
    }
  }

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

  async function queue(record: Entry): Promise<Sold> {
    const queued: Entry = { ...record, state: 'queued' };
    try {
      queued.orderNumber ??= await leases.take(record.shopId, Date.parse(record.placedAt));
      await store.put(saleKey(record.id), queued);
    } catch (error) {
      // It is in the store as it was, and goes out; only without a number of its own.
      context.onError(error);
      queued.orderNumber = null;
    }
    plan();
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
    for (const shopId of new Set(all.map((record) => record.shopId))) {
      try {
        await sendAll(
          shopId,
          all.filter((record) => record.shopId === shopId),
          flushed,
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

  async function sendAll(shopId: string, waiting: Entry[], flushed: Flushed): Promise<void> {
    for (let rest = waiting; rest.length > 0; ) {
      const batch = firstOf(rest);
      try {
        await sendBatch(shopId, batch, flushed);
        batchSize = Math.min(limits.batchOrders, batchSize * 2);
      } catch (error) {
        if (error instanceof NoAnswerError) line.wentDown();
        // A line that is too slow for this many may do for fewer, next time.
        if (error instanceof NoAnswerError && error.reason === 'timeout') {
          batchSize = Math.max(LEAST_BATCH, Math.ceil(batch.length / 2));
        }
        throw error;
      }
      rest = rest.slice(batch.length);
    }
  }

  /** The oldest sales, as many as fit. */
  function firstOf(waiting: Entry[]): Entry[] {
    let bytes = 0;
    const fits = waiting.findIndex((record, i) => {
      bytes += new TextEncoder().encode(JSON.stringify(wireOf(record))).length + 1;
      return i > 0 && (i >= batchSize || bytes > BATCH_BYTES);
    });
    return fits < 0 ? waiting : waiting.slice(0, fits);
  }

  const wireOf = ({ sale, placedAt, orderNumber }: Entry) => ({
    ...sale,
    placedAt,
    ...(orderNumber ? { orderNumber } : {}),
  });

  /** A batch that is refused as a whole is halved until the one is found that is refused. */
  async function sendBatch(shopId: string, batch: Entry[], flushed: Flushed): Promise<void> {
    const body = { orders: batch.map(wireOf) };
    let answers: ReplayedOrder[];
    try {
      const options = { timeoutMs: BATCH_TIMEOUTS * context.timeoutMs };
      ({ data: answers } = await call(replayOrders, { params: { shopId }, body }, options));
    } catch (error) {
      if (!isProblem(error, 'invalid_json', 'invalid_request', 'body_too_large')) throw error;
      const [only] = batch as [Entry];
      if (batch.length === 1) return await putAside(only, problemOf(error), flushed);
      const middle = Math.ceil(batch.length / 2);
      await sendBatch(shopId, batch.slice(0, middle), flushed);
      return await sendBatch(shopId, batch.slice(middle), flushed);
    }
    const byId = new Map(answers.map((answer) => [answer.id.toLowerCase(), answer]));
    for (const record of batch) {
      const answer = byId.get(record.id);
      if (!answer || answer.result === 'retry') continue;
      if (answer.result === 'conflict') await putAside(record, answer.problem as Problem, flushed);
      else await takeOff(record, answer.result, answer.order, flushed);
    }
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
    try {
      const { sent, left, error } = await flushOnce();
      if (sent.length > 0) failures = 0;
      // Signing in wakes it again.
      if (left === 0 || isProblem(error, 'unauthenticated')) {
        failures = 0;
        return;
      }
      if (error && !(error instanceof NoAnswerError) && !isProblem(error, 'too_busy')) context.onError(error);
    } catch (error) {
      if (context.closed.aborted) return;
      context.onError(error);
    }
    failures += 1;
    plan();
  }

  function plan(): void {
    if (timer || context.closed.aborted) return;
    timer = setTimeout(
      () => {
        timer = null;
        void run();
      },
      pauseAfter(Math.max(1, failures), context.pauses),
    );
  }

  function wake(): void {
    if (context.closed.aborted) return;
    failures = 0;
    if (timer) clearTimeout(timer);
    timer = null;
    void run();
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

const queuedOf = ({ id, orderNumber, placedAt }: Entry): Sold => ({
  status: 'queued',
  sale: { id, orderNumber, placedAt },
});

/** Whether it may have been done, or can still be: no answer, or one that says that the server is in trouble. */
const isUnsure = (error: unknown) =>
  error instanceof NoAnswerError ||
  (error instanceof ProblemAnswer && (error.status >= 500 || error.status === 429));

/** What the server would refuse for its form is refused here, so that nothing waits that can never go. */
function check(sale: Sale & { id: string }, approval: Sale['approval'], placedAt: string): void {
  const items = sale.items?.map?.(({ listPrice: _, ...item }) => item);
  try {
    parse(NewOrder, { ...sale, items, ...(approval ? { approval } : {}) });
    parse(OfflineOrder, { ...sale, placedAt });
  } catch (error) {
    if (error instanceof ProblemError) throw localProblem(error.code, error.message, error.errors);
    throw error;
  }
}

const problemOf = (error: ProblemAnswer): Problem => ({
  type: `urn:smoocho:problem:${error.code}`,
  title: error.message,
  status: error.status,
  ...(error.detail === undefined ? {} : { detail: error.detail }),
  ...(error.errors === undefined ? {} : { errors: error.errors }),
});
