import type { Context } from './context.ts';
import { insertEvents, type NewEvent } from './events/record-events.ts';

/** A context inside a transaction. `record` keeps an event for the end of it. */
export type Transaction = Context & { record(event: NewEvent): void };

/**
 * Runs `work` in one transaction. Its events are written last, whatever the order in which it recorded them, and
 * the feed is woken once the commit is done: nothing is sent that did not commit, nothing committed is not sent.
 */
export async function transact<T>(
  context: Context,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const events: NewEvent[] = [];
  const shopIds = () => [...new Set(events.map((event) => event.shopId))].sort();
  const result = await context.em.transactional(async (em) => {
    const value = await work({ ...context, em, record: (event) => events.push(event) });
    await em.flush();
    for (const shopId of shopIds()) {
      const own = events.filter((event) => event.shopId === shopId);
      await insertEvents(em, shopId, own, context.actor, context.app.now());
    }
    return value;
  });
  for (const shopId of shopIds()) context.app.wake(shopId);
  return result;
}
