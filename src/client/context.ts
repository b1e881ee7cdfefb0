import type { CallAnswer, CallInput, Route } from '../contract/route.ts';
import type { CallOptions } from './calls.ts';
import type { Pauses } from './pauses.ts';
import type { Store } from './store.ts';

/** Whether the server was heard last time, as far as selling is concerned. */
export type Line = {
  isDown(): boolean;
  wentDown(): void;
  /** Any answer says so; the listeners hear it only when the line was down. */
  isUp(): void;
  onUp(listener: () => void): () => void;
};

/** What the parts of a client stand on. */
export type Context = {
  url: string;
  store: Store;
  line: Line;
  pauses: Pauses;
  timeoutMs: number;
  /** Aborted when the client is closed. */
  closed: AbortSignal;
  now(): number;
  /** A fault in the background: there is nobody to throw it to. */
  onError(error: unknown): void;
};

/** Calls a route as whoever is signed in. */
export type Call = <R extends Route>(
  route: R,
  input: CallInput<R>,
  options?: CallOptions,
) => Promise<CallAnswer<R>>;

export function createLine(): Line {
  const listeners = new Set<() => void>();
  let isDown = false;
  return {
    isDown: () => isDown,
    wentDown() {
      isDown = true;
    },
    isUp() {
      if (!isDown) return;
      isDown = false;
      for (const listener of listeners) listener();
    },
    onUp(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Calls what the till gave us; what it throws is its own, and must not stop ours. */
export async function tell(context: Context, callback: (() => unknown) | undefined): Promise<void> {
  try {
    await callback?.();
  } catch (error) {
    context.onError(error);
  }
}
