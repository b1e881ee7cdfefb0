import type { Client } from 'pg';

/** The series of shop_heads that a bill is numbered by: the label of its fiscal year, or C and that label. */
const KEY = `(CASE WHEN n.is_return THEN 'C' ELSE '' END || n.label)`;
/** As formatOrderNumber and formatCreditNoteNumber do it; `$3` are the last numbers given of each series. */
const PLACE = `(coalesce(($3::jsonb ->> ${KEY})::bigint, 0) + n.place)::text`;
const NUMBER = `$2 || '/' || ${KEY} || '/'
    || lpad(${PLACE}, greatest(CASE WHEN n.is_return THEN 5 ELSE 6 END, length(${PLACE})), '0')`;

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
      || '","taxClass":null,"listPrice":null,"modifiers":[],"productId":"' || i.product_id || '","unitPrice":"' || s.unit_price
      || i.json_end AS json
  FROM import_sold s
  JOIN import_items i USING (item)`;

/** A line's id is its bill's with the line's number at the end: unique, and beside it in every index. */
const NUMBER_LINES = `
  CREATE TEMP TABLE import_lines ON COMMIT DROP AS
  SELECT overlay(bill_id::text placing lpad(to_hex(line_no), 6, '0') from 31)::uuid AS id,
    bill_id, bill, business_date, is_return, line_no, sold
  FROM (
    SELECT n.id AS bill_id, n.line AS bill, n.business_date, n.is_return, r.sold,
      row_number() OVER (PARTITION BY n.line ORDER BY r.line)::integer AS line_no
    FROM import_rows r
    JOIN import_bills n ON n.id = r.bill_id
    WHERE n.verdict = 'new'
  ) numbered`;

/** The number of a series that tills may be counting up now is given last; until then the id stands in its place. */
const FIRST_NUMBER = `CASE WHEN n.label = ANY($5) THEN 'import/' || n.id ELSE ${NUMBER} END`;

const INSERT_ORDERS = `
  INSERT INTO orders (id, shop_id, order_number, items, subtotal, total, payment_method, payment_status, customer_name,
    created_at, updated_at, status, business_date, request_hash, source, item_quantity)
  SELECT n.id, $1, ${FIRST_NUMBER}, bill.items, n.total, n.total, n.method, 'completed', n.customer,
    n.at AT TIME ZONE $4, $6, 'completed', n.business_date, n.hash, 'import', bill.item_quantity
  FROM import_bills n
  JOIN (
    SELECT l.bill, sum(p.quantity) AS item_quantity, ('[' || string_agg('{"id":"' || l.id || p.json, ',' ORDER BY l.line_no) || ']')::jsonb AS items
    FROM import_lines l
    JOIN import_priced p USING (sold)
    WHERE NOT l.is_return
    GROUP BY l.bill
  ) bill ON bill.bill = n.line
  WHERE n.verdict = 'new'`;

const INSERT_ORDER_LINES = `
  INSERT INTO order_lines (id, shop_id, order_id, line_no, product_id, variant_id, name, variant_name, category,
    quantity, unit_price, subtotal, discount, tax, total, business_date, is_sold, first_of_product, first_of_variant,
    first_of_category)
  SELECT l.id, $1, l.bill_id, l.line_no, p.product_id, p.variant_id, p.name, p.variant_name, p.category,
    p.quantity, p.unit_price, p.total, 0, 0, p.total, l.business_date, true,
    row_number() OVER (PARTITION BY l.bill_id, p.product_id ORDER BY l.line_no) = 1,
    row_number() OVER (PARTITION BY l.bill_id, p.product_id, p.variant_id ORDER BY l.line_no) = 1,
    row_number() OVER (PARTITION BY l.bill_id, p.category ORDER BY l.line_no) = 1
  FROM import_lines l
  JOIN import_priced p USING (sold)
  WHERE NOT l.is_return`;

const INSERT_PAYMENTS = `
  INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, business_date)
  SELECT overlay(id::text placing '000000' from 31)::uuid, $1, id, method, total, total, at AT TIME ZONE $2, business_date
  FROM import_bills
  WHERE verdict = 'new' AND NOT is_return`;

const INSERT_REFUNDS = `
  INSERT INTO refunds (id, shop_id, credit_note_number, business_date, subtotal, total, method, reason, source,
    request_hash, created_at, paid_out)
  SELECT n.id, $1, ${FIRST_NUMBER}, n.business_date, n.total, n.total, n.method, 'Imported return', 'import',
    n.hash, n.at AT TIME ZONE $4, n.total
  FROM import_bills n
  WHERE n.verdict = 'new' AND n.is_return`;

const INSERT_REFUND_PAYMENTS = `
  INSERT INTO refund_payments (shop_id, refund_id, method, amount)
  SELECT $1, id, method, total FROM import_bills WHERE verdict = 'new' AND is_return AND total > 0`;

const INSERT_REFUND_LINES = `
  INSERT INTO refund_lines (id, shop_id, refund_id, line_no, product_id, variant_id, name, variant_name, category,
    quantity, unit_price, tax, total)
  SELECT l.id, $1, l.bill_id, l.line_no, p.product_id, p.variant_id, p.name, p.variant_name, p.category,
    p.quantity, p.unit_price, 0, p.total
  FROM import_lines l
  JOIN import_priced p USING (sold)
  WHERE l.is_return`;

/** Puts the new bills' lines into order, ready to go in. `fillItems` copies into import_items. */
export async function prepareLines(client: Client, fillItems: () => Promise<void>): Promise<void> {
  await client.query(CREATE_ITEMS);
  await fillItems();
  await client.query(PRICE_SOLD);
  await client.query(NUMBER_LINES);
}

type Shop = { id: string; code: string; timezone: string };

/** Writes the new bills. `series` are the last numbers given; bills of the `live` fiscal years get theirs later. */
export async function insertBills(
  client: Client,
  shop: Shop,
  series: Record<string, number>,
  live: string[],
  now: Date,
): Promise<void> {
  const given = [shop.id, shop.code, JSON.stringify(series), shop.timezone, live];
  await client.query(INSERT_ORDERS, [...given, now]);
  await client.query(INSERT_ORDER_LINES, [shop.id]);
  await client.query(INSERT_PAYMENTS, [shop.id, shop.timezone]);
  await client.query(INSERT_REFUNDS, given);
  await client.query(INSERT_REFUND_PAYMENTS, [shop.id]);
  await client.query(INSERT_REFUND_LINES, [shop.id]);
}

const numberLive = (table: string, column: string, isReturn: string) => `
  UPDATE ${table} SET ${column} = ${NUMBER}
  FROM import_bills n
  WHERE ${table}.shop_id = $1 AND ${table}.id = n.id AND n.verdict = 'new' AND n.label = ANY($4)
    AND n.is_return = ${isReturn}`;

/** Numbers the bills of series that tills count up as well; `series` is what the locked counter row says. */
export async function numberLiveBills(
  client: Client,
  shop: Shop,
  series: Record<string, number>,
  live: string[],
): Promise<void> {
  // Each bill is looked up by its id: nothing may read the whole table while the tills wait.
  await client.query(
    'SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off',
  );
  const values = [shop.id, shop.code, JSON.stringify(series), live];
  await client.query(numberLive('orders', 'order_number', 'false'), values);
  await client.query(numberLive('refunds', 'credit_note_number', 'true'), values);
}
