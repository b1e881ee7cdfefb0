import { sqlCheck } from '../check.ts';
import { cameBack, EPOCHS, labelsByEpoch } from './epochs.ts';

/** More would be a page of numbers that nobody reads. */
const MAX_RANGES = 10;

// What stands before the number, and how many digits it has: as `lentNumberFormat` has it.
const PREFIX = "s.code || '-' || l.series || '/' || l.label || '/'";
const NUMBER = '^[A-Z]+-([A-Z]{1,3})/([^/]+)/(\\d{1,5})$';
const TEXT = "prefix || lpad(number::text, greatest(digits, length(number::text)), '0')";

const CAME_BACK = cameBack({ label: 'l.label', isBeyond: 'l.number > 0', receivedAt: 'l.received_at' });

const LENT = `
  ${EPOCHS}, lent AS (
    SELECT l.series, l.label, l.first_number, l.last_number, d.name AS device, s.code,
      ${PREFIX} AS prefix, least(5, 16 - length(${PREFIX})) AS digits
    FROM number_leases l
    JOIN shops s ON s.id = l.shop_id
    JOIN devices d ON d.shop_id = l.shop_id AND d.id = l.device_id
    WHERE l.shop_id = $1
  ), given AS (
    SELECT order_number AS text, part[1] AS series, part[2] AS label, part[3]::int AS number, received_at
    FROM orders LEFT JOIN LATERAL regexp_match(order_number, '${NUMBER}') AS part ON true
    WHERE shop_id = $1 AND order_number LIKE '%-%' AND order_number LIKE '%-%/%'
  ), used AS (
    SELECT given.text, given.series, given.label, given.number
    FROM given JOIN lent USING (series, label)
    WHERE number BETWEEN first_number AND last_number AND text = ${TEXT}
  ), back AS (
    -- from number blocks that were lost in a restore
    SELECT text, series, label, number FROM (
      SELECT l.*, ${PREFIX} AS prefix, least(5, 16 - length(${PREFIX})) AS digits
      FROM given l JOIN shops s ON s.id = $1
      WHERE NOT EXISTS (SELECT FROM used WHERE used.text = l.text) AND ${CAME_BACK}
    ) lost WHERE text = ${TEXT}
  )`;

const RANGE = "CASE WHEN first = last THEN first::text ELSE first || '–' || last END";
const RANGES = `string_agg(${RANGE}, ', ' ORDER BY first) FILTER (WHERE place <= ${MAX_RANGES})
  || CASE WHEN count(*) > ${MAX_RANGES} THEN ', …' ELSE '' END`;
const rangesOf = (numbers: string) => `
  SELECT series, label, min(number) AS first, max(number) AS last, count(*) AS count,
    row_number() OVER (PARTITION BY series, label ORDER BY min(number)) AS place
  FROM (
    SELECT series, label, number, number - row_number() OVER (PARTITION BY series, label ORDER BY number) AS island
    FROM ${numbers}
  ) islands GROUP BY series, label, island`;

/**
 * Numbers given by devices come from number blocks, and the blocks have no gaps. Notes list unused numbers, and those sent
 * again after a restore that lost their block.
 */
export const lentNumbers = sqlCheck({
  name: 'lent-numbers',
  holds: 'Bills that were numbered offline have numbers that were lent, and those follow on each other',
  counts: 'lent numbers',
  parameters: labelsByEpoch,
  checked: 'SELECT coalesce(sum(last_number - first_number + 1), 0) FROM number_leases WHERE shop_id = $1',
  faults: `
    WITH ${LENT}
    SELECT text AS subject, 'Its number was never lent.' AS detail FROM given
    WHERE NOT EXISTS (SELECT FROM used WHERE used.text = given.text)
      AND NOT EXISTS (SELECT FROM back WHERE back.text = given.text)
    UNION ALL
    SELECT 'Series ' || series || '/' || label,
      format('A lease has %s to %s, but the next number to lend was %s.', first_number, last_number, due)
    FROM (
      SELECT series, label, first_number, last_number, coalesce(
        lag(last_number) OVER (PARTITION BY series, label ORDER BY first_number), 0) + 1 AS due
      FROM lent
    ) followed WHERE first_number <> due`,
  notes: `
    WITH ${LENT}, unused AS (
      SELECT series, label, number
      FROM lent, generate_series(first_number, last_number) AS number
      WHERE NOT EXISTS (SELECT FROM used
        WHERE (used.series, used.label, used.number) = (lent.series, lent.label, number.number))
    ), left_over AS (
      SELECT series, label, sum(count) AS count, ${RANGES} AS ranges
      FROM (${rangesOf('unused')}) range GROUP BY series, label
    ), whole AS (
      SELECT code, series, label, min(first_number) AS first, max(last_number) AS last,
        sum(last_number - first_number + 1) AS count, string_agg(DISTINCT device, ', ') AS devices
      FROM lent GROUP BY code, series, label
    ), said AS (
      SELECT series, label, 1 AS part, format('%s-%s/%s: %s to %s lent to %s, %s used, ', code, series, label, first, last,
        devices, whole.count - coalesce(left_over.count, 0))
        || coalesce(left_over.count || ' unused: ' || left_over.ranges, 'none unused') AS note
      FROM whole LEFT JOIN left_over USING (series, label)
      UNION ALL
      SELECT series, label, 2, format('%s-%s/%s: %s came back after a restore that lost its lease: %s', s.code,
        series, label, sum(count), ${RANGES})
      FROM (${rangesOf('back')}) range JOIN shops s ON s.id = $1 GROUP BY s.code, series, label
    )
    SELECT note FROM said ORDER BY label, length(series), series, part`,
});
