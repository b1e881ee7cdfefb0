import { leaseNumbers, type NumberLease } from '../contract/devices.ts';
import { businessDateOf } from './business-date.ts';
import type { Call, Context } from './context.ts';
import { isProblem, localProblem } from './errors.ts';
import { newId } from './ids.ts';
import { isUnanswered } from './meanings.ts';
import type { Sessions } from './sessions.ts';

/** As the server lends when it isn't told how many. */
const USUAL_COUNT = 100;
/** New numbers are asked for when fewer than this share is left. */
const LOW_SHARE = 0.25;
/** After a refusal, or to see whether a new fiscal year needs new numbers. */
const CHECK_AGAIN_MS = 10 * 60_000;

/**
 * A number block and its next number. `isLost`: the server was restored from a backup since and may not know the block; its
 * numbers are used until there is a new block.
 */
type StoredLease = { lease: NumberLease; next: number; isLost?: boolean };
/** What was asked for and isn't answered: asked again under the same id, it is the same lease. */
type Asked = { id: string; deviceId: string; count: number; day?: string };

const leasesOf = (shopId: string) => `lease/${shopId}/`;
const askedKey = (shopId: string) => `lease-asked/${shopId}`;

export type Leases = {
  lease(shopId: string, options?: { count?: number; day?: string }): Promise<NumberLease>;
  /** The next number for a sale at `at`, or null when there is none. It is never given out again. */
  take(shopId: string, at: number): Promise<string | null>;
  left(shopId: string): Promise<number>;
  /** Marks all blocks as possibly unknown to the server, so that new ones are requested. */
  markLost(shopId: string): Promise<void>;
  /** Asks for new numbers if this till has leased before and few are left. Never throws. */
  topUp(shopId: string): Promise<void>;
  /** Shops that this till ever leased numbers for. */
  shops(): Promise<string[]>;
};

/**
 * Numbers that the server has lent this device for its offline bills. Each is struck off in the store before it is given
 * out: a crash may leave a gap, and never the same number twice.
 */
export function createLeases(context: Context, call: Call, sessions: Sessions): Leases {
  const { store } = context;
  const toppingUp = new Map<string, Promise<void>>();
  const checkedAt = new Map<string, number>();

  async function stored(shopId: string): Promise<[string, StoredLease][]> {
    const device = await sessions.device();
    const all = (await store.list(leasesOf(shopId))) as [string, StoredLease][];
    // Numbers of a device that this till no longer is belong to that one's series.
    return all.filter(([, { lease }]) => lease.deviceId === device?.id);
  }

  /** Number blocks for the business date of an order at `at`, oldest first; those that the server may not know come last. */
  async function fitting(shopId: string, at: number): Promise<[string, StoredLease][]> {
    const session = await sessions.session();
    const day = businessDateOf(
      at,
      session?.shops.find((shop) => shop.id === shopId),
    );
    const all = await stored(shopId);
    return all
      .filter(([, { lease }]) => lease.from <= day && day <= lease.to)
      .sort(
        ([, a], [, b]) =>
          Number(a.isLost ?? false) - Number(b.isLost ?? false) || a.lease.first - b.lease.first,
      );
  }

  async function lease(shopId: string, { count = USUAL_COUNT, day }: { count?: number; day?: string } = {}) {
    const device = await sessions.device();
    if (!device)
      throw localProblem('forbidden', 'Pair this device first: only a paired one has numbers of its own.');
    const fresh: Asked = { id: newId(context.now()), deviceId: device.id, count, ...(day ? { day } : {}) };
    const asked = (await store.update(askedKey(shopId), (before) => {
      const earlier = before as Asked | undefined;
      return earlier?.deviceId === device.id ? earlier : fresh;
    })) as Asked;
    const forget = () =>
      store.update(askedKey(shopId), (now) =>
        (now as Asked | undefined)?.id === asked.id ? undefined : now,
      );
    try {
      const { deviceId, ...body } = asked;
      const lent = await call(leaseNumbers, { params: { shopId, deviceId }, body });
      // An answer that came twice must not start the lease again.
      await store.update(
        `${leasesOf(shopId)}${lent.id}`,
        (before) => before ?? { lease: lent, next: lent.first },
      );
      await forget();
      await prune(shopId);
      return lent;
    } catch (error) {
      if (!isUnanswered(error)) await forget();
      throw error;
    }
  }

  /** Leases that are used up can go once nothing is asked for: only then can't an answer bring one back. */
  async function prune(shopId: string): Promise<void> {
    if ((await store.get(askedKey(shopId))) !== undefined) return;
    const yesterday = businessDateOf(context.now() - 2 * 86_400_000, undefined);
    for (const [key, each] of (await store.list(leasesOf(shopId))) as [string, StoredLease][]) {
      const { lease, next, isLost } = each;
      if (next > lease.last || lease.to < yesterday || isLost) await store.delete(key);
    }
  }

  async function dropLost(shopId: string): Promise<void> {
    for (const [key, { isLost }] of (await store.list(leasesOf(shopId))) as [string, StoredLease][]) {
      if (isLost) await store.delete(key);
    }
  }

  async function countLeft(shopId: string): Promise<{ left: number; known: number; size: number }> {
    const leases = (await fitting(shopId, context.now())).map(([, each]) => each);
    const count = (some: StoredLease[]) =>
      some.reduce((sum, { lease, next }) => sum + lease.last + 1 - next, 0);
    const known = count(leases.filter(({ isLost }) => !isLost));
    const newest = leases.at(-1)?.lease;
    return { left: count(leases), known, size: newest ? newest.last + 1 - newest.first : USUAL_COUNT };
  }

  async function topUpNow(shopId: string): Promise<void> {
    if ((await stored(shopId)).length === 0 && (await store.get(askedKey(shopId))) === undefined) return;
    const { known, size } = await countLeft(shopId);
    if (known >= size * LOW_SHARE) return;
    try {
      await lease(shopId, { count: size });
    } catch (error) {
      // The server doesn't know this device: the numbers of lost blocks belong to nobody now.
      if (isProblem(error, 'not_found')) await dropLost(shopId);
      throw error;
    }
  }

  return {
    lease,
    async take(shopId, at) {
      for (const [key] of await fitting(shopId, at)) {
        let taken: string | null = null;
        await store.update(key, (value) => {
          const now = value as StoredLease | undefined;
          if (!now || now.next > now.lease.last) return now;
          taken = now.lease.prefix + String(now.next).padStart(now.lease.digits, '0');
          return { ...now, next: now.next + 1 };
        });
        if (taken !== null) {
          checkedAt.delete(shopId);
          return taken;
        }
      }
      return null;
    },
    left: async (shopId) => (await countLeft(shopId)).left,
    async markLost(shopId) {
      // Drop the unanswered request too: a block reserved before the restore would be lost as well.
      await store.delete(askedKey(shopId));
      for (const [key] of (await store.list(leasesOf(shopId))) as [string, StoredLease][]) {
        await store.update(key, (value) => value && { ...(value as StoredLease), isLost: true });
      }
      checkedAt.delete(shopId);
    },
    topUp(shopId) {
      const running = toppingUp.get(shopId);
      if (running) return running;
      const last = checkedAt.get(shopId);
      if (last !== undefined && context.now() - last < CHECK_AGAIN_MS) return Promise.resolve();
      checkedAt.set(shopId, context.now());
      const started = topUpNow(shopId)
        .catch((error) => {
          // Without an answer it is asked again as soon as there is a line; what was refused waits.
          if (isUnanswered(error)) checkedAt.delete(shopId);
        })
        .finally(() => toppingUp.delete(shopId));
      toppingUp.set(shopId, started);
      return started;
    },
    async shops() {
      const keys = (await store.list('lease/')).map(([key]) => key.split('/')[1] as string);
      return [...new Set(keys)];
    },
  };
}
