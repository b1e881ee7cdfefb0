import { listEvents, Position } from '../contract/events.ts';
import type { AnsweredOrders, Kept } from './answered-orders.ts';
import type { Call, Context } from './context.ts';
import { isProblem } from './errors.ts';
import { epochKey, type KnownEpoch, knownEpochs } from './known-epochs.ts';
import type { Leases } from './leases.ts';
import { isUnanswered } from './meanings.ts';
import type { Sessions } from './sessions.ts';

export type Epochs = {
  /** The server says in which epoch a shop is. Another one than before: it was restored from a backup. */
  observe(shopId: string, epoch: string): Promise<void>;
  /** Asks the server, for each shop that this till sells in. Never throws for the line. */
  check(): Promise<void>;
  /** Asks for this one, if it isn't known yet; not waited for. */
  checkOnce(shopId: string): void;
  /** Whether a shop's epoch was heard in this run. */
  isObserved(): boolean;
  /** Shops with orders to bring back. */
  shops(): Promise<string[]>;
  /** The orders of a shop that are still to be brought back, a day at a time. `isDone` says that all of a day were answered. */
  days(shopId: string): Promise<string[]>;
  ofDay(shopId: string, day: string): Promise<Kept[]>;
  isDone(shopId: string, day: string): Promise<void>;
};

/** Notices that a shop was restored from a backup, by its epoch, with a feed and without one. */
export function createEpochs(
  context: Context,
  call: Call,
  sessions: Sessions,
  answered: AnsweredOrders,
  leases: Leases,
  onRestored: () => void,
): Epochs {
  const { store } = context;
  /** Of this run: most of what is heard is known. */
  const known = new Map<string, string>();
  const asking = new Map<string, Promise<void>>();
  /** What runs before this one kept: it may be of any epoch. */
  const keptBefore = answered.days().catch(() => []);
  /** Asked for by a sale: once a run is enough, `check` does it again. */
  const askedFor = new Set<string>();

  const read = async (shopId: string) => (await store.get(epochKey(shopId))) as KnownEpoch | undefined;

  async function observe(shopId: string, epoch: string): Promise<void> {
    if (known.get(shopId) === epoch) return;
    const before = await read(shopId);
    if (before?.epoch !== epoch) {
      // Of a shop whose epoch was never heard, what is kept may be of another one: what the server has, it knows again.
      const days = before ? await answered.days() : await keptBefore;
      if (before) await leases.markLost(shopId);
      const now = (await store.update(epochKey(shopId), (value) =>
        (value as KnownEpoch | undefined)?.epoch === epoch ? value : { epoch, days },
      )) as KnownEpoch;
      if (before || now.days.length > 0) onRestored();
    }
    known.set(shopId, epoch);
  }

  function ask(shopId: string): Promise<void> {
    const running = asking.get(shopId);
    if (running) return running;
    const asked = call(listEvents, { params: { shopId }, query: {} })
      .then(({ position }) => observe(shopId, Position.parse(position).epoch))
      .catch((error) => {
        // It is asked again; a shop that is not theirs any more is nobody's concern.
        if (isUnanswered(error) || isProblem(error) || context.closed.aborted) return;
        context.onError(error);
      })
      .finally(() => asking.delete(shopId));
    asking.set(shopId, asked);
    return asked;
  }

  /** Those that were sold in; before the first sale, the till's own, or the only one of who is signed in. */
  async function ownShops(): Promise<string[]> {
    const noted = (await knownEpochs(store)).map(([shopId]) => shopId);
    const device = await sessions.device();
    const session = await sessions.session();
    const only = session?.shops.length === 1 ? session.shops.map(({ id }) => id) : [];
    return [...new Set([...noted, ...(device ? [device.shop.id] : only)])];
  }

  return {
    observe,
    async check() {
      if ((await sessions.session()) === null) return;
      for (const shopId of await ownShops()) await ask(shopId);
    },
    checkOnce(shopId) {
      if (known.has(shopId) || askedFor.has(shopId) || context.line.isDown()) return;
      askedFor.add(shopId);
      void ask(shopId);
    },
    isObserved: () => known.size > 0,
    async shops() {
      const all = await knownEpochs(store);
      return all.filter(([, { days }]) => days.length > 0).map(([shopId]) => shopId);
    },
    days: async (shopId) => (await read(shopId))?.days ?? [],
    ofDay: (shopId, day) => answered.ofDay(day, shopId),
    async isDone(shopId, day) {
      await store.update(epochKey(shopId), (value) => {
        const now = value as KnownEpoch | undefined;
        return now && { ...now, days: now.days.filter((each) => each !== day) };
      });
    },
  };
}
