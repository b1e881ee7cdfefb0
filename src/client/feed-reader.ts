import {
  type EventData,
  type EventEnvelope,
  type EventType,
  type FeedPosition,
  formatPosition,
  Position,
  type ResyncReason,
} from '../contract/events.ts';
import type { Context } from './context.ts';

/** More than this waiting means that the till is too slow: the connection is dropped and resumed when it has caught up. */
const MOST_WAITING = 1_000;
/** A handler that throws is called again, after this long each; then the event counts as seen. */
const RETRY_HANDLER_MS = [200, 1_000];

/** `if (event.type === 'order_created')` tells what `data` is. A newer server may send types that are not known here. */
export type FeedEvent = {
  [T in EventType]: Omit<EventEnvelope, 'type' | 'data'> & { type: T; data: EventData<T> };
}[EventType];

/** `gap`: the server itself could not say what is missing. */
export type FeedResync = FeedPosition & { reason: ResyncReason | 'gap' };

export type FeedHandlers = {
  /**
   * Each event once and in order, the next one when this has returned. The place is written down after that: after a
   * crash in between, the event comes again.
   */
  onEvent: (event: FeedEvent) => unknown;
  /** Events come from here on. When it did not go on from an earlier place (`isResumed: false`), fetch what you show. */
  onReady?: (at: FeedPosition & { isResumed: boolean }) => unknown;
  /** What happened since your place can't be told: fetch again all that you show. Events go on from `at`. */
  onResync?: (at: FeedResync) => unknown;
};

type Item =
  | { kind: 'ready'; at: FeedPosition }
  | { kind: 'resync'; at: FeedResync }
  | { kind: 'event'; event: EventEnvelope };

/** Why a reader can't go on: something is missing before what came, too much waits, or `onReady` or `onResync` threw. */
export type Stumble = 'gap' | 'full' | 'failed';

export type FeedReader = {
  load(): Promise<void>;
  position(): FeedPosition | null;
  push(item: Item): void;
  /** Hears of a stumble; what waited behind it is thrown away. */
  onStumble(listener: (stumble: Stumble) => void): void;
  /** Resolved when everything that waits was handled. */
  idle(): Promise<void>;
  stop(): void;
};

/** Hands over what comes, in order and once, and keeps the place in the store. */
export function createReader(context: Context, key: string, handlers: FeedHandlers): FeedReader {
  const waiting: Item[] = [];
  let position: FeedPosition | null = null;
  let handling: Promise<void> | null = null;
  let stumble: (stumble: Stumble) => void = () => {};
  let isStopped = false;

  async function moveTo({ epoch, seq }: FeedPosition): Promise<void> {
    position = { epoch, seq };
    // When it can't be written down, a restart gets some events again; this run goes on.
    await context.store.put(key, formatPosition(position)).catch(context.onError);
  }

  /** Several times; then it counts as seen, or one bad event would keep all others away. */
  async function hand(event: FeedEvent): Promise<void> {
    for (const pauseMs of [...RETRY_HANDLER_MS, null]) {
      if (await hasTaken(() => handlers.onEvent(event))) return;
      if (pauseMs === null || isStopped) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async function hasTaken(handler: () => unknown): Promise<boolean> {
    try {
      await handler();
      return true;
    } catch (error) {
      context.onError(error);
      return false;
    }
  }

  async function handleResync(at: FeedResync): Promise<Stumble | null> {
    if (!(await hasTaken(() => handlers.onResync?.(at)))) return 'failed';
    await moveTo(at);
    return null;
  }

  async function handleReady({ epoch, seq }: FeedPosition): Promise<Stumble | null> {
    const isResumed = position !== null;
    if (position && !follows(position, { epoch, seq: seq + 1 })) return 'gap';
    if (!(await hasTaken(() => handlers.onReady?.({ epoch, seq, isResumed })))) return 'failed';
    if (!isResumed) await moveTo({ epoch, seq });
    return null;
  }

  async function handleEvent(event: EventEnvelope): Promise<Stumble | null> {
    if (!position || !follows(position, event)) return 'gap';
    if (event.seq <= position.seq) return null;
    await hand(event as FeedEvent);
    await moveTo(event);
    return null;
  }

  const handle = (item: Item) => {
    if (item.kind === 'resync') return handleResync(item.at);
    return item.kind === 'ready' ? handleReady(item.at) : handleEvent(item.event);
  };

  async function handleAll(): Promise<void> {
    try {
      for (let item = waiting.shift(); item && !isStopped; item = waiting.shift()) {
        const stumbled = await handle(item);
        if (!stumbled) continue;
        waiting.length = 0;
        stumble(stumbled);
      }
    } finally {
      // At once and not in a then(): what is pushed in between would wait for ever.
      handling = null;
    }
  }

  return {
    async load() {
      const stored = Position.safeParse(await context.store.get(key));
      position = stored.success ? stored.data : null;
    },
    position: () => position,
    push(item) {
      if (isStopped) return;
      if (waiting.length >= MOST_WAITING) {
        stumble('full');
        return;
      }
      waiting.push(item);
      handling ??= handleAll();
    },
    onStumble(listener) {
      stumble = listener;
    },
    async idle() {
      while (handling) await handling;
    },
    stop() {
      isStopped = true;
      waiting.length = 0;
    },
  };
}

/** Whether `next` is what comes after `position`, or was before it. */
const follows = (position: FeedPosition, next: FeedPosition) =>
  next.epoch === position.epoch && next.seq <= position.seq + 1;
