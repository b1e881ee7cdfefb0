import { listEvents, Position } from '../contract/events.ts';
import type { AnsweredOrders, Kept } from './answered-orders.ts';
import type { Call, Context } from './context.ts';
import { isProblem } from './errors.ts';
import { epochKey, type KnownEpoch, knownEpochs } from './known-epochs.ts';
import type { Leases } from './leases.ts';
import { isUnanswered } from './meanings.ts';
import type { Sessions } from './sessions.ts';

export type Epochs = {
  /** Handles a shop's epoch as sent by the server. A different one than before means that it was restored from a backup. */
  observe(shopId: string, epoch: string): Promise<void>;
  /** Asks the server for the epoch of each shop that this till sells in. Never throws for a lost connection. */
  check(): Promise<void>;
  /** Requests the epoch of a shop in the background, if it isn't known yet. */
  checkOnce(shopId: string): void;
  /** Whether any shop's epoch was received in this run. */
  isObserved(): boolean;
  /** Shops with orders to return to the server. */
  shops(): Promise<string[]>;
  /** The days of a shop whose orders are still to be returned. `isDone` removes a day once all of it was confirmed. */
  days(shopId: string): Promise<string[]>;
  ofDay(shopId: string, day: string): Promise<Kept[]>;
  isDone(shopId: string, day: string): Promise<void>;
};

/** Detects by its epoch that a shop was restored from a backup, with or without a feed. */
export function createEpochs(
  context: Context,
  call: Call,
  sessions: Sessions,
  answered: AnsweredOrders,
  leases: Leases,
  onRestored: () => void,
): Epochs {
  const { store } = context;
  /** Epochs seen in this run, to skip reading the store. */
  const known = new Map<string, string>();
  const asking = new Map<string, Promise<void>>();
  /** Days kept by earlier runs: they may be of any epoch. */
  const keptBefore = answered.days().catch(() => []);
  /** Shops requested by `checkOnce`: once a run is enough, as `check` repeats it. */
  const askedFor = new Set<string>();

  const read = async (shopId: string) => (await store.get(epochKey(shopId))) as KnownEpoch | undefined;

  async function observe(shopId: string, epoch: string): Promise<void> {
    if (known.get(shopId) === epoch) return;
    const before = await read(shopId);
    if (before?.epoch !== epoch) {
      // Without a known epoch, earlier days may be of another one: send them all, as the server recognizes what it has.
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
        // Ignore: it is retried, or the user has lost access to this shop.
        if (isUnanswered(error) || isProblem(error) || context.closed.aborted) return;
        context.onError(error);
      })
      .finally(() => asking.delete(shopId));
    asking.set(shopId, asked);
    return asked;
  }

  /** The shops with a known epoch, and the device's shop or else the user's only shop. */
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
