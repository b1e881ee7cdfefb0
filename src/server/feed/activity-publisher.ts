import type { Activity } from '../../contract/activity.ts';
import type { ActivityChange, UserActivity } from '../../contract/events.ts';

/** Devices of a shop often connect together, such as after a power cut: their changes are published together. */
const GATHER_MS = 100;
/** Shortest time between two messages to the managers of a shop: with 300 devices, one per change would be 300 × 300 messages. */
const PUBLISH_EVERY_MS = 1_000;

/** Changes of a shop that wait to be published, the last one of each connection. */
type Pending = { waiting: Map<string, ActivityChange>; timer: NodeJS.Timeout };

export const activityMessage = (
  at: string,
  data: ActivityChange[],
  { isWhole }: { isWhole: boolean },
): UserActivity => ({ type: 'user_activity', at, isWhole, data });

/** Publishes who connected and disconnected to a shop's managers, at most once a second per shop. */
export function createActivityPublisher(
  now: () => string,
  emit: (shopId: string, activity: UserActivity) => void,
) {
  const shops = new Map<string, Pending>();
  const publish = (shopId: string, { waiting }: Pending): void => {
    emit(shopId, activityMessage(now(), [...waiting.values()], { isWhole: false }));
    waiting.clear();
    const timer = setTimeout(() => {
      const pending = shops.get(shopId);
      if (pending && pending.waiting.size > 0) publish(shopId, pending);
      else shops.delete(shopId);
    }, PUBLISH_EVERY_MS).unref();
    shops.set(shopId, { waiting, timer });
  };
  return {
    /**
     * Adds a change to the shop's next message. A person who came and went since the last one stays in it: a manager who
     * connected meanwhile has them in the whole list.
     */
    add(shopId: string, person: Activity, isOnline: boolean): void {
      const pending = shops.get(shopId);
      const waiting = pending?.waiting ?? new Map<string, ActivityChange>();
      // Deleted first, so that the changes keep the order in which they happened.
      waiting.delete(person.id);
      waiting.set(person.id, { ...person, isOnline });
      if (pending) return;
      const next: Pending = { waiting, timer: setTimeout(() => publish(shopId, next), GATHER_MS).unref() };
      shops.set(shopId, next);
    },
    close(): void {
      for (const { timer } of shops.values()) clearTimeout(timer);
      shops.clear();
    },
  };
}
