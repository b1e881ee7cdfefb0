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
 * bill that is there already was imported before if it has the same hash. `label` is its fiscal year, `place` its
 * number among the new bills of that year, in time order.
 */
const GATHER = `
  CREATE TEMP TABLE import_bills ON COMMIT DROP AS
  SELECT judged.*,
    row_number() OVER (PARTITION BY verdict = 'new', is_return, label COLLATE "C" ORDER BY at, line) AS place
  FROM (
    SELECT bill.*, d.label, CASE
      WHEN bill.known_hash = bill.hash THEN 'known'
      WHEN bill.known_hash IS NOT NULL THEN 'changed'
      WHEN bill.total > 99999999.99 OR bill.quantity > 999999999.999 THEN 'too large'
      ELSE 'new'
    END AS verdict
    FROM (
      SELECT id, is_return, order_ref, business_date, at, line, lines, quantity, total, method,
        customer,
        encode(sha256(convert_to(concat_ws(E'\\n', at, last_at, lines, content, method, customer), 'UTF8')), 'hex')
          AS hash,
        -- looked up, not joined: the planner knows nothing of the bills, and the shop may have a million orders
        CASE WHEN is_return
          THEN (SELECT request_hash FROM refunds WHERE refunds.id = gathered.id)
          ELSE (SELECT request_hash FROM orders WHERE orders.id = gathered.id)
        END AS known_hash
      FROM (
        SELECT r.bill_id AS id,
          bool_or(r.is_return) AS is_return,
          min(r.order_ref) AS order_ref,
          min(r.business_date) AS business_date,
          min(r.at) AS at,
          max(r.at) AS last_at,
          min(r.line) AS line,
          count(*)::integer AS lines,
          sum(s.quantity) AS quantity,
          sum(s.total) AS total,
          sum(s.content) AS content,
          -- a bill that was paid in two ways says no one of them
          CASE WHEN min(r.method) = max(r.method) THEN min(r.method) ELSE 'other' END AS method,
          min(r.customer) AS customer
        FROM import_rows r
        JOIN import_sold s USING (sold)
        GROUP BY r.bill_id
      ) gathered
      OFFSET 0 -- or the hashes would be worked out each time that they are named
    ) bill
    JOIN unnest($1::date[], $2::text[]) AS d (business_date, label) USING (business_date)
  ) judged`;

/** `days` are all business dates of the file, `labels` those of their fiscal years. */
export async function gatherBills(
  client: Client,
  shopId: string,
  hasBillNumbers: boolean,
  days: string[],
  labels: string[],
): Promise<void> {
  if (!hasBillNumbers) await client.query(NAME_LONE_ROWS, [shopId]);
  await client.query(GATHER, [days, labels]);
}

export type BillCount = {
  verdict: 'new' | 'known' | 'changed' | 'too large';
  isReturn: boolean;
  /** Of its fiscal year. */
  label: string;
  bills: number;
  lines: number;
  /** A decimal of any size. */
  total: string;
  from: string;
  to: string;
};

const COUNT = `
  SELECT verdict, is_return AS "isReturn", label, count(*)::integer AS bills, sum(lines)::integer AS lines,
    sum(total)::text AS total, min(business_date)::text AS "from", max(business_date)::text AS "to"
  FROM import_bills
  GROUP BY verdict, is_return, label`;

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
