import { OfflineOrder, type ReplayedOrder } from '../../contract/offline-orders.ts';
import type { Order as OrderView } from '../../contract/orders.ts';
import { parse } from '../../contract/parse.ts';
import { ProblemError, problemBody } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import type { Context } from '../context.ts';
import { leasesOfNumbers } from '../devices/leases-of-numbers.ts';
import { createQueues } from '../queue.ts';
import { settingsOf } from '../shops/settings.ts';
import { readOrders } from './find-orders.ts';
import { draftOfflineSale, type OfflineTerms, offlineHash } from './offline-sale.ts';
import { loadForSales } from './sql/load-for-sale.ts';
import { viewOrder } from './view-order.ts';
import { takenOrderId, writeSale } from './write-sale.ts';

/** One after the other: what a batch loads is megabytes, and its sales wait in one line anyway. */
const batches = createQueues({
  atOnce: 1,
  // Every till of a shop whose network comes back.
  waiting: 20,
  busy: 'The sales of other tills are coming in. The till sends these again.',
});

type SentOrder = { id: string } & Record<string, unknown>;
/** A sale of the batch, or what is wrong with it. */
type Sent = { id: string; body: OfflineOrder } | { id: string; problem: ProblemError };
/** The sales that are on the books, of this batch and from before; without a view those of other shops. */
type Known = Map<string, { requestHash: string; order: OrderView | null }>;

/**
 * Takes sales that were made offline onto the books, each by itself: one that can't be taken keeps no other from it, and one
 * that is there already is answered as it stands. Throws `too_busy`.
 */
export async function replayOrders(
  context: Context,
  shopId: string,
  orders: SentOrder[],
): Promise<ReplayedOrder[]> {
  return await batches.run(shopId, async () => {
    const sent = orders.map(parseSale);
    const { terms, known } = await loadBatch(context, shopId, sent);
    const answers: ReplayedOrder[] = [];
    let isLost = false;
    for (const each of sent) {
      if (isLost) answers.push(retryLater(each.id));
      else answers.push(await replay(context, terms, known, each));
      isLost = isLost || (answers.at(-1)?.result === 'retry' && !(await isThere(context)));
    }
    return answers;
  });
}

function parseSale({ id, ...rest }: SentOrder): Sent {
  try {
    return { id, body: parse(OfflineOrder, { id, ...rest }) };
  } catch (error) {
    if (error instanceof ProblemError) return { id, problem: error };
    throw error;
  }
}

async function loadBatch({ em }: Context, shopId: string, sent: Sent[]) {
  const bodies = sent.flatMap((each) => ('body' in each ? [each.body] : []));
  const productIds = new Set(bodies.flatMap(({ items }) => items.map((line) => line.productId)));
  const orderIds = bodies.map(({ id }) => id);
  const { shop, earlier, products } = await loadForSales(em, shopId, orderIds, [...productIds]);
  const numbers = bodies.flatMap(({ orderNumber }) => orderNumber ?? []);
  const terms: OfflineTerms = {
    shop,
    settings: settingsOf(shop),
    products: new Map(products.map((product) => [product.id, product])),
    leases: await leasesOfNumbers(em, shop, numbers),
  };
  const own = earlier.filter((order) => order.shopId === shopId).map(({ id }) => id);
  const parts = own.length === 0 ? null : await readOrders(em, shopId, own);
  const known: Known = new Map(
    earlier.map(({ id, requestHash }) => {
      const found = parts?.get(id);
      return [id, { requestHash, order: found ? viewOrder(found) : null }];
    }),
  );
  return { terms, known };
}

async function replay(
  context: Context,
  terms: OfflineTerms,
  known: Known,
  sent: Sent,
): Promise<ReplayedOrder> {
  const { id } = sent;
  try {
    if ('problem' in sent) throw sent.problem;
    const requestHash = offlineHash(sent.body);
    const earlier = known.get(id);
    if (earlier) {
      if (earlier.requestHash !== requestHash || !earlier.order) throw takenOrderId();
      return { id, result: 'same', order: earlier.order };
    }
    const row = draftOfflineSale(context.actor, terms, sent.body, context.app.now());
    const { order, isReplay } = await writeSale(context, row);
    known.set(id, { requestHash, order });
    return { id, result: isReplay ? 'same' : 'created', order };
  } catch (error) {
    if (!(error instanceof ProblemError)) {
      context.app.log.error({ err: error, orderId: id }, 'a sale that was made offline could not be written');
      return retryLater(id);
    }
    const result = error.code === 'too_busy' ? 'retry' : 'conflict';
    return { id, result, problem: problemBody(error) };
  }
}

const retryLater = (id: string): ReplayedOrder => {
  const problem = new ProblemError('internal', {
    detail: 'It could not be written now. The till sends it again.',
  });
  return { id, result: 'retry', problem: problemBody(problem) };
};

/** Whether the database still answers: when it is gone, no sale need wait for it in vain. */
const isThere = async ({ em }: Context) =>
  await query(em, 'SELECT 1').then(
    () => true,
    () => false,
  );
