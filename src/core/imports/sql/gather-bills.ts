import type { Client } from 'pg';
import { BILL_ID } from '../bill-id.ts';

/** Rows without a bill's number are a bill each; those that say the same are told apart by counting them. */
const NAME_LONE_ROWS = `
  UPDATE import_rows SET bill_id = named.id
  FROM (
    SELECT line, ${BILL_ID(`concat_ws(E'\\n', $1::text, 'row', is_return, at, identity, occurrence)`)} AS id
    FROM (
      SELECT r.*, s.identity,
        row_number() OVER (PARTITION BY r.is_return, r.at, s.identity ORDER BY r.line) AS occurrence
      FROM import_rows r
      JOIN import_sold s USING (sold)
    ) counted
  ) named
  WHERE named.line = import_rows.line`;

/**
 * One row a bill. Its hash adds up those of its lines, so that a file sorted in another way is still the same file. A
 * bill that is there already was imported before if it has the same hash.
 */
const GATHER = `
  CREATE TEMP TABLE import_bills ON COMMIT DROP AS
  SELECT bill.*, CASE
    WHEN coalesce(o.request_hash, f.request_hash) = bill.hash THEN 'known'
    WHEN coalesce(o.id, f.id) IS NOT NULL THEN 'changed'
    WHEN bill.total > 99999999.99 THEN 'too large'
    ELSE 'new'
  END AS verdict
  FROM (
    SELECT id, is_return, order_ref, business_date, at, line, lines, total, method, customer,
      encode(sha256(convert_to(concat_ws(E'\\n', at, last_at, lines, content, method, customer), 'UTF8')), 'hex') AS hash
    FROM (
      SELECT r.bill_id AS id,
        bool_or(r.is_return) AS is_return,
        min(r.order_ref) AS order_ref,
        min(r.business_date) AS business_date,
        min(r.at) AS at,
        max(r.at) AS last_at,
        min(r.line) AS line,
        count(*)::integer AS lines,
        sum(s.total) AS total,
        sum(s.content) AS content,
        -- a bill that was paid in two ways says no one of them
        CASE WHEN min(r.method) = max(r.method) THEN min(r.method) ELSE 'other' END AS method,
        min(r.customer) AS customer
      FROM import_rows r
      JOIN import_sold s USING (sold)
      GROUP BY r.bill_id
    ) gathered
  ) bill
  LEFT JOIN orders o ON o.id = bill.id AND NOT bill.is_return
  LEFT JOIN refunds f ON f.id = bill.id AND bill.is_return`;

export async function gatherBills(client: Client, shopId: string, hasBillNumbers: boolean): Promise<void> {
  if (!hasBillNumbers) await client.query(NAME_LONE_ROWS, [shopId]);
  await client.query(GATHER);
}

export type BillCount = {
  verdict: 'new' | 'known' | 'changed' | 'too large';
  isReturn: boolean;
  bills: number;
  lines: number;
  /** A decimal of any size. */
  total: string;
  from: string;
  to: string;
};

const COUNT = `
  SELECT verdict, is_return AS "isReturn", count(*)::integer AS bills, sum(lines)::integer AS lines,
    sum(total)::text AS total, min(business_date)::text AS "from", max(business_date)::text AS "to"
  FROM import_bills
  GROUP BY verdict, is_return`;

export async function countBills(client: Client): Promise<BillCount[]> {
  return (await client.query<BillCount>(COUNT)).rows;
}

export type RefusedBill = {
  line: number;
  order: string | null;
  businessDate: string;
  isReturn: boolean;
  verdict: 'changed' | 'too large';
};

const REFUSED = `
  SELECT line, order_ref AS "order", business_date::text AS "businessDate", is_return AS "isReturn", verdict
  FROM import_bills
  WHERE verdict IN ('changed', 'too large')
  ORDER BY line
  LIMIT $1`;

/** Bills that can't go in, with the line where they begin. */
export async function listRefused(client: Client, limit: number): Promise<RefusedBill[]> {
  return (await client.query<RefusedBill>(REFUSED, [limit])).rows;
}

const NEW_ITEMS = `
  SELECT DISTINCT s.item
  FROM import_bills b
  JOIN import_rows r ON r.bill_id = b.id
  JOIN import_sold s USING (sold)
  WHERE b.verdict = 'new'`;

/** The items that new bills sell. */
export async function listNewItems(client: Client): Promise<number[]> {
  return (await client.query<{ item: number }>(NEW_ITEMS)).rows.map(({ item }) => item);
}

const NEW_DAYS = `
  SELECT DISTINCT business_date::text AS day FROM import_bills WHERE verdict = 'new' ORDER BY day`;

/** Business dates of new bills. */
export async function listNewDays(client: Client): Promise<string[]> {
  return (await client.query<{ day: string }>(NEW_DAYS)).rows.map(({ day }) => day);
}
