import type { EntityManager } from '@mikro-orm/postgresql';
import { type AuditRow, type RecordKind, recordsAfter } from './sql/read-records.ts';

/** The records of one kind on the way through a chain, in the order of their seq; a batch of them is in memory. */
export type Track = {
  /** The next one, which stays the next one until it is taken; null at the end. */
  peek(): Promise<AuditRow | null>;
  take(): void;
  /** The seq that comes next if nothing is missing. */
  next: number;
  /** A seal is missing or can't be read: what it covered can't be checked. */
  isBlind: boolean;
};

export function openTrack(em: EntityManager, chainId: string, kind: RecordKind): Track {
  let rows: AuditRow[] = [];
  let index = 0;
  let after = Number.MIN_SAFE_INTEGER;
  let isAll = false;
  return {
    async peek() {
      while (index === rows.length && !isAll) {
        ({ rows, isAll } = await recordsAfter(em, chainId, kind, after));
        after = rows.at(-1)?.seq ?? after;
        index = 0;
      }
      return rows[index] ?? null;
    },
    take() {
      index += 1;
    },
    next: 1,
    isBlind: false,
  };
}
