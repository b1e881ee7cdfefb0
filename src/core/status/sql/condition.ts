/**
 * What is left undone or forgotten in all shops, in one statement over indexes and small tables. `$1` has the shops with their
 * business date of now, `$2` is now; devices count as on line within `$3` minutes, and as forgotten after `$4` days.
 */
export const CONDITION = `
  WITH today AS (
    SELECT (shop->>'id')::uuid AS shop_id, (shop->>'businessDate')::date AS date FROM jsonb_array_elements($1::jsonb) shop
  )
  SELECT
    (SELECT count(*)::int FROM shops s WHERE NOT EXISTS (
      SELECT FROM users u WHERE u.id = s.owner_id AND u.role = 'owner' AND u.disabled_at IS NULL)) AS "shopsWithoutOwner",
    (SELECT count(*)::int FROM users WHERE role = 'owner' AND disabled_at IS NULL) AS owners,
    (SELECT count(*)::int FROM devices WHERE revoked_at IS NULL) AS "devicesPaired",
    (SELECT count(*)::int FROM devices WHERE revoked_at IS NULL
      AND last_seen_at > $2::timestamptz - make_interval(mins => $3)) AS "devicesOnline",
    (SELECT count(*)::int FROM devices WHERE revoked_at IS NULL
      AND last_seen_at < $2::timestamptz - make_interval(days => $4)) AS "devicesForgotten",
    (SELECT count(*)::int FROM orders WHERE flags <> '[]' AND reviewed_at IS NULL) AS "ordersToReview",
    (SELECT count(*)::int FROM today t JOIN orders o ON o.shop_id = t.shop_id AND o.business_date < t.date
      WHERE o.status = 'open') AS "oldOpenOrders",
    (SELECT count(*)::int FROM today t JOIN shifts s ON s.shop_id = t.shop_id AND s.business_date < t.date
      WHERE s.closed_at IS NULL) AS "oldOpenShifts",
    (SELECT count(*)::int FROM inventory_items WHERE quantity <= reorder_level) AS "lowStock",
    (SELECT count(*)::int FROM shop_heads h WHERE h.seq <> coalesce(
      (SELECT max(e.seq) FROM events e WHERE e.shop_id = h.shop_id), 0)) AS "brokenFeeds",
    (SELECT max(sealed_at) FROM audit_seals) AS "lastSealAt"`;
