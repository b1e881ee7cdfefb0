import { readFileSync } from 'node:fs';
import { arch, platform, totalmem } from 'node:os';

export type MachineFacts = {
  node: string;
  platform: NodeJS.Platform;
  arch: string;
  /** Of the machine, or of the container around. */
  memoryBytes: number;
  availableBytes: number;
  /** Null where the system doesn't tell. */
  swapBytes: number | null;
  /** How many files and sockets one process may have open; null where the system doesn't tell, Infinity for no limit. */
  openFiles: number | null;
};

export function readMachine(): MachineFacts {
  const constrained = process.constrainedMemory();
  return {
    node: process.versions.node,
    platform: platform(),
    arch: arch(),
    // Without a limit it is 0, or larger than any memory.
    memoryBytes: constrained > 0 ? Math.min(totalmem(), constrained) : totalmem(),
    availableBytes: process.availableMemory(),
    swapBytes: swapBytes(),
    openFiles: openFiles(),
  };
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

function swapBytes(): number | null {
  const kilobytes = /^SwapTotal:\s+(\d+) kB$/m.exec(read('/proc/meminfo'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function openFiles(): number | null {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(read('/proc/self/limits'))?.[1];
  if (soft === undefined) return null;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
