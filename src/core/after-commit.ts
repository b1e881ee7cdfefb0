import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from '@mikro-orm/postgresql';

const waiting = new AsyncLocalStorage<(() => void)[]>();

/** Calls `done` once the transaction of `inOneTransaction` has committed; at once where there is none around. */
export function afterCommit(done: () => void): void {
  const callbacks = waiting.getStore();
  if (callbacks) callbacks.push(done);
  else done();
}

/**
 * One transaction around whole actions, whose own ones become savepoints in it. What they do after their commit waits for
 * this one, and is left out when `work` throws.
 */
export async function inOneTransaction<T>(
  em: EntityManager,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  const callbacks: (() => void)[] = [];
  const value = await waiting.run(callbacks, () => em.transactional(work));
  for (const done of callbacks) done();
  return value;
}
