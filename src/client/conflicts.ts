import type { Problem } from '../contract/problem.ts';
import type { Context } from './context.ts';
import type { Conflict, Entry } from './sales.ts';

const PREFIX = 'conflict/';
const keyOf = (id: string) => `${PREFIX}${id}`;

export type Conflicts = {
  add(record: Entry, problem: Problem): Promise<Conflict>;
  /** The entry as it was in the outbox. */
  get(id: string): Promise<Omit<Entry, 'state'> | null>;
  list(): Promise<Conflict[]>;
  drop(id: string): Promise<void>;
};

/** Keeps orders that the server rejects until somebody retries or drops them. */
export function createConflicts({ store, now }: Pick<Context, 'store' | 'now'>): Conflicts {
  return {
    async add({ state: _, ...record }, problem) {
      const conflict: Conflict = { ...record, problem, at: new Date(now()).toISOString() };
      await store.put(keyOf(record.id), conflict);
      return conflict;
    },
    async get(id) {
      const conflict = (await store.get(keyOf(id))) as Conflict | undefined;
      if (!conflict) return null;
      const { problem: _, at: __, ...record } = conflict;
      return record;
    },
    async list() {
      const found = (await store.list(PREFIX)).map(([, value]) => value as Conflict);
      return found.sort((a, b) => (a.placedAt < b.placedAt ? -1 : 1));
    },
    drop: (id) => store.delete(keyOf(id)),
  };
}
