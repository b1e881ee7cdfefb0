import { ProblemError } from '../contract/problem.ts';

export type Queue = { run<T>(work: () => Promise<T>): Promise<T>; readonly isIdle: boolean };

type QueueLimits = { atOnce: number; waiting: number; longestMs?: number; busy: string };

/**
 * Lets `atOnce` works run and `waiting` more wait in line; whoever comes after them is told to try again. So is, when its
 * turn comes, who waited for more than `longestMs`: nobody listens any more, and the work would only keep the others.
 */
export function createQueue({ atOnce, waiting, longestMs = Infinity, busy }: QueueLimits): Queue {
  const line: (() => void)[] = [];
  let running = 0;
  return {
    get isIdle() {
      return running === 0;
    },
    async run(work) {
      const cameAt = performance.now();
      if (running >= atOnce) {
        if (line.length >= waiting) throw new ProblemError('too_busy', { detail: busy });
        await new Promise<void>((resolve) => line.push(resolve));
      } else {
        running += 1;
      }
      try {
        if (performance.now() - cameAt > longestMs) throw new ProblemError('too_busy', { detail: busy });
        return await work();
      } finally {
        // The place goes straight to the next in line, or is given back.
        const next = line.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}

/** A queue for each key, kept only while it is in use. */
export function createQueues(limits: QueueLimits) {
  const queues = new Map<string, Queue>();
  return {
    async run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const queue = queues.get(key) ?? createQueue(limits);
      queues.set(key, queue);
      try {
        return await queue.run(work);
      } finally {
        if (queue.isIdle) queues.delete(key);
      }
    },
  };
}
