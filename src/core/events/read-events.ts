import type { EntityManager } from '@mikro-orm/postgresql';
import type { EventEnvelope } from '../../contract/events.ts';
import { query } from '../../database/query.ts';

const HEAD = 'SELECT epoch, seq::float8 AS seq FROM shop_heads WHERE shop_id = $1';

const EVENTS_AFTER = `
  SELECT h.epoch, e.seq::float8 AS seq, e.type, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
         e.actor, e.device_id AS "deviceId", e.data
  FROM events e JOIN shop_heads h ON h.shop_id = e.shop_id
  WHERE e.shop_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`;

/** Where a shop's feed stands now. */
export async function feedHead(em: EntityManager, shopId: string): Promise<{ epoch: string; seq: number }> {
  const [row] = await query<{ epoch: string; seq: number }>(em, HEAD, [shopId]);
  if (!row) throw new Error(`Shop ${shopId} has no counters.`);
  return row;
}

/** The events after `seq`, in order, at most `limit` of them. */
export async function eventsAfter(
  em: EntityManager,
  shopId: string,
  seq: number,
  limit: number,
): Promise<EventEnvelope[]> {
  return await query<EventEnvelope>(em, EVENTS_AFTER, [shopId, seq, limit]);
}
