import { type ReplayedOrder, replayOrders } from '../contract/offline-orders.ts';
import type { Order } from '../contract/orders.ts';
import { limits } from '../contract/primitives.ts';
import type { Problem } from '../contract/problem.ts';
import type { Call, Context } from './context.ts';
import { isProblem, NoAnswerError, type ProblemAnswer } from './errors.ts';
import type { Entry } from './sales.ts';

/** Well below what the server takes (4 MiB): on a poor line a megabyte is already most of a minute. */
const BATCH_BYTES = 1024 * 1024;
/** 500 sales take the server seconds, and a megabyte takes a poor line most of a minute: so many times what a call has. */
const BATCH_TIMEOUTS = 6;

/** What becomes of a sale that was answered. */
export type Settle = {
  taken(record: Entry, result: 'created' | 'same', order: Order): Promise<void>;
  refused(record: Entry, problem: Problem): Promise<void>;
};

/** Sends sales of a shop, the oldest first, until all were answered. Throws what the first batch that can't go is refused with. */
export type SendAll = (shopId: string, waiting: Entry[], settle: Settle) => Promise<void>;

/** So many at a time as the line bears, which it finds out. */
export function createBatches(context: Context, call: Call): SendAll {
  let batchSize: number = limits.batchOrders;

  async function sendAll(shopId: string, waiting: Entry[], settle: Settle): Promise<void> {
    for (let rest = waiting; rest.length > 0; ) {
      const batch = firstOf(rest);
      try {
        await sendBatch(shopId, batch, settle);
        batchSize = Math.min(limits.batchOrders, batchSize * 2);
      } catch (error) {
        if (error instanceof NoAnswerError) context.line.wentDown();
        // A line that is too slow for this many may do for fewer, next time.
        if (mayBeTooMany(error)) batchSize = Math.ceil(batch.length / 2);
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

  /** A batch that is refused as a whole is halved until the one is found that is refused. */
  async function sendBatch(shopId: string, batch: Entry[], settle: Settle): Promise<void> {
    const body = { orders: batch.map(wireOf) };
    let answers: ReplayedOrder[];
    try {
      const options = { timeoutMs: BATCH_TIMEOUTS * context.timeoutMs };
      ({ data: answers } = await call(replayOrders, { params: { shopId }, body }, options));
    } catch (error) {
      if (!isProblem(error, 'invalid_json', 'invalid_request', 'body_too_large')) throw error;
      const [only] = batch as [Entry];
      if (batch.length === 1) return await settle.refused(only, problemOf(error));
      const middle = Math.ceil(batch.length / 2);
      await sendBatch(shopId, batch.slice(0, middle), settle);
      return await sendBatch(shopId, batch.slice(middle), settle);
    }
    const byId = new Map(answers.map((answer) => [answer.id.toLowerCase(), answer]));
    for (const record of batch) {
      const answer = byId.get(record.id);
      if (!answer || answer.result === 'retry') continue;
      if (answer.result === 'conflict') await settle.refused(record, answer.problem as Problem);
      else await settle.taken(record, answer.result, answer.order);
    }
  }

  return sendAll;
}

/**
 * Whoever waits too long for the rest of a request may say so, only hang up, or answer with a page of its own, as a proxy
 * does that takes no more than so much. Of a line that is down it comes to the same: a few more calls when it is back.
 */
const mayBeTooMany = (error: unknown) =>
  error instanceof NoAnswerError || isProblem(error, 'request_timeout');

const wireOf = ({ sale, placedAt, orderNumber }: Entry) => ({
  ...sale,
  placedAt,
  ...(orderNumber ? { orderNumber } : {}),
});

const problemOf = (error: ProblemAnswer): Problem => ({
  type: `urn:smoocho:problem:${error.code}`,
  title: error.message,
  status: error.status,
  ...(error.detail === undefined ? {} : { detail: error.detail }),
  ...(error.errors === undefined ? {} : { errors: error.errors }),
});
