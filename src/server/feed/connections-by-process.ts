import type { Activity } from '../../contract/activity.ts';

type Group = { people: Map<string, Activity>; heardAt: number };

/** The connected devices of each shop, by the process that they are connected to. `ownId` is this process. */
export function createConnections(ownId: string) {
  const shops = new Map<string, Map<string, Group>>();
  const peopleOf = (shopId: string, processId: string) => shops.get(shopId)?.get(processId)?.people;

  const setPeople = (shopId: string, processId: string, people: Map<string, Activity>) => {
    const groups = shops.get(shopId) ?? new Map<string, Group>();
    const heardAt = processId === ownId ? Number.POSITIVE_INFINITY : Date.now();
    if (people.size > 0) groups.set(processId, { people, heardAt });
    else groups.delete(processId);
    if (groups.size > 0) shops.set(shopId, groups);
    else shops.delete(shopId);
  };

  return {
    /** In all processes, the longest connected first. */
    list: (shopId: string): Activity[] =>
      [...(shops.get(shopId)?.values() ?? [])]
        .flatMap(({ people }) => [...people.values()])
        .toSorted((a, b) => a.since.localeCompare(b.since)),
    own: (shopId: string): Activity[] => [...(peopleOf(shopId, ownId)?.values() ?? [])],
    ownShops: (): string[] => [...shops].filter(([, groups]) => groups.has(ownId)).map(([shopId]) => shopId),
    add(shopId: string, person: Activity): void {
      const people = peopleOf(shopId, ownId) ?? new Map<string, Activity>();
      setPeople(shopId, ownId, people.set(person.id, person));
    },
    /** The removed one, undefined where it wasn't there. */
    remove(shopId: string, id: string): Activity | undefined {
      const people = peopleOf(shopId, ownId);
      const person = people?.get(id);
      if (!people || !person) return undefined;
      people.delete(id);
      setPeople(shopId, ownId, people);
      return person;
    },
    touch(shopId: string, id: string, lastSeenAt: string): void {
      const person = peopleOf(shopId, ownId)?.get(id);
      if (person) person.lastSeenAt = lastSeenAt;
    },
    /** Replaces what another process had, and returns the difference. */
    replace(shopId: string, processId: string, people: Activity[]) {
      const before = peopleOf(shopId, processId) ?? new Map<string, Activity>();
      const after = new Map(people.map((person) => [person.id, person]));
      setPeople(shopId, processId, after);
      return {
        added: people.filter(({ id }) => !before.has(id)),
        removed: [...before.values()].filter(({ id }) => !after.has(id)),
      };
    },
    /** Groups of other processes that were not repeated for `ms`. */
    silentFor(ms: number): { shopId: string; processId: string }[] {
      const oldest = Date.now() - ms;
      return [...shops].flatMap(([shopId, groups]) =>
        [...groups]
          .filter(([, { heardAt }]) => heardAt < oldest)
          .map(([processId]) => ({ shopId, processId })),
      );
    },
  };
}
