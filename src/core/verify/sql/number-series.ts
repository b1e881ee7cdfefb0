import { sqlCheck } from '../check.ts';

/** Numbers of a device's own series, `KULF-A/2627/0001`, are looked at in `lent-numbers`. */
const IS_OWN = "order_number NOT LIKE '%-%/%'";

/** Bills, credit notes and Z reports are numbered 1, 2, 3 … in each series, up to what the counter row says. */
export const numberSeries = sqlCheck({
  name: 'number-series',
  holds: 'Bills, credit notes and Z reports are numbered without a gap',
  counts: 'numbers',
  checked: `
    SELECT (SELECT count(*) FROM orders WHERE shop_id = $1 AND ${IS_OWN}) + (SELECT count(*) FROM refunds WHERE shop_id = $1)
      + (SELECT count(z_number) FROM shifts WHERE shop_id = $1)`,
  faults: `
    WITH printed AS (
      SELECT order_number AS text FROM orders WHERE shop_id = $1 AND ${IS_OWN}
      UNION ALL SELECT credit_note_number FROM refunds WHERE shop_id = $1
    ), given AS (
      SELECT split_part(text, '/', 2) AS series, substring(text FROM '^[A-Z]+/[^/]+/(\\d{1,18})$')::bigint AS number, text
      FROM printed
      UNION ALL SELECT 'Z', z_number, 'Z' || z_number FROM shifts WHERE shop_id = $1 AND z_number IS NOT NULL
    ), counted AS (
      SELECT series, count(*) AS count, min(number) AS first, max(number) AS last, count(DISTINCT number) AS different
      FROM given WHERE number IS NOT NULL GROUP BY series
    ), head AS (
      SELECT s.key AS series, s.value::bigint AS last FROM shop_heads h, jsonb_each_text(h.series) s WHERE h.shop_id = $1
    )
    SELECT 'Series ' || series AS subject, concat_ws('; ',
      format('%s numbers up to %s, the counter stands at %s', coalesce(c.count, 0), coalesce(c.last, 0),
        coalesce(head.last, 0)),
      (SELECT 'missing: ' || string_agg(n::text, ', ') FROM (
        -- of n numbers that are not 1 to n, one up to n + 1 is missing
        SELECT n FROM generate_series(1, least(greatest(c.last, head.last), coalesce(c.count, 0) + 5)) n
        WHERE NOT EXISTS (SELECT FROM given g WHERE g.series = coalesce(c.series, head.series) AND g.number = n)
        ORDER BY n LIMIT 5) missing),
      CASE WHEN c.count > c.different THEN 'some are given twice' END) AS detail
    FROM counted c FULL JOIN head USING (series)
    WHERE (c.first, c.last, c.count, c.different)
      IS DISTINCT FROM (CASE WHEN c.count > 0 THEN 1::bigint END, head.last, head.last, head.last)
      AND coalesce(c.count, head.last) > 0
    UNION ALL
    SELECT text, 'It is no number of a series.' FROM given
    WHERE number IS NULL
      OR series <> 'Z' AND split_part(text, '/', 1) <> (SELECT code FROM shops WHERE id = $1)`,
});
