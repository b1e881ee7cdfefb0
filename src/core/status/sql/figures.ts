/** What monitoring asks of the whole installation, in one statement over indexes and small tables. */
export const FIGURES = `
  SELECT
    (SELECT count(*)::int FROM inventory_items WHERE quantity <= reorder_level) AS "lowStock",
    (SELECT coalesce(jsonb_object_agg(status, count), '{}') FROM (
      SELECT o.status, count(*) AS count
      FROM shops s JOIN orders o ON o.shop_id = s.id AND o.created_at > now() - interval '24 hours'
      GROUP BY o.status) recent) AS orders,
    (SELECT extract(epoch FROM max(newest.created_at))::float8 FROM shops s CROSS JOIN LATERAL (
      SELECT created_at FROM orders o WHERE o.shop_id = s.id ORDER BY created_at DESC LIMIT 1) newest) AS "lastOrderAt",
    (SELECT coalesce(jsonb_object_agg(kind, at), '{}') FROM (
      SELECT kind, extract(epoch FROM max(started_at))::float8 AS at FROM backup_runs
      WHERE error IS NULL AND started_at <= now() + interval '1 hour' GROUP BY kind) done) AS backups,
    (SELECT coalesce(jsonb_object_agg(severity, count), '{}') FROM (
      SELECT severity, count(*) AS count FROM attention WHERE ended_at IS NULL GROUP BY severity) open) AS attention`;
