import { sqlCheck } from '../check.ts';
import { cameBack, EPOCHS, labelsByEpoch } from './epochs.ts';

/** A longer list would not be read. */
const MAX_RANGES = 10;

/** Numbers of a device's own series, `KULF-A/2627/0001`, are looked at in `lent-numbers`. */
const IS_OWN = "order_number NOT LIKE '%-%/%'";

const CAME_BACK = cameBack({
  label: 'numbered.series',
  isBeyond: `numbered.number > coalesce((e.series ->> numbered.series)::bigint, 0)
    AND split_part(numbered.text, '/', 3) = lpad(numbered.number::text, greatest(6, length(numbered.number::text)), '0')`,
  receivedAt: 'numbered.received_at',
});

// The shop's own numbers; `is_back` marks orders sent again after a restore with their number. Credit notes and Z reports are
// never sent again; Z reports have one series through all epochs.
const numberedBy = (printed: string) => `
  ${EPOCHS}, printed AS (
    ${printed}
  ), numbered AS (
    SELECT split_part(text, '/', 2) AS series, substring(text FROM '^[A-Z]+/[^/]+/(\\d{1,18})$')::bigint AS number, text,
      received_at
    FROM printed
  ), judged AS MATERIALIZED (
    SELECT series, number, text, coalesce(${CAME_BACK}, false) AS is_back FROM numbered
  ), closed AS (
    -- the counters of earlier epochs
    SELECT s.key AS series, s.value::bigint AS last FROM epoch, jsonb_each_text(epoch.series) s
    WHERE is_current AND s.key <> 'Z'
  )`;

const ALL = numberedBy(`
    SELECT order_number AS text, received_at FROM orders WHERE shop_id = $1 AND ${IS_OWN}
    UNION ALL SELECT credit_note_number, NULL FROM refunds WHERE shop_id = $1`);

/** Orders received later than sold, if the shop was ever restored. */
const LATE = numberedBy(`
    SELECT order_number AS text, received_at FROM orders
    WHERE shop_id = $1 AND ${IS_OWN} AND received_at IS NOT NULL AND EXISTS (SELECT FROM epoch WHERE reason <> 'opened')`);

const RANGE = "CASE WHEN first = last THEN first::text ELSE first || '–' || last END";
const RANGES = `string_agg(${RANGE}, ', ' ORDER BY first) FILTER (WHERE place <= ${MAX_RANGES})
  || CASE WHEN count(*) > ${MAX_RANGES} THEN ', …' ELSE '' END`;

/**
 * Orders, credit notes and Z reports are numbered 1, 2, 3 … in each series, up to the counter row. In a series from before a
 * restore, numbers beyond its counter were sent again or are missing: notes list both.
 */
export const numberSeries = sqlCheck({
  name: 'number-series',
  holds: 'Bills, credit notes and Z reports are numbered without a gap',
  counts: 'numbers',
  parameters: labelsByEpoch,
  checked: `
    SELECT (SELECT count(*) FROM orders WHERE shop_id = $1 AND ${IS_OWN}) + (SELECT count(*) FROM refunds WHERE shop_id = $1)
      + (SELECT count(z_number) FROM shifts WHERE shop_id = $1)`,
  faults: `
    WITH ${ALL}, given AS (
      SELECT series, number, text FROM judged WHERE NOT is_back
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
    SELECT 'Series ' || series, format('It is of before a restore, when the counter stood at %s; now it stands at %s.',
      closed.last, coalesce(head.last, 0))
    FROM closed LEFT JOIN head USING (series) WHERE head.last IS DISTINCT FROM closed.last
    UNION ALL
    SELECT text, 'It is no number of a series.' FROM (
      SELECT series, number, text FROM given UNION ALL SELECT series, number, text FROM judged WHERE is_back
    ) given
    WHERE number IS NULL
      OR series <> 'Z' AND split_part(text, '/', 1) <> (SELECT code FROM shops WHERE id = $1)`,
  notes: `
    WITH ${LATE}, range AS (
      SELECT series, min(number) AS first, max(number) AS last, count(*) AS count,
        row_number() OVER (PARTITION BY series ORDER BY min(number)) AS place,
        lag(max(number)) OVER (PARTITION BY series ORDER BY min(number)) AS before
      FROM (
        SELECT series, number, number - row_number() OVER (PARTITION BY series ORDER BY number) AS island
        FROM judged WHERE is_back
      ) back GROUP BY series, island
    ), gap AS (
      SELECT series, coalesce(before, closed.last, 0) + 1 AS first, range.first - 1 AS last,
        row_number() OVER (PARTITION BY series ORDER BY range.first) AS place
      FROM range LEFT JOIN closed USING (series)
      WHERE range.first > coalesce(before, closed.last, 0) + 1
    ), back AS (
      SELECT series, sum(count) AS count, ${RANGES} AS ranges FROM range GROUP BY series
    ), missing AS (
      SELECT series, ${RANGES} AS ranges FROM gap GROUP BY series
    )
    SELECT format('%s/%s: the books had it up to %s at the restore; %s beyond came back: %s', s.code, series,
      coalesce(closed.last, 0), back.count, back.ranges) || coalesce('; missing in between: ' || missing.ranges, '') AS note
    FROM back JOIN shops s ON s.id = $1 LEFT JOIN closed USING (series) LEFT JOIN missing USING (series)
    ORDER BY series`,
});
