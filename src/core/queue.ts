import { ProblemError } from '../contract/problem.ts';

export type Queue = { run<T>(work: () => Promise<T>): Promise<T>; readonly isIdle: boolean };

type QueueLimits = { atOnce: number; waiting: number; longestMs?: number; busy: string };

/**
 * Runs at most `atOnce` tasks and queues `waiting` more in each lane; the rest are rejected with `too_busy`. So are tasks that
 * waited for more than `longestMs` when their turn comes: their client has given up, and they would only delay the others.
 * Lanes take turns, so that a long queue in one lane delays a task of another by the running tasks and one more for each
 * task before it.
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
      // Moves the lane to the end of the Map, so that the other lanes come first.
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
        // Passes the slot to the next task, or frees it.
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
