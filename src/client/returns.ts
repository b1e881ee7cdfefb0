import type { Order } from '../contract/orders.ts';
import type { Problem } from '../contract/problem.ts';
import type { AnsweredOrders } from './answered-orders.ts';
import type { SendAll } from './batches.ts';
import type { Epochs } from './epochs.ts';
import { isProblem } from './errors.ts';
import type { Entry } from './sales.ts';

type Settle = {
  /** Of thousands that are sent, those that the server had lost. */
  cameBack(record: Entry, result: 'created' | 'same', order: Order): Promise<void>;
  refused(record: Entry, problem: Problem): Promise<void>;
};

export type Returns = {
  isDue(): Promise<boolean>;
  /** Orders that are still to be brought back. */
  waiting(): Promise<Entry[]>;
  /**
   * Brings back the newest day of each shop, so that what is sold meanwhile doesn't wait for all of them; gives whether there is
   * another one. Throws what a batch is refused with, other than of a shop that is not theirs.
   */
  sendDay(settle: Settle): Promise<boolean>;
};

/**
 * Brings orders that were answered back to a server whose data was restored from a backup. Each day is sent whole, and again until
 * all of it was answered: what the server has, it knows by its id.
 */
export function createReturns(epochs: Epochs, answered: AnsweredOrders, sendAll: SendAll): Returns {
  /** Gives whether all of it was answered. */
  async function send(shopId: string, day: string, settle: Settle): Promise<boolean> {
    const kept = await epochs.ofDay(shopId, day);
    const receivedAt = new Map(kept.map((record) => [record.id, record.receivedAt]));
    const sales = kept.map(({ receivedAt: _, ...entry }): Entry => entry);
    let settled = 0;
    await sendAll(shopId, sales, {
      async taken(record, result, order) {
        const isAsAnswered = result === 'same' && (order.receivedAt ?? null) === receivedAt.get(record.id);
        if (!isAsAnswered) {
          await settle.cameBack(record, result, order);
          await answered.received(record, order);
        }
        settled += 1;
      },
      async refused(record, problem) {
        await settle.refused(record, problem);
        settled += 1;
      },
    });
    // Some are to be sent again: then, the day is.
    const isDone = settled === kept.length;
    if (isDone) await epochs.isDone(shopId, day);
    return isDone;
  }

  return {
    isDue: async () => (await epochs.shops()).length > 0,
    async waiting() {
      const waiting: Entry[] = [];
      for (const shopId of await epochs.shops()) {
        for (const day of await epochs.days(shopId)) {
          waiting.push(...(await epochs.ofDay(shopId, day)).map(({ receivedAt: _, ...entry }) => entry));
        }
      }
      return waiting;
    },
    async sendDay(settle) {
      let hasNext = false;
      for (const shopId of await epochs.shops()) {
        const days = (await epochs.days(shopId)).reverse();
        try {
          for (const [n, day] of days.entries()) {
            // One of which something can't be taken now keeps none from the days before it.
            if (!(await send(shopId, day, settle))) continue;
            if (n < days.length - 1) hasNext = true;
            break;
          }
        } catch (error) {
          if (!isProblem(error, 'not_found', 'forbidden')) throw error;
        }
      }
      return hasNext;
    },
  };
}
