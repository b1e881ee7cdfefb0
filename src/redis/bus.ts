import { randomUUID } from 'node:crypto';
import type { Activity } from '../contract/activity.ts';
import type { RedisLog } from './connect.ts';

/**
 * What processes tell each other. Each is a hint to look at the tables, never the thing itself: one that is lost costs
 * delay and nothing else. Presence alone lives in the processes; each repeats what it has.
 */
export type Message =
  /** A shop has new events. */
  | { kind: 'events'; shopId: string }
  /** Sessions ended, or people lost a role or a shop: look whose sockets have to close. */
  | { kind: 'sessions' }
  /** Who is connected to a process, of one shop. */
  | { kind: 'presence'; processId: string; shopId: string; people: Activity[] }
  /** A process started and wants to hear who is connected to the others. */
  | { kind: 'presence-wanted' };

export type Bus = {
  /** This process among those that share the bus. */
  processId: string;
  /** Tells every process, this one first and at once. Never throws. */
  tell(message: Message): void;
  /** Gives back how to stop. */
  onMessage(listener: (message: Message) => void): () => void;
  close(): void;
};

/** `installation` tells those apart that share one Redis; its database numbers mean nothing to pub/sub. */
const channelOf = (installation: string) => `smoocho:${installation}:bus`;

/** Within this process alone, or with a Redis between all of them. */
export async function openBus(
  redisUrl: string | undefined,
  installation: string,
  log: RedisLog,
): Promise<Bus> {
  const processId = randomUUID();
  const listeners = new Set<(message: Message) => void>();
  const deliver = (message: Message) => {
    for (const listener of listeners) listener(message);
  };
  const others = redisUrl
    ? await openChannel(redisUrl, channelOf(installation), log, processId, deliver)
    : undefined;
  return {
    processId,
    tell(message) {
      deliver(message);
      others?.publish(message);
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => others?.close(),
  };
}

/** Redis pub/sub needs a connection to listen and another one to speak. */
async function openChannel(
  url: string,
  channel: string,
  log: RedisLog,
  processId: string,
  deliver: (message: Message) => void,
) {
  // Loaded only where there is a Redis: the library's memory is a small box's to keep.
  const { connectRedis } = await import('./connect.ts');
  // A connection that is closed while it is made fails, which is no trouble of Redis.
  let isClosed = false;
  const speaker = connectRedis(url, {
    warn: (fields, message) => isClosed || log.warn(fields, message),
    info: log.info.bind(log),
  });
  const listener = connectRedis(url, { warn: () => {}, info: () => {} });
  // Not ioredis' own resubscription: it knows only of subscriptions that once succeeded.
  const subscribe = () => void listener.subscribe(channel).catch(() => {});
  listener.on('ready', subscribe);
  listener.on('message', (_channel, text) => {
    // Whatever is in it, this process goes on: another version of the program may say what this one doesn't know.
    try {
      const { from, message } = JSON.parse(text) as { from: string; message: Message };
      if (typeof message?.kind !== 'string') throw new Error('It is no message of ours.');
      if (from !== processId) deliver(message);
    } catch (error) {
      log.warn({ err: error }, 'a message of another process could not be read');
    }
  });
  return {
    publish(message: Message) {
      void speaker.publish(channel, JSON.stringify({ from: processId, message })).catch(() => {});
    },
    close() {
      isClosed = true;
      speaker.disconnect();
      listener.disconnect();
    },
  };
}
