import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../app.ts';
import type { EventEnvelope, FeedPosition } from '../../contract/events.ts';
import { eventsAfter, feedHead, feedHeads } from '../../core/events/read-events.ts';

/** Read at a time: a burst goes out in several bites, not as one large result. */
const BATCH = 500;
/** The net under the wakes: one that is lost, or a change by a program that sends none, is seen after at most this. */
const POLL_MS = 1_000;
/** Requests that wait for an event at once; more are answered without waiting. */
const MAX_WAITING = 2_000;

type Feed = FeedPosition & {
  /** How many sockets and requests follow it. */
  followers: number;
  /** Requests that wait for it to move. */
  waiting: Set<() => void>;
  /** The read under way; a wake during it asks for one more. */
  reading: Promise<void> | null;
  isStale: boolean;
  /** When it was last known that all of it was handed on. */
  wholeAt: number;
};

/** What the relay hands on, to whoever carries it to the sockets of a shop. */
export type Outlet = {
  emit(shopId: string, event: EventEnvelope): void;
  /** The shop was restored from a backup: what was told before means nothing, and its feed stands at `position`. */
  restart(shopId: string, position: FeedPosition): void;
};

export type Relay = {
  /** Starts (or joins) following a shop's feed from where it stands now. */
  follow(shopId: string): Promise<void>;
  unfollow(shopId: string): void;
  /** Up to where a followed feed was handed on. */
  position(shopId: string): FeedPosition;
  /** Hands on everything that is committed by now. Throws what the database throws. */
  refresh(shopId: string): Promise<void>;
  /** Waits until a shop's feed is past `seq`, or until `signal`. */
  moved(shopId: string, seq: number, signal: AbortSignal): Promise<void>;
  /**
   * How long ago, at most, a followed feed was known to be handed on as far as it went; 0 when none is followed. The poll
   * keeps it below two seconds or so: more means that the database or this process does not keep up.
   */
  lagMs(): number;
  close(): Promise<void>;
};

/**
 * Carries committed events to the outlet, for the shops that somebody follows: in order, each once. A wake only says
 * that there is something; what there is comes from the event rows, so a lost wake costs delay and never an event.
 */
export function startRelay(app: App, outlet: Outlet): Relay {
  const feeds = new Map<string, Feed>();
  const closing = new AbortController();
  let waitingCount = 0;

  const moveTo = (shopId: string, feed: Feed, { epoch, seq }: FeedPosition): void => {
    if (epoch !== feed.epoch) outlet.restart(shopId, { epoch, seq });
    Object.assign(feed, { epoch, seq });
    for (const go of feed.waiting) go();
  };

  const read = async (shopId: string, feed: Feed): Promise<void> => {
    while (feed.isStale && !closing.signal.aborted) {
      feed.isStale = false;
      const lookedAt = performance.now();
      const events = await eventsAfter(app.orm.em.fork(), shopId, feed.seq, BATCH);
      // Everybody left meanwhile, and whoever came since stands elsewhere.
      if (feeds.get(shopId) !== feed) return;
      for (const event of events) {
        if (event.epoch !== feed.epoch)
          return moveTo(shopId, feed, await feedHead(app.orm.em.fork(), shopId));
        feed.seq = event.seq;
        outlet.emit(shopId, event);
      }
      if (events.length > 0) moveTo(shopId, feed, feed);
      if (events.length === BATCH) feed.isStale = true;
      else feed.wholeAt = lookedAt;
    }
  };

  const refresh = (shopId: string, feed: Feed): Promise<void> => {
    feed.isStale = true;
    feed.reading ??= read(shopId, feed).finally(() => {
      feed.reading = null;
      // A wake that came after the last look and before this line.
      if (feed.isStale) wake(shopId);
    });
    return feed.reading;
  };

  const wake = (shopId: string): void => {
    const feed = feeds.get(shopId);
    if (!feed || closing.signal.aborted) return;
    refresh(shopId, feed).catch((error) =>
      app.log.warn({ err: error, shopId }, 'the feed could not be read; trying again'),
    );
  };

  /** One statement for all the shops; only those that moved are read. */
  const look = async (): Promise<void> => {
    if (feeds.size === 0) return;
    const lookedAt = performance.now();
    for (const { shopId, ...head } of await feedHeads(app.orm.em.fork(), [...feeds.keys()])) {
      const feed = feeds.get(shopId);
      if (!feed) continue;
      if (head.epoch !== feed.epoch) moveTo(shopId, feed, head);
      else if (head.seq > feed.seq) wake(shopId);
      else feed.wholeAt = lookedAt;
    }
  };

  const poll = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await sleep(POLL_MS, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return;
      await look().catch((error) => app.log.warn({ err: error }, 'the feeds could not be looked at'));
    }
  };

  const followed = (shopId: string): Feed => {
    const feed = feeds.get(shopId);
    if (!feed) throw new Error(`Nobody follows the feed of shop ${shopId}.`);
    return feed;
  };

  const follow = async (shopId: string): Promise<void> => {
    if (!feeds.has(shopId)) {
      const head = await feedHead(app.orm.em.fork(), shopId);
      // Of two who came at once, the first one's stands: the feed may have moved since.
      if (!feeds.has(shopId)) {
        const start = { followers: 0, waiting: new Set<() => void>(), reading: null, isStale: false };
        feeds.set(shopId, { ...head, ...start, wholeAt: performance.now() });
      }
    }
    followed(shopId).followers += 1;
  };

  const unfollow = (shopId: string): void => {
    const feed = feeds.get(shopId);
    if (!feed) return;
    feed.followers -= 1;
    if (feed.followers === 0) feeds.delete(shopId);
  };

  const stopListening = app.bus.onMessage((message) => {
    if (message.kind === 'events') wake(message.shopId);
  });
  const polling = poll();

  return {
    follow,
    unfollow,
    position: (shopId) => {
      const { epoch, seq } = followed(shopId);
      return { epoch, seq };
    },
    refresh: (shopId) => refresh(shopId, followed(shopId)),
    async moved(shopId, seq, signal) {
      if (waitingCount >= MAX_WAITING) return;
      waitingCount += 1;
      try {
        await follow(shopId);
        const feed = followed(shopId);
        try {
          await passed(feed, seq, [signal, closing.signal]);
        } finally {
          unfollow(shopId);
        }
      } finally {
        waitingCount -= 1;
      }
    },
    lagMs() {
      const now = performance.now();
      return [...feeds.values()].reduce((most, { wholeAt }) => Math.max(most, now - wholeAt), 0);
    },
    async close() {
      closing.abort();
      stopListening();
      await Promise.allSettled([polling, ...[...feeds.values()].map((feed) => feed.reading)]);
    },
  };
}

/** Listens to each signal and stops: `AbortSignal.any` would leave something behind at the one that lives on. */
function passed(feed: Feed, seq: number, signals: AbortSignal[]): Promise<void> {
  const { epoch } = feed;
  return new Promise((resolve) => {
    const stop = () => {
      feed.waiting.delete(check);
      for (const signal of signals) signal.removeEventListener('abort', stop);
      resolve();
    };
    const check = () => {
      if (feed.seq > seq || feed.epoch !== epoch) stop();
    };
    feed.waiting.add(check);
    for (const signal of signals) signal.addEventListener('abort', stop);
    check();
    if (signals.some(({ aborted }) => aborted)) stop();
  });
}
