import { sqlCheck } from '../check.ts';

/** More would be a page of numbers that nobody reads. */
const MAX_RANGES = 10;

// What stands before the number, and how many digits it has: as `lentNumberFormat` has it.
const PREFIX = "s.code || '-' || l.series || '/' || l.fiscal_year || '/'";
const NUMBER = '^[A-Z]+-([A-Z]{1,3})/([^/]+)/(\\d{1,5})$';

const LENT = `
  lent AS (
    SELECT l.series, l.fiscal_year, l.first_number, l.last_number, d.name AS device, s.code,
      ${PREFIX} AS prefix, least(5, 16 - length(${PREFIX})) AS digits
    FROM number_leases l
    JOIN shops s ON s.id = l.shop_id
    JOIN devices d ON d.shop_id = l.shop_id AND d.id = l.device_id
    WHERE l.shop_id = $1
  ), given AS (
    SELECT order_number AS text, part[1] AS series, part[2] AS fiscal_year, part[3]::int AS number
    FROM orders LEFT JOIN LATERAL regexp_match(order_number, '${NUMBER}') AS part ON true
    WHERE shop_id = $1 AND order_number LIKE '%-%' AND order_number LIKE '%-%/%'
  ), used AS (
    SELECT given.text, given.series, given.fiscal_year, given.number
    FROM given JOIN lent USING (series, fiscal_year)
    WHERE number BETWEEN first_number AND last_number
      AND text = prefix || lpad(number::text, greatest(digits, length(number::text)), '0')
  )`;

const RANGE = "CASE WHEN first = last THEN first::text ELSE first || '–' || last END";

/** Bills that devices numbered themselves: out of what was lent, and what was lent without a gap; what is unused is said. */
export const lentNumbers = sqlCheck({
  name: 'lent-numbers',
  holds: 'Bills that were numbered offline have numbers that were lent, and those follow on each other',
  counts: 'lent numbers',
  checked: 'SELECT coalesce(sum(last_number - first_number + 1), 0) FROM number_leases WHERE shop_id = $1',
  faults: `
    WITH ${LENT}
    SELECT text AS subject, 'Its number was never lent.' AS detail FROM given
    WHERE NOT EXISTS (SELECT FROM used WHERE used.text = given.text)
    UNION ALL
    SELECT 'Series ' || series || '/' || fiscal_year,
      format('A lease has %s to %s, but the next number to lend was %s.', first_number, last_number, due)
    FROM (
      SELECT series, fiscal_year, first_number, last_number, coalesce(
        lag(last_number) OVER (PARTITION BY series, fiscal_year ORDER BY first_number), 0) + 1 AS due
      FROM lent
    ) followed WHERE first_number <> due`,
  notes: `
    WITH ${LENT}, unused AS (
      SELECT series, fiscal_year, number, number - row_number() OVER (PARTITION BY series, fiscal_year ORDER BY number) AS island
      FROM lent, generate_series(first_number, last_number) AS number
      WHERE NOT EXISTS (SELECT FROM used
        WHERE (used.series, used.fiscal_year, used.number) = (lent.series, lent.fiscal_year, number.number))
    ), range AS (
      SELECT series, fiscal_year, min(number) AS first, max(number) AS last, count(*) AS count,
        row_number() OVER (PARTITION BY series, fiscal_year ORDER BY min(number)) AS place
      FROM unused GROUP BY series, fiscal_year, island
    ), left_over AS (
      SELECT series, fiscal_year, sum(count) AS count, string_agg(${RANGE}, ', ' ORDER BY first) FILTER (WHERE place <= ${MAX_RANGES})
        || CASE WHEN count(*) > ${MAX_RANGES} THEN ', …' ELSE '' END AS ranges
      FROM range GROUP BY series, fiscal_year
    ), whole AS (
      SELECT code, series, fiscal_year, min(first_number) AS first, max(last_number) AS last,
        sum(last_number - first_number + 1) AS count, string_agg(DISTINCT device, ', ') AS devices
      FROM lent GROUP BY code, series, fiscal_year
    )
    SELECT format('%s-%s/%s: %s to %s lent to %s, %s used, ', code, series, fiscal_year, first, last, devices,
      whole.count - coalesce(left_over.count, 0)) || coalesce(left_over.count || ' unused: ' || ranges, 'none unused') AS note
    FROM whole LEFT JOIN left_over USING (series, fiscal_year)
    ORDER BY fiscal_year, length(series), series`,
});
