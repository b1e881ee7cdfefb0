import type { Context } from './context.ts';
import { isProblem } from './errors.ts';
import { isPassing } from './meanings.ts';
import { pauseFor } from './pauses.ts';

/** How a try went. `trouble`: why something is left, if it is known. */
type Attempt = { isDone: boolean; hasProgress: boolean; trouble: unknown };

export type Retries = {
  /** Tries at once, or as soon as the server wants to hear of it again. */
  wake(): void;
  /** Tries after a pause, unless a try is planned already. */
  plan(trouble?: unknown): void;
  close(): void;
};

/** Tries `attempt` again, after pauses that grow with each failure, until it is done. */
export function createRetries(context: Context, attempt: () => Promise<Attempt>): Retries {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let failures = 0;
  /** By `performance.now()`: the server asked to hear nothing of it before. */
  let notBefore = 0;

  async function run(): Promise<void> {
    let trouble: unknown = null;
    try {
      const tried = await attempt();
      if (tried.isDone || tried.hasProgress) failures = 0;
      if (tried.isDone) return;
      trouble = tried.trouble;
    } catch (error) {
      if (context.closed.aborted) return;
      trouble = error;
    }
    failures += 1;
    plan(trouble);
    if (trouble && !isPassing(trouble)) context.onError(trouble);
  }

  function plan(trouble: unknown = null): void {
    if (timer || context.closed.aborted) return;
    const pauseMs = pauseFor(trouble, Math.max(1, failures), context.pauses);
    if (isProblem(trouble) && trouble.retryAfterMs !== null) notBefore = performance.now() + pauseMs;
    planIn(Math.max(pauseMs, notBefore - performance.now()));
  }

  function planIn(ms: number): void {
    timer = setTimeout(() => {
      timer = null;
      void run();
    }, ms);
  }

  function close(): void {
    if (timer) clearTimeout(timer);
    timer = null;
  }

  return {
    plan,
    wake() {
      if (context.closed.aborted) return;
      failures = 0;
      close();
      const waitMs = notBefore - performance.now();
      if (waitMs > 0) planIn(waitMs);
      else void run();
    },
    close,
  };
}
