import type { Context } from './context.ts';
import { isProblem } from './errors.ts';
import { isPassing } from './meanings.ts';
import { pauseFor } from './pauses.ts';

/** Result of an attempt. `trouble`: the error that left something unsent, if known. */
type Attempt = { isDone: boolean; hasProgress: boolean; trouble: unknown };

export type Retries = {
  /** Tries at once, or as soon as the server's Retry-After allows. */
  wake(): void;
  /** Tries after a delay, unless a try is already scheduled. */
  plan(trouble?: unknown): void;
  close(): void;
};

/** Repeats `attempt` with exponential backoff until it is done. */
export function createRetries(context: Context, attempt: () => Promise<Attempt>): Retries {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let failures = 0;
  /** Earliest next try by `performance.now()`, from the server's Retry-After. */
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
