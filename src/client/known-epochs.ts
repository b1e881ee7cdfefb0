import type { Store } from './store.ts';

/** A shop's epoch, and the days whose confirmed orders are still to be returned to it. */
export type KnownEpoch = { epoch: string; days: string[] };

const PREFIX = 'epoch/';
export const epochKey = (shopId: string) => `${PREFIX}${shopId}`;

/** All known epochs, with their shop ids. */
export const knownEpochs = async (store: Store): Promise<[shopId: string, known: KnownEpoch][]> =>
  (await store.list(PREFIX)).map(([key, value]) => [key.slice(PREFIX.length), value as KnownEpoch]);
