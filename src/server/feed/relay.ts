import type { App } from '../../app.ts';
import type { EventEnvelope } from '../../contract/events.ts';
import { eventsAfter, feedHead } from '../../core/events/read-events.ts';

/** Read at a time: a burst goes out in several bites, not as one large result. */
const BATCH = 500;
/** The net under the wake: a change made by another process, such as an import, is seen after at most this. */
const POLL_MS = 1_000;

type Feed = {
  seq: number;
  /** How many sockets listen. */
  listeners: number;
  /** The read under way; a wake during it asks for one more. */
  reading: Promise<void> | null;
  isStale: boolean;
};

export type Relay = {
  /** Starts (or joins) a shop's feed from where it stands now. */
  join(shopId: string): Promise<void>;
  leave(shopId: string): void;
  close(): Promise<void>;
};

/**
 * Carries committed events to `emit`, for the shops that somebody listens to: in order, each once. A wake only says
 * that there is something; what there is comes from the event rows, so a lost wake costs delay and never an event.
 */
export function startRelay(app: App, emit: (shopId: string, event: EventEnvelope) => void): Relay {
  const feeds = new Map<string, Feed>();
  let isClosed = false;

  const read = async (shopId: string, feed: Feed): Promise<void> => {
    while (feed.isStale && !isClosed) {
      feed.isStale = false;
      const events = await eventsAfter(app.orm.em.fork(), shopId, feed.seq, BATCH);
      for (const event of events) {
        feed.seq = event.seq;
        emit(shopId, event);
      }
      if (events.length === BATCH) feed.isStale = true;
    }
  };

  const wake = (shopId: string): void => {
    const feed = feeds.get(shopId);
    if (!feed || isClosed) return;
    feed.isStale = true;
    feed.reading ??= read(shopId, feed)
      .catch((error) => app.log.warn({ err: error, shopId }, 'the feed could not be read; trying again'))
      .finally(() => {
        feed.reading = null;
      });
  };

  const stopListening = app.bus.onMessage((message) => {
    if (message.kind === 'events') wake(message.shopId);
  });
  const poll = setInterval(() => {
    for (const shopId of feeds.keys()) wake(shopId);
  }, POLL_MS);

  return {
    async join(shopId) {
      const known = feeds.get(shopId);
      if (known) {
        known.listeners += 1;
        return;
      }
      const { seq } = await feedHead(app.orm.em.fork(), shopId);
      const feed = feeds.get(shopId) ?? { seq, listeners: 0, reading: null, isStale: false };
      feed.listeners += 1;
      feeds.set(shopId, feed);
    },
    leave(shopId) {
      const feed = feeds.get(shopId);
      if (!feed) return;
      feed.listeners -= 1;
      if (feed.listeners === 0) feeds.delete(shopId);
    },
    async close() {
      isClosed = true;
      stopListening();
      clearInterval(poll);
      await Promise.all([...feeds.values()].map((feed) => feed.reading));
    },
  };
}
