import { ProblemError } from '../contract/problem.ts';

/** Lets `atOnce` works run and `waiting` more wait in line; whoever comes after them is told to try again. */
export type Queue = { run<T>(work: () => Promise<T>): Promise<T>; readonly isIdle: boolean };

export function createQueue(limits: { atOnce: number; waiting: number; busy: string }): Queue {
  const line: (() => void)[] = [];
  let running = 0;
  return {
    get isIdle() {
      return running === 0;
    },
    async run(work) {
      if (running >= limits.atOnce) {
        if (line.length >= limits.waiting) throw new ProblemError('too_busy', { detail: limits.busy });
        await new Promise<void>((resolve) => line.push(resolve));
      } else {
        running += 1;
      }
      try {
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
export function createQueues(limits: Parameters<typeof createQueue>[0]) {
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
