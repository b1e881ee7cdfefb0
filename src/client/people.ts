import type { ActivityChange, UserActivity } from '../contract/events.ts';

/** Turns each presence message into changes, also the whole list that a new connection begins with. */
export type People = { changes(message: UserActivity): ActivityChange[] };

export function createPeople(): People {
  const online = new Map<string, ActivityChange>();
  return {
    changes({ isWhole, data }) {
      const there = new Set(data.map(({ id }) => id));
      // They disconnected while this client was offline.
      const gone = isWhole ? [...online.values()].filter(({ id }) => !there.has(id)) : [];
      const changes = [...gone.map((person) => ({ ...person, isOnline: false })), ...data].filter(
        ({ id, isOnline }) => online.has(id) !== isOnline,
      );
      for (const change of changes) {
        if (change.isOnline) online.set(change.id, change);
        else online.delete(change.id);
      }
      return changes;
    },
  };
}
