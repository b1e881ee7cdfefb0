import { afterCommit } from './after-commit.ts';
import type { Context } from './context.ts';
import { insertEvents, type NewEvent } from './events/record-events.ts';
import { retrying } from './retrying.ts';

/** A context inside a transaction. `record` keeps an event for the end of it. */
export type Transaction = Context & { record(event: NewEvent): void };

/**
 * Runs `work` in one transaction. Its events are written last, whatever the order in which it recorded them, and
 * the feed is woken once the commit is done: nothing is sent that did not commit, nothing committed is not sent.
 * `work` may run more than once: it changes nothing but the database.
 */
export async function transact<T>(
  context: Context,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const { value, shopIds } = await retrying(() =>
    context.em.transactional(async (em) => {
      const events: NewEvent[] = [];
      const value = await work({ ...context, em, record: (event) => events.push(event) });
      await em.flush();
      const shopIds = [...new Set(events.map((event) => event.shopId))].sort();
      for (const shopId of shopIds) {
        const own = events.filter((event) => event.shopId === shopId);
        await insertEvents(em, shopId, own, context.actor, context.app.now());
      }
      return { value, shopIds };
    }),
  );
  afterCommit(() => {
    for (const shopId of shopIds) context.app.bus.tell({ kind: 'events', shopId });
  });
  return value;
}
