import type { Client } from 'pg';

/** What a shop's bills are numbered by: `key` is the series of shop_heads, a fiscal year or C and a fiscal year. */
const NUMBER_TEXT = (code: string, key: string, number: string, isReturn: string) =>
  `${code} || '/' || ${key} || '/'
    || lpad((${number})::text, greatest(CASE WHEN ${isReturn} THEN 5 ELSE 6 END, length((${number})::text)), '0')`;

/** New bills with their series and their place in it, in time order. `$2` and `$3` give each business date's label. */
const PLACE_BILLS = `
  CREATE TEMP TABLE import_new ON COMMIT DROP AS
  SELECT b.*, b.at AT TIME ZONE $1 AS created_at, y.label, y.label = ANY($4) AS is_live,
    CASE WHEN b.is_return THEN 'C' ELSE '' END || y.label AS key,
    row_number() OVER (PARTITION BY b.is_return, y.label ORDER BY b.at, b.line) AS place
  FROM import_bills b
  JOIN unnest($2::date[], $3::text[]) AS y (business_date, label) USING (business_date)
  WHERE b.verdict = 'new'`;

/** Products of the file as they are in the shop; see `itemJson` for the pieces around the figures. */
const CREATE_ITEMS = `
  CREATE TEMP TABLE import_items (
    item         integer,
    product_id   uuid,
    variant_id   uuid,
    name         text,
    variant_name text,
    category     text,
    json_start   text,
    json_middle  text,
    json_end     text
  ) ON COMMIT DROP`;

export const COPY_ITEMS = 'COPY import_items FROM STDIN';

const PRICE_SOLD = `
  CREATE TEMP TABLE import_priced ON COMMIT DROP AS
  SELECT s.sold, s.quantity, s.unit_price, s.total, i.product_id, i.variant_id, i.name, i.variant_name, i.category,
    i.json_start || s.total || i.json_middle || trim_scale(s.quantity) || ',"subtotal":"' || s.total
      || '","taxClass":null,"modifiers":[],"productId":"' || i.product_id || '","unitPrice":"' || s.unit_price
      || i.json_end AS json
  FROM import_sold s
  JOIN import_items i USING (item)`;

/** A line's id is its bill's with the line's number at the end: unique, and beside it in every index. */
const NUMBER_LINES = `
  CREATE TEMP TABLE import_lines ON COMMIT DROP AS
  SELECT overlay(bill_id::text placing lpad(to_hex(line_no), 6, '0') from 31)::uuid AS id,
    bill_id, bill, is_return, line_no, sold
  FROM (
    SELECT n.id AS bill_id, n.line AS bill, n.is_return, r.sold,
      row_number() OVER (PARTITION BY n.line ORDER BY r.line)::integer AS line_no
    FROM import_rows r
    JOIN import_new n ON n.id = r.bill_id
  ) numbered`;

/** The number of a series that tills may be counting up now is given last; until then the id stands in its place. */
const FIRST_NUMBER = `CASE WHEN n.is_live THEN 'import/' || n.id
  ELSE ${NUMBER_TEXT('$2', 'n.key', 'coalesce(($3::jsonb ->> n.key)::bigint, 0) + n.place', 'n.is_return')} END`;

const INSERT_ORDERS = `
  INSERT INTO orders (id, shop_id, order_number, items, subtotal, total, payment_method, payment_status, customer_name,
    created_at, updated_at, status, business_date, request_hash, source)
  SELECT n.id, $1, ${FIRST_NUMBER}, bill.items, n.total, n.total, n.method, 'completed', n.customer,
    n.created_at, $4, 'completed', n.business_date, n.hash, 'import'
  FROM import_new n
  JOIN (
    SELECT l.bill, ('[' || string_agg('{"id":"' || l.id || p.json, ',' ORDER BY l.line_no) || ']')::jsonb AS items
    FROM import_lines l
    JOIN import_priced p USING (sold)
    WHERE NOT l.is_return
    GROUP BY l.bill
  ) bill ON bill.bill = n.line`;

const INSERT_ORDER_LINES = `
  INSERT INTO order_lines (id, shop_id, order_id, line_no, product_id, variant_id, name, variant_name, category,
    quantity, unit_price, subtotal, discount, tax, total)
  SELECT l.id, $1, l.bill_id, l.line_no, p.product_id, p.variant_id, p.name, p.variant_name, p.category,
    p.quantity, p.unit_price, p.total, 0, 0, p.total
  FROM import_lines l
  JOIN import_priced p USING (sold)
  WHERE NOT l.is_return`;

const INSERT_PAYMENTS = `
  INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at)
  SELECT overlay(id::text placing '000000' from 31)::uuid, $1, id, method, total, total, created_at
  FROM import_new
  WHERE NOT is_return`;

const INSERT_REFUNDS = `
  INSERT INTO refunds (id, shop_id, credit_note_number, business_date, subtotal, total, method, reason, source,
    request_hash, created_at)
  SELECT n.id, $1, ${FIRST_NUMBER}, n.business_date, n.total, n.total, n.method, 'Imported return', 'import',
    n.hash, n.created_at
  FROM import_new n
  WHERE n.is_return`;

const INSERT_REFUND_LINES = `
  INSERT INTO refund_lines (id, shop_id, refund_id, line_no, product_id, variant_id, name, variant_name, category,
    quantity, unit_price, tax, total)
  SELECT l.id, $1, l.bill_id, l.line_no, p.product_id, p.variant_id, p.name, p.variant_name, p.category,
    p.quantity, p.unit_price, 0, p.total
  FROM import_lines l
  JOIN import_priced p USING (sold)
  WHERE l.is_return`;

/** New bills and their lines, ready to go in. `live` are the labels of fiscal years in which tills sell now. */
export async function placeBills(
  client: Client,
  timezone: string,
  days: string[],
  labels: string[],
  live: string[],
): Promise<void> {
  await client.query(PLACE_BILLS, [timezone, days, labels, live]);
  await client.query(NUMBER_LINES);
}

/** `fill` copies into import_items. */
export async function priceSold(client: Client, fill: () => Promise<void>): Promise<void> {
  await client.query(CREATE_ITEMS);
  await fill();
  await client.query(PRICE_SOLD);
}

export async function insertBills(
  client: Client,
  shop: { id: string; code: string },
  series: Record<string, number>,
  now: Date,
): Promise<void> {
  const given = JSON.stringify(series);
  await client.query(INSERT_ORDERS, [shop.id, shop.code, given, now]);
  await client.query(INSERT_ORDER_LINES, [shop.id]);
  await client.query(INSERT_PAYMENTS, [shop.id]);
  await client.query(INSERT_REFUNDS, [shop.id, shop.code, given]);
  await client.query(INSERT_REFUND_LINES, [shop.id]);
}

const numberLive = (table: string, column: string, isReturn: string) => `
  UPDATE ${table} SET ${column} =
    ${NUMBER_TEXT('$2', 'n.key', 'coalesce(($3::jsonb ->> n.key)::bigint, 0) + n.place', 'n.is_return')}
  FROM import_new n
  WHERE ${table}.shop_id = $1 AND ${table}.id = n.id AND n.is_live AND n.is_return = ${isReturn}`;

/** Numbers the bills of series that tills count up as well; `series` is what the locked counter row says. */
export async function numberLiveBills(
  client: Client,
  shop: { id: string; code: string },
  series: Record<string, number>,
): Promise<void> {
  const values = [shop.id, shop.code, JSON.stringify(series)];
  await client.query(numberLive('orders', 'order_number', 'false'), values);
  await client.query(numberLive('refunds', 'credit_note_number', 'true'), values);
}

const COUNT_SERIES = 'SELECT key, is_live AS "isLive", count(*)::integer AS count FROM import_new GROUP BY key, is_live';

/** How many numbers the new bills take of each series. */
export async function countSeries(client: Client): Promise<{ key: string; isLive: boolean; count: number }[]> {
  return (await client.query(COUNT_SERIES)).rows;
}
