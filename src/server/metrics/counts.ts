import { AggregatorRegistry } from 'prom-client';
import type { Snapshot } from './process-metrics.ts';

/** What only ever grows. */
const GROWING: ReadonlySet<unknown> = new Set(['counter', 'histogram']);

/** Adds up what processes have counted that are gone or silent; how many sockets they have, and the like, is not known any more. */
export async function keepCounts(snapshots: Snapshot[]): Promise<Snapshot> {
  const growing = snapshots.map((snapshot) =>
    snapshot.filter(({ type }) => GROWING.has(type as unknown as string)),
  );
  return await AggregatorRegistry.aggregate(growing).getMetricsAsJSON();
}
