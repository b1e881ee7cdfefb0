import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const LOCK_COUNTERS = 'SELECT FROM shop_heads WHERE shop_id = $1 FOR UPDATE';

/** Waits for an order that is being written, and blocks the next one until the commit. */
export async function lockCounters(em: EntityManager, shopId: string): Promise<void> {
  await query(em, LOCK_COUNTERS, [shopId]);
}
