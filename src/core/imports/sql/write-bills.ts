import type { Client } from 'pg';

/** Figures the bills: what goes into the tables, still without touching them. */
const NUMBER_BILLS = `
  CREATE TEMP TABLE import_new ON COMMIT DROP AS
  SELECT b.*, b.at AT TIME ZONE $2 AS created_at, d.key, d.is_live,
    d.given + row_number() OVER (PARTITION BY d.key ORDER BY b.at, b.line) AS number
  FROM import_bills b
  JOIN unnest($3::date[], $4::boolean[], $5::text[], $6::bigint[], $7::boolean[])
    AS d (business_date, is_return, key, given, is_live) USING (business_date, is_return)
  WHERE b.verdict = 'new' AND $1::uuid IS NOT NULL`;
