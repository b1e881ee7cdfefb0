import { sqlCheck } from '../check.ts';

/** Every committed change stands in the feed once, in order, without a gap. */
export const feedSequence = sqlCheck({
  name: 'feed-sequence',
  holds: 'The feed has every change once, without a gap',
  counts: 'events',
  checked: 'SELECT count(*) FROM events WHERE shop_id = $1',
  faults: `
    SELECT 'Feed' AS subject, format('It has %s events from %s to %s, the counter stands at %s.', count(e.seq),
      coalesce(min(e.seq), 0), coalesce(max(e.seq), 0), h.seq) AS detail
    FROM shop_heads h LEFT JOIN events e ON e.shop_id = h.shop_id
    WHERE h.shop_id = $1 GROUP BY h.shop_id
    HAVING (count(e.seq), coalesce(min(e.seq), 1), coalesce(max(e.seq), 0)) IS DISTINCT FROM (h.seq, 1::bigint, h.seq)`,
});
