import { readFileSync } from 'node:fs';
import { childrenOf } from '../test/support/processes.ts';

// What a process and all that it started take of a machine (Linux).

export type Memory = { name: string; pssMb: number };

/** The process and everything below it. */
export const treeOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(treeOf)];

/**
 * Memory of each process of a tree in MB. Proportional: what PostgreSQL's processes share is divided among them, so that the
 * sum is what the machine gives up.
 */
export const memoryOf = (pid: number): Memory[] =>
  treeOf(pid).flatMap((each) => {
    try {
      const kib = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1];
      return [{ name: nameOf(each), pssMb: (Number(kib) * 1024) / 1e6 }];
    } catch {
      return []; // It has ended.
    }
  });

export const sumMb = (memory: Memory[]): number => memory.reduce((sum, { pssMb }) => sum + pssMb, 0);

/** `postgres: checkpointer` and its like by what they say of themselves, without the address of the client. */
function nameOf(pid: number): string {
  const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  if (!title.startsWith('postgres: ')) return /postgres -D/.test(title) ? 'postgres' : 'smoocho';
  return /^postgres: smoocho /.test(title) ? 'postgres: connections' : title;
}

/** Adds up those of one name. */
export function byName(memory: Memory[]): Map<string, { count: number; pssMb: number }> {
  const groups = new Map<string, { count: number; pssMb: number }>();
  for (const { name, pssMb } of memory) {
    const { count, pssMb: sum } = groups.get(name) ?? { count: 0, pssMb: 0 };
    groups.set(name, { count: count + 1, pssMb: sum + pssMb });
  }
  return groups;
}
