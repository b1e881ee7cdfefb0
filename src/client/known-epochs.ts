import type { Store } from './store.ts';

/** What is known of a shop: its epoch, and the days of which answered orders are still to be brought back to it. */
export type KnownEpoch = { epoch: string; days: string[] };

const PREFIX = 'epoch/';
export const epochKey = (shopId: string) => `${PREFIX}${shopId}`;

/** By shop. */
export const knownEpochs = async (store: Store): Promise<[shopId: string, known: KnownEpoch][]> =>
  (await store.list(PREFIX)).map(([key, value]) => [key.slice(PREFIX.length), value as KnownEpoch]);
