import { ProblemError } from '../contract/problem.ts';

export type Queue = { run<T>(work: () => Promise<T>): Promise<T>; readonly isIdle: boolean };

type QueueLimits = { atOnce: number; waiting: number; longestMs?: number; busy: string };

/**
 * Runs at most `atOnce` tasks and queues `waiting` more in each lane; the rest are rejected with `too_busy`. So are those that
 * waited for more than `longestMs` when their turn comes: nobody listens any more, and they would only delay the others. Lanes
 * take turns, so that a crowd in one costs those in another the tasks that already run, and one of the crowd's for each of theirs.
 */
export function createLanes<Lane extends string>(
  names: readonly Lane[],
  { atOnce, waiting, longestMs = Infinity, busy }: QueueLimits,
) {
  const lanes = new Map<Lane, (() => void)[]>(names.map((name) => [name, []]));
  let running = 0;
  const takeNext = (): (() => void) | undefined => {
    for (const [name, waiters] of lanes) {
      const next = waiters.shift();
      if (!next) continue;
      // A Map lists what was set last at the end: its turn comes when the others had theirs.
      lanes.delete(name);
      lanes.set(name, waiters);
      return next;
    }
    return undefined;
  };
  return {
    get isIdle() {
      return running === 0;
    },
    async run<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
      const queuedAt = performance.now();
      if (running >= atOnce) {
        const waiters = lanes.get(lane) as (() => void)[];
        if (waiters.length >= waiting) throw new ProblemError('too_busy', { detail: busy });
        await new Promise<void>((resolve) => waiters.push(resolve));
      } else {
        running += 1;
      }
      try {
        if (performance.now() - queuedAt > longestMs) throw new ProblemError('too_busy', { detail: busy });
        return await work();
      } finally {
        // The slot goes straight to the next one, or is given back.
        const next = takeNext();
        if (next) next();
        else running -= 1;
      }
    },
  };
}

/** A queue with one lane. */
export function createQueue(limits: QueueLimits): Queue {
  const lanes = createLanes(['only'], limits);
  return {
    get isIdle() {
      return lanes.isIdle;
    },
    run: (work) => lanes.run('only', work),
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
