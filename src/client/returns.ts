import type { Order } from '../contract/orders.ts';
import type { Problem } from '../contract/problem.ts';
import type { AnsweredOrders } from './answered-orders.ts';
import type { SendAll } from './batches.ts';
import type { Epochs } from './epochs.ts';
import { isProblem } from './errors.ts';
import type { Entry } from './sales.ts';

type Settle = {
  /** Called for each order that the server had lost. */
  cameBack(record: Entry, result: 'created' | 'same', order: Order): Promise<void>;
  refused(record: Entry, problem: Problem): Promise<void>;
};

export type Returns = {
  isDue(): Promise<boolean>;
  /** Orders still to be returned. */
  waiting(): Promise<Entry[]>;
  /**
   * Returns the newest day of each shop, so that new orders don't wait for all days; resolves to whether another day is left.
   * Throws the error of a rejected batch, except for a shop that the user may not access.
   */
  sendDay(settle: Settle): Promise<boolean>;
};

/**
 * Returns confirmed orders to a server restored from a backup. A day is sent as a whole, and again until every order is
 * confirmed: the server recognizes those it has by id.
 */
export function createReturns(epochs: Epochs, answered: AnsweredOrders, sendAll: SendAll): Returns {
  /** Resolves to whether the whole day was confirmed. */
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
    // Orders without a result yet make the day be sent again.
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
            // A day that can't be completed now must not block the earlier days.
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
