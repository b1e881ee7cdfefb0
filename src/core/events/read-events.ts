import type { EntityManager } from '@mikro-orm/postgresql';
import type { EventEnvelope, FeedPosition, ResyncReason } from '../../contract/events.ts';
import { query } from '../../database/query.ts';

const HEADS = `
  SELECT shop_id AS "shopId", epoch, seq::float8 AS seq FROM shop_heads WHERE shop_id = ANY ($1::uuid[])`;

// For the audit alone are what an import made of a menu, who allowed a change of a bill and why something was taken off it,
// what somebody who came signs in with, and the account of the machine that ran a command.
const EVENTS_AFTER = `
  SELECT h.epoch, e.seq::float8 AS seq, e.type, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
         e.actor - 'account' AS actor, e.device_id AS "deviceId",
         CASE WHEN e.type IN ('order_updated', 'data_imported', 'user_created')
           THEN e.data - '{audit,menu}'::text[] ELSE e.data END AS data
  FROM events e JOIN shop_heads h ON h.shop_id = e.shop_id
  WHERE e.shop_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`;

export type FeedHead = FeedPosition & { shopId: string };

/** Where the feeds of these shops stand now. */
export const feedHeads = (em: EntityManager, shopIds: string[]): Promise<FeedHead[]> =>
  query<FeedHead>(em, HEADS, [shopIds]);

/** Where a shop's feed stands now. */
export async function feedHead(em: EntityManager, shopId: string): Promise<FeedPosition> {
  const [head] = await feedHeads(em, [shopId]);
  if (!head) throw new Error(`Shop ${shopId} has no counters.`);
  return { epoch: head.epoch, seq: head.seq };
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

/** Why a reader who stands at `since` can't go on from there to `head`; null when they can. */
export function resyncReason(since: FeedPosition, head: FeedPosition): ResyncReason | null {
  if (since.epoch !== head.epoch) return 'other_epoch';
  return since.seq > head.seq ? 'ahead' : null;
}
