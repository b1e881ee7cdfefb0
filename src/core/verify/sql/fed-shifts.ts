import { inWords, isoTime } from './fed-parts.ts';

/** A counted shift `r` of shop `$1` as it was shown when it was counted: nothing of it changes since. */
const SHIFT = `jsonb_build_object(
  'id', r.id, 'shopId', r.shop_id, 'deviceId', r.device_id, 'openedBy', r.opened_by, 'openedAt', ${isoTime('r.opened_at')},
  'businessDate', r.business_date, 'openingFloat', r.opening_float::text, 'status', 'closed', 'closedBy', r.closed_by,
  'closedAt', ${isoTime('r.closed_at')}, 'zNumber', r.z_number, 'denominations', r.denominations,
  'expected', r.expected::text, 'counted', r.counted::text, 'variance', r.variance::text, 'note', r.note,
  'cashMovements', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'type', m.type, 'amount', m.amount::text, 'reason', m.reason,
      'cashierId', m.cashier_id, 'at', ${isoTime('m.at')}) ORDER BY m.at, m.id), '[]')
    FROM cash_movements m WHERE m.shop_id = $1 AND m.shift_id = r.id))`;

/** The last event of each shift of shop `$1`, which is that of its count. */
export const LAST_OF_SHIFT = `
  SELECT DISTINCT ON (data->>'id') (data->>'id')::uuid AS shift_id, data
  FROM events WHERE shop_id = $1 AND type = 'shift_updated' ORDER BY data->>'id', seq DESC`;

/**
 * Selects `id` and `detail` of what a report (`report.shift`) and the feed say otherwise of a counted shift than its row. Of
 * a report each field has to be there; of the feed what isn't there says nothing.
 */
export const DIFFERING_SHIFTS = `
  SELECT r.id, format('%s of the shift: %s says %s, its row says %s', field, said_by, ${inWords('said.shift->field')}, ${inWords('own')})
  FROM shift r LEFT JOIN last_of_shift last ON last.shift_id = r.id
  CROSS JOIN LATERAL (VALUES ('it', r.report->'shift', true), ('the feed', last.data, false)) AS said (said_by, shift, is_whole)
  CROSS JOIN LATERAL jsonb_each(${SHIFT}) AS each (field, own)
  WHERE said.shift->field IS DISTINCT FROM own AND (said.is_whole OR said.shift ? field)
  UNION ALL
  SELECT r.id, format('%s: it says %s, its row says %s', field, ${inWords('r.report->field')}, own)
  FROM shift r CROSS JOIN LATERAL (VALUES ('type', 'Z'), ('at', ${isoTime('r.closed_at')})) AS each (field, own)
  WHERE r.report->>field IS DISTINCT FROM own`;
