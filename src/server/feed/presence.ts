import type { App } from '../../app.ts';
import type { Activity } from '../../contract/activity.ts';
import type { UserActivity } from '../../contract/events.ts';
import { activityMessage, createActivityPublisher } from './activity-publisher.ts';
import { createConnections } from './connections-by-process.ts';

/** Each process repeats its connections, for processes that missed a message. */
const REPEAT_MS = 10_000;
/** Connections that were not repeated for this long belong to a process that ended. */
const EXPIRE_MS = 25_000;
/** Devices of a shop often connect together, such as after a power cut: one message to the other processes for all. */
const GATHER_MS = 100;

export type Presence = {
  /** The connected devices of a shop, in all processes, the longest connected first. */
  list(shopId: string): Activity[];
  enter(shopId: string, person: Activity): void;
  /** All connected devices, as one message. */
  whole(shopId: string): UserActivity;
  /** The connection answered a ping. */
  seen(shopId: string, id: string): void;
  leave(shopId: string, id: string): void;
  close(): void;
};

/**
 * Keeps track of connected devices, by shop and process. Nothing is stored: each process repeats its own connections to
 * the others, so that a killed process or an emptied Redis loses only its own.
 */
export function startPresence(app: App, emit: (shopId: string, activity: UserActivity) => void): Presence {
  const { bus } = app;
  const now = () => app.now().toISOString();
  const connections = createConnections(bus.processId);
  const publisher = createActivityPublisher(now, emit);
  const publishOwn = (shopId: string) =>
    bus.tell({
      kind: 'presence',
      processId: bus.processId,
      shopId,
      people: connections.own(shopId),
    });
  const publishSoon = gather(publishOwn);
  const replace = (shopId: string, processId: string, people: Activity[]) => {
    const { added, removed } = connections.replace(shopId, processId, people);
    for (const person of added) publisher.add(shopId, person, true);
    for (const person of removed) publisher.add(shopId, person, false);
  };
  const publishAll = () => connections.ownShops().forEach(publishOwn);
  const stopListening = bus.onMessage((message) => {
    if (message.kind === 'presence-wanted') publishAll();
    if (message.kind === 'presence' && message.processId !== bus.processId) {
      replace(message.shopId, message.processId, message.people);
    }
  });
  bus.tell({ kind: 'presence-wanted' });
  const repeat = setInterval(() => {
    publishAll();
    for (const { shopId, processId } of connections.silentFor(EXPIRE_MS)) replace(shopId, processId, []);
  }, REPEAT_MS);
  const { list } = connections;
  return {
    list,
    whole: (shopId) => {
      const data = list(shopId).map((person) => ({ ...person, isOnline: true }));
      return activityMessage(now(), data, { isWhole: true });
    },
    enter(shopId, person) {
      connections.add(shopId, person);
      publisher.add(shopId, person, true);
      publishSoon(shopId);
    },
    seen: (shopId, id) => connections.touch(shopId, id, now()),
    leave(shopId, id) {
      const person = connections.remove(shopId, id);
      if (!person) return;
      publisher.add(shopId, person, false);
      publishSoon(shopId);
    },
    close() {
      clearInterval(repeat);
      publisher.close();
      stopListening();
      const { processId } = bus;
      for (const shopId of connections.ownShops()) {
        bus.tell({ kind: 'presence', processId, shopId, people: [] });
      }
    },
  };
}

/** Runs `work` once for all calls with the same shop within GATHER_MS. */
function gather(work: (shopId: string) => void): (shopId: string) => void {
  const waiting = new Set<string>();
  return (shopId) => {
    if (waiting.has(shopId)) return;
    waiting.add(shopId);
    setTimeout(() => {
      waiting.delete(shopId);
      work(shopId);
    }, GATHER_MS).unref();
  };
}
