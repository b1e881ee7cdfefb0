import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from '@mikro-orm/postgresql';

const waiting = new AsyncLocalStorage<(() => void)[]>();

/** Calls `done` after the commit of the surrounding `inOneTransaction`, or at once if there is none. */
export function afterCommit(done: () => void): void {
  const callbacks = waiting.getStore();
  if (callbacks) callbacks.push(done);
  else done();
}

/**
 * Runs actions in one transaction; their own transactions become savepoints. Their after-commit work runs after this
 * commit, and is dropped when `work` throws.
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
