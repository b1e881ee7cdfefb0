import { setImmediate } from 'node:timers/promises';
import { OfflineOrder, type ReplayedOrder } from '../../contract/offline-orders.ts';
import type { Order as OrderView } from '../../contract/orders.ts';
import { parse } from '../../contract/parse.ts';
import { ProblemError, problemBody } from '../../contract/problem.ts';
import { isTrouble } from '../../database/pg-trouble.ts';
import { query } from '../../database/query.ts';
import { requireStanding } from '../auth/standing.ts';
import type { Context } from '../context.ts';
import { leasesOfNumbers } from '../devices/leases-of-numbers.ts';
import { findRestoredBooks } from '../epochs/numbers-before.ts';
import { createQueues } from '../queue.ts';
import { settingsOf } from '../shops/settings.ts';
import { findSellers, isAsAnswered } from './brought-back.ts';
import { readOrders } from './find-orders.ts';
import { flagPrintedNumber } from './flag-number.ts';
import { draftOfflineSale, type OfflineTerms, offlineHash } from './offline-sale.ts';
import { isSameSale } from './sale-hash.ts';
import type { NewOrderRow } from './sql/insert-order.ts';
import { loadForSales } from './sql/load-for-sale.ts';
import { viewOrder } from './view-order.ts';
import { takenOrderId, writeSale, writeSales } from './write-sale.ts';

/** One after the other: what a batch loads is megabytes, and its sales wait in one line anyway. */
const batches = createQueues({
  atOnce: 1,
  // Every till of a shop whose network comes back.
  waiting: 20,
  busy: 'The sales of other tills are coming in. The till sends these again.',
});

/** Written at once: the disk is waited for a tenth as often, and the tills that sell meanwhile wait for no more than these. */
const TOGETHER = 10;

type SentOrder = { id: string } & Record<string, unknown>;
/** A sale of the batch, or what is wrong with it. */
type Sent = { id: string; body: OfflineOrder } | { id: string; problem: ProblemError };
/** The sales that are on the books, of this batch and from before; without a view those of other shops. */
type Known = Map<string, { requestHash: string; order: OrderView | null }>;
type Batch = { context: Context; terms: OfflineTerms; known: Known };

/**
 * Stores orders that were placed offline or are sent again after a restore, each on its own: a rejected one does not stop the
 * others, and an existing one is returned as stored. Throws `too_busy`, CommitWaitError.
 */
export async function replayOrders(
  context: Context,
  shopId: string,
  orders: SentOrder[],
): Promise<ReplayedOrder[]> {
  return await batches.run(shopId, async () => {
    await requireStanding(context, shopId);
    const sent = await parseSales(orders);
    const batch = await loadBatch(context, shopId, sent);
    const answers: ReplayedOrder[] = [];
    for (let start = 0; start < sent.length; start += TOGETHER) {
      const some = sent.slice(start, start + TOGETHER);
      const written = await writeTogether(batch, some);
      for (const each of some) {
        const answer = written.get(each) ?? (await replay(batch, each));
        answers.push(answer);
        if (answer.result !== 'retry' || (await mayGoOn(context, answer))) continue;
        return [...answers, ...sent.slice(answers.length).map(({ id }) => retryLater(id))];
      }
    }
    return answers;
  });
}

async function parseSales(orders: SentOrder[]): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (const order of orders) {
    sent.push(parseSale(order));
    // Four megabytes at one go would keep every other request waiting.
    if (sent.length % TOGETHER === 0) await setImmediate();
  }
  return sent;
}

function parseSale({ id, ...rest }: SentOrder): Sent {
  try {
    return { id, body: parse(OfflineOrder, { id, ...rest }) };
  } catch (error) {
    if (error instanceof ProblemError) return { id, problem: error };
    throw error;
  }
}

async function loadBatch(context: Context, shopId: string, sent: Sent[]): Promise<Batch> {
  const { em } = context;
  const bodies = sent.flatMap((each) => ('body' in each ? [each.body] : []));
  const productIds = new Set(bodies.flatMap(({ items }) => items.map((line) => line.productId)));
  const orderIds = bodies.map(({ id }) => id);
  const { shop, earlier, products } = await loadForSales(em, shopId, orderIds, [...productIds]);
  const numbers = bodies.flatMap(({ orderNumber }) => orderNumber ?? []);
  const restored = await findRestoredBooks(em, shopId, shop.epoch);
  const answered = restored ? bodies.flatMap((body) => body.answered ?? []) : [];
  const terms: OfflineTerms = {
    shop,
    settings: settingsOf(shop),
    products: new Map(products.map((product) => [product.id, product])),
    leases: await leasesOfNumbers(em, shop, numbers),
    restored,
    sellers: await findSellers(em, shopId, answered),
  };
  // Answered as stored, so the standby must have them, too.
  if (earlier.length > 0) await context.app.standby.confirm(em);
  const own = earlier.filter((order) => order.shopId === shopId).map(({ id }) => id);
  const parts = own.length === 0 ? null : await readOrders(em, shopId, own);
  const known: Known = new Map(
    earlier.map(({ id, requestHash }) => {
      const found = parts?.get(id);
      return [id, { requestHash, order: found ? viewOrder(found) : null }];
    }),
  );
  return { context, terms, known };
}

/** The answers of those sales that went in at one go: of all that look sound, or of none. */
async function writeTogether(batch: Batch, sent: Sent[]): Promise<Map<Sent, ReplayedOrder>> {
  const { context, terms, known } = batch;
  const drafts = new Map<string, { each: Sent; row: NewOrderRow }>();
  for (const each of sent) {
    if (drafts.has(each.id) || known.has(each.id)) continue;
    const row = attempt(() => draft(batch, each));
    if (row) drafts.set(each.id, { each, row });
  }
  if (drafts.size < 2) return new Map();
  const list = [...drafts.values()];
  const rows = list.map(({ row }) => row);
  const orders = await writeSales(context, terms.shop.id, rows).catch(() => null);
  if (!orders) return new Map();
  return new Map(
    list.map(({ each, row }, index) => {
      const order = orders[index] as OrderView;
      known.set(order.id, { requestHash: row.requestHash, order });
      return [each, { id: order.id, result: 'created', order }];
    }),
  );
}

/** Undefined for what can't be done: whoever does it again, one by one, hears why. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function draft({ context, terms }: Batch, sent: Sent): NewOrderRow {
  if ('problem' in sent) throw sent.problem;
  return draftOfflineSale(context, terms, sent.body, context.app.now());
}

async function replay(batch: Batch, sent: Sent): Promise<ReplayedOrder> {
  const { context, terms, known } = batch;
  const { id } = sent;
  try {
    const earlier = known.get(id);
    if (earlier && 'body' in sent) {
      const { keys } = context.app;
      const { requestHash, order } = earlier;
      if (!order) throw takenOrderId();
      const isSame =
        isSameSale(keys, requestHash, offlineHash(keys, sent.body)) || isAsAnswered(terms, sent.body, order);
      if (!isSame) throw takenOrderId();
      return { id, result: 'same', order: await withPrinted(context, order, sent.body) };
    }
    const row = draft(batch, sent);
    const { order, isReplay } = await writeSale(context, row);
    known.set(id, { requestHash: row.requestHash, order });
    if (!isReplay) return { id, result: 'created', order };
    return {
      id,
      result: 'same',
      order: 'body' in sent ? await withPrinted(context, order, sent.body) : order,
    };
  } catch (error) {
    if (!(error instanceof ProblemError)) {
      context.app.log.error({ err: error, orderId: id }, 'a sale that was made offline could not be written');
      return retryLater(id, isTrouble(error, ...OF_ALL) ? 'unavailable' : 'internal');
    }
    const result = error.code === 'too_busy' ? 'retry' : 'conflict';
    return { id, result, problem: problemBody(error) };
  }
}

/** The order as it stands, flagged if its bill was printed with another number. */
async function withPrinted(
  context: Context,
  order: OrderView,
  { orderNumber: printed }: OfflineOrder,
): Promise<OrderView> {
  const isAsPrinted = printed === undefined || printed === order.orderNumber;
  if (isAsPrinted || order.flags.some(({ code }) => code === 'number_differs')) return order;
  return await flagPrintedNumber(context, order.shopId, order.id, printed);
}

const retryLater = (id: string, code: 'internal' | 'unavailable' = 'internal'): ReplayedOrder => {
  const problem = new ProblemError(code, {
    detail: 'It could not be written now. The till sends it again.',
  });
  return { id, result: 'retry', problem: problemBody(problem) };
};

/** Whether other sales have a chance: when the database is gone, or confirms no commit, none need wait for it in vain. */
async function mayGoOn({ em }: Context, answer: ReplayedOrder): Promise<boolean> {
  if ('problem' in answer && answer.problem.type === UNAVAILABLE) return false;
  return await query(em, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

/** Trouble that stops the whole batch. A lock timeout or a deadlock concerns one order. */
const OF_ALL = ['gone', 'starting', 'unconfirmed', 'full', 'broken', 'short', 'crowded', 'busy'] as const;

const UNAVAILABLE = problemBody(new ProblemError('unavailable')).type;
