import type { EntityManager } from '@mikro-orm/postgresql';
import type { AuditRecord, OrderAction } from '../../../contract/audit.ts';
import { orderActions } from '../../../contract/audit.ts';
import { query } from '../../../database/query.ts';

const RETURN = '@.kind == "return"';
/** An order has more payments for which a JSON path holds. Events of before there were returns name no kind. */
const hasMore = (filter: string) => {
  const countIn = (side: 'before' | 'data') =>
    `jsonb_array_length(jsonb_path_query_array(${side}->'payments', '$[*] ? (${filter})'))`;
  return `type = 'order_updated' AND before ? 'payments' AND ${countIn('data')} > ${countIn('before')}`;
};

/** The condition on an event for each action on an order. `before` has the fields that were replaced. */
const actionConditions: Record<OrderAction, string> = {
  edited: `type = 'order_updated' AND NOT (data->>'status' = 'voided') AND before ?| '{items,discountGiven,customerName,
    customerId,tableNumber,notes,orderType,placeOfSupply,payLater,serviceCharge,total}'`,
  paid: hasMore(`!(${RETURN})`),
  given_back: hasMore(RETURN),
  corrected: "type = 'order_updated' AND data->'audit' ? 'changedPayments'",
  moved: "type = 'order_updated' AND before ? 'status' AND data->>'status' <> 'voided'",
  refunded: "type = 'order_updated' AND before ? 'refunds'",
  voided: "type = 'order_updated' AND before ? 'status' AND data->>'status' = 'voided'",
  item_voided: "type = 'order_updated' AND data->'audit' ? 'takenOff'",
  flagged: "type = 'order_updated' AND before ? 'flags'",
  reviewed: "type = 'order_updated' AND before ? 'reviewedBy' AND data->>'reviewedBy' IS NOT NULL",
  approved:
    "(type = 'order_created' AND data->>'approvedBy' IS NOT NULL) OR (type = 'order_updated' AND data->'audit' ? 'approvedBy')",
};

const IS_ACTION = `CASE $8::text ${orderActions
  .map((action) => `WHEN '${action}' THEN ${actionConditions[action]}`)
  .join(' ')} END`;
const ACTIONS = `array_remove(ARRAY[${orderActions
  .map((action) => `CASE WHEN ${actionConditions[action]} THEN '${action}' END`)
  .join(', ')}]::text[], NULL)`;

/** As the index `events_by_hand_idx` has it, in the same words. */
const BY_HAND =
  "(before IS NOT NULL OR type NOT IN ('order_created', 'inventory_updated', 'stock_low') OR length(data->>'approvedBy') = 36)";

const UTC = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

// The ends of the span and of the page before are always there, be they infinite: each list is then read from its index,
// from the newest on, and not further than the page. Parameters: $1 shop, $2 from, $3 to, $4 time of the cursor, $5 type,
// $6 user, $7 device, $8 action, $9 seq of the cursor among the events, $10 in the log, $11 limit.
const found = (seqOfCursor: string) => `
  at >= $2::timestamptz AND at <= $3::timestamptz AND (at, seq) < ($4::timestamptz, ${seqOfCursor}::bigint)
    AND ($5::text IS NULL OR type = $5) AND ($6::text IS NULL OR actor->>'id' = $6)
    AND ($7::text IS NULL OR device_id = $7)`;

const SEAL_OF = (column: string) => `(
  SELECT seal_no FROM audit_seals WHERE chain_id = $1 AND ${column} >= seq ORDER BY ${column}, seal_no LIMIT 1)::float8`;

const listRecords = (which: string) => `
  WITH event AS (
    SELECT 'e' AS source, seq, type, at, actor, device_id, NULL::text AS address, before, data AS after,
      ${ACTIONS} AS actions, ${SEAL_OF('event_seq')} AS seal
    FROM events WHERE shop_id = $1 AND ${found('$9')} AND ${which} ORDER BY at DESC, seq DESC LIMIT $11
  ), log AS (
    SELECT 's' AS source, seq, type, at, actor, device_id, address, NULL::jsonb AS before, details AS after,
      '{}'::text[] AS actions, ${SEAL_OF('log_seq')} AS seal
    FROM security_log WHERE chain_id = $1 AND $8::text IS NULL AND ${found('$10')}
    ORDER BY at DESC, seq DESC LIMIT $11
  ), newest AS (
    SELECT * FROM event UNION ALL SELECT * FROM log ORDER BY at DESC, source DESC, seq DESC LIMIT $11
  )
  SELECT source, seq::float8 AS seq, source || seq AS id, type, actions, ${UTC} AS at, actor,
    device_id AS "deviceId", devices.name AS "deviceName", address, before, after, seal AS "sealNumber"
  FROM newest LEFT JOIN devices ON devices.shop_id = $1 AND devices.id::text = device_id
  ORDER BY newest.at DESC, source DESC, seq DESC`;

const LIST_ALL = listRecords('true');
const LIST_BY_HAND = listRecords(BY_HAND);
const LIST_OF_ACTION = listRecords(`${BY_HAND} AND ${IS_ACTION}`);

/** Types that every sale makes: the index of what people did beyond selling doesn't have them all. */
const OF_SALES = ['order_created', 'inventory_updated', 'stock_low'];

export type RecordFilter = {
  from?: string | undefined;
  to?: string | undefined;
  type?: string | undefined;
  userId?: string | undefined;
  deviceId?: string | undefined;
  action?: OrderAction | undefined;
};

/** Where a page ends: `source` is `e` for an event and `s` for the security log, and sorts as they do. */
export type RecordKey = { at: string; source: string; seq: number };

export type RecordRow = AuditRecord & { source: string; seq: number };

/** No seq is so large; PostgreSQL's own limit is larger. */
const LAST_SEQ = 2 ** 53;

/** Events and security log of a shop in one list, newest first, those before `cursor`. */
export async function selectRecords(
  em: EntityManager,
  shopId: string,
  filter: RecordFilter,
  cursor: RecordKey | null,
  limit: number,
): Promise<RecordRow[]> {
  const { from = '-infinity', to = 'infinity', type = null, userId = null, deviceId = null } = filter;
  const { action = null } = filter;
  // Of one moment the log comes first, from its last row on, and then the events.
  const isInLog = cursor?.source === 's';
  const eventSeq = cursor === null || isInLog ? LAST_SEQ : cursor.seq;
  const logSeq = cursor === null ? LAST_SEQ : isInLog ? cursor.seq : 0;
  const isRare = type !== null && !OF_SALES.includes(type);
  const list = action ? LIST_OF_ACTION : isRare ? LIST_BY_HAND : LIST_ALL;
  const which = [type, userId, deviceId, action];
  const span = [from, to, cursor?.at ?? 'infinity'];
  return await query<RecordRow>(em, list, [shopId, ...span, ...which, eventSeq, logSeq, limit]);
}
