import type { App } from '../../app.ts';
import type { Activity } from '../../contract/activity.ts';
import type { ActivityChange, UserActivity } from '../../contract/events.ts';

/** Each process repeats who is connected to it, for those who did not hear it. */
const REPEAT_MS = 10_000;
/** Who was not repeated for this long was on a process that is gone. */
const EXPIRE_MS = 25_000;
/** People of a shop often come together, such as after a power cut: they are published together. */
const GATHER_MS = 100;
/** Shortest time between two messages to the managers of a shop: with 300 devices, one a change would be 300 × 300 messages. */
const PUBLISH_EVERY_MS = 1_000;

/** Changes of a shop that wait to be published, the last of each connection. */
type Changes = { waiting: Map<string, ActivityChange>; timer: NodeJS.Timeout };
type Group = { people: Map<string, Activity>; heardAt: number };

export type Presence = {
  /** Who is on which device of a shop, in any process; longest first. */
  list(shopId: string): Activity[];
  enter(shopId: string, person: Activity): void;
  /** Everybody who is there, as one message. */
  whole(shopId: string): UserActivity;
  /** The connection answered a ping. */
  seen(shopId: string, id: string): void;
  leave(shopId: string, id: string): void;
  close(): void;
};

/**
 * Who is connected, by shop and process. Nothing of it is stored: each process knows its own and repeats it to the others,
 * so that a process that was killed, or a Redis that was emptied, takes nobody else along.
 */
export function startPresence(app: App, emit: (shopId: string, activity: UserActivity) => void): Presence {
  const { bus } = app;
  const shops = new Map<string, Map<string, Group>>();
  const toTell = new Set<string>();

  const messageOf = (data: ActivityChange[], isWhole: boolean): UserActivity => ({
    type: 'user_activity',
    at: app.now().toISOString(),
    isWhole,
    data,
  });
  const changes = new Map<string, Changes>();
  const publish = (shopId: string, { waiting }: Changes): void => {
    emit(shopId, messageOf([...waiting.values()], false));
    waiting.clear();
    const timer = setTimeout(() => {
      const found = changes.get(shopId);
      if (found && found.waiting.size > 0) publish(shopId, found);
      else changes.delete(shopId);
    }, PUBLISH_EVERY_MS).unref();
    changes.set(shopId, { waiting, timer });
  };
  /** Also of somebody who came and went between two messages: a manager who connected meanwhile has them in the whole list. */
  const announce = (shopId: string, person: Activity, isOnline: boolean): void => {
    const found = changes.get(shopId);
    const { waiting } = found ?? { waiting: new Map<string, ActivityChange>() };
    // The last change of each, in the order in which they came.
    waiting.delete(person.id);
    waiting.set(person.id, { ...person, isOnline });
    if (found) return;
    const next: Changes = { waiting, timer: setTimeout(() => publish(shopId, next), GATHER_MS).unref() };
    changes.set(shopId, next);
  };

  /** What another process has of a shop, in the place of what it had; tells what is new. */
  const replace = (shopId: string, processId: string, people: Activity[]) => {
    const groups = shops.get(shopId) ?? new Map<string, Group>();
    const before = groups.get(processId)?.people ?? new Map<string, Activity>();
    const now = new Map(people.map((person) => [person.id, person]));
    if (now.size > 0) shops.set(shopId, groups.set(processId, { people: now, heardAt: Date.now() }));
    else forget(shopId, processId);
    for (const person of people) if (!before.has(person.id)) announce(shopId, person, true);
    for (const person of before.values()) if (!now.has(person.id)) announce(shopId, person, false);
  };

  const forget = (shopId: string, processId: string) => {
    const groups = shops.get(shopId);
    groups?.delete(processId);
    if (groups?.size === 0) shops.delete(shopId);
  };

  const own = (shopId: string) => shops.get(shopId)?.get(bus.processId)?.people;
  const tell = (shopId: string) => {
    const people = [...(own(shopId)?.values() ?? [])];
    bus.tell({ kind: 'presence', processId: bus.processId, shopId, people });
  };
  const tellAll = () => {
    for (const [shopId, groups] of shops) if (groups.has(bus.processId)) tell(shopId);
  };

  const tellSoon = (shopId: string) => {
    if (toTell.has(shopId)) return;
    toTell.add(shopId);
    setTimeout(() => {
      toTell.delete(shopId);
      tell(shopId);
    }, GATHER_MS).unref();
  };

  const stopListening = bus.onMessage((message) => {
    if (message.kind === 'presence-wanted') tellAll();
    if (message.kind === 'presence' && message.processId !== bus.processId) {
      replace(message.shopId, message.processId, message.people);
    }
  });
  bus.tell({ kind: 'presence-wanted' });

  const repeat = setInterval(() => {
    tellAll();
    const oldest = Date.now() - EXPIRE_MS;
    for (const [shopId, groups] of [...shops]) {
      for (const [processId, { heardAt }] of [...groups]) {
        if (heardAt < oldest) replace(shopId, processId, []);
      }
    }
  }, REPEAT_MS);

  const list = (shopId: string): Activity[] =>
    [...(shops.get(shopId)?.values() ?? [])]
      .flatMap(({ people }) => [...people.values()])
      .toSorted((a, b) => a.since.localeCompare(b.since));

  return {
    list,
    whole: (shopId) =>
      messageOf(
        list(shopId).map((person) => ({ ...person, isOnline: true })),
        true,
      ),
    enter(shopId, person) {
      const groups = shops.get(shopId) ?? new Map<string, Group>();
      const group = groups.get(bus.processId) ?? { people: new Map(), heardAt: Number.POSITIVE_INFINITY };
      group.people.set(person.id, person);
      shops.set(shopId, groups.set(bus.processId, group));
      announce(shopId, person, true);
      tellSoon(shopId);
    },
    seen(shopId, id) {
      const person = own(shopId)?.get(id);
      if (person) person.lastSeenAt = app.now().toISOString();
    },
    leave(shopId, id) {
      const people = own(shopId);
      const person = people?.get(id);
      if (!people || !person) return;
      people.delete(id);
      if (people.size === 0) forget(shopId, bus.processId);
      announce(shopId, person, false);
      tellSoon(shopId);
    },
    close() {
      clearInterval(repeat);
      for (const { timer } of changes.values()) clearTimeout(timer);
      changes.clear();
      stopListening();
      for (const shopId of shops.keys()) {
        if (own(shopId)) bus.tell({ kind: 'presence', processId: bus.processId, shopId, people: [] });
      }
    },
  };
}
