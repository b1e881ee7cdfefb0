import type { EntityManager } from '@mikro-orm/postgresql';
import type { Order as OrderView } from '../../../contract/orders.ts';
import { query } from '../../../database/query.ts';
import { type Actor, deviceOf } from '../../context.ts';
import { asOutOfStock } from '../../inventory/out-of-stock.ts';
import { MOVE_STOCK, moveStockParameters, type StockChange } from '../../inventory/sql/move-stock.ts';

import { LINE_COLUMNS, linesOf } from './line-rows.ts';

/** An order without what only the counter row can give it. */
export type OrderDraft = Omit<OrderView, 'orderNumber' | 'tokenNumber'>;

type NewOrderRow = {
  draft: OrderDraft;
  requestHash: string;
  stock: StockChange[];
  /** The key of the number series, and what stands before the number. */
  series: string;
  numberPrefix: string;
  actor: Actor;
  at: Date;
};

type Row = { orderNumber: string; tokenNumber: number };

// One statement writes the sale. Its order is in its joins: stock is locked and moved first, in the order of ids; the
// shop's counter row, which every sale of the shop needs, is locked last and held for the commit alone. The order goes in
// before its parts, so that of two equal sales at once the second stumbles over the order's id and over nothing else.
const INSERT_ORDER = `
  WITH ${MOVE_STOCK}, head AS (
    UPDATE shop_heads SET
      seq = seq + 1,
      series = series || jsonb_build_object($8::text, coalesce((series->>$8)::bigint, 0) + 1),
      token_number = CASE WHEN token_date >= $10::date THEN token_number + 1 ELSE 1 END,
      token_date = greatest(token_date, $10)
    WHERE shop_id = $1 AND (SELECT is_enough FROM stock)
    RETURNING seq, (series->>$8)::text AS number, token_number
  ), placed AS (
    SELECT seq, $11::jsonb || jsonb_build_object(
      'orderNumber', $9::text || lpad(number, greatest(6, length(number)), '0'),
      'tokenNumber', token_number) AS data
    FROM head
  ), new_order AS (
    INSERT INTO orders (
      id, shop_id, order_number, items, subtotal, tax, discount, total, payment_method, payment_status, cashier_id,
      customer_name, order_type, created_at, updated_at, status, business_date, token_number, device_id, notes,
      discount_given, tax_lines, tax_mode, request_hash, source, item_quantity)
    SELECT o.id, $1, o."orderNumber", o.items, o.subtotal, o.tax, o.discount, o.total, o."paymentMethod",
      o."paymentStatus", o."cashierId", o."customerName", o."orderType", $7, $7, o.status, o."businessDate",
      o."tokenNumber", o."deviceId", o.notes, nullif(o."discountGiven", 'null'), o."taxLines", o."taxMode", $12, o.source,
      (SELECT sum(quantity) FROM jsonb_to_recordset(o.items) AS line (quantity numeric))
    FROM placed, jsonb_to_record(placed.data) AS o (
      id uuid, "orderNumber" text, items jsonb, subtotal numeric, tax numeric, discount numeric, total numeric,
      "paymentMethod" text, "paymentStatus" text, "cashierId" uuid, "customerName" text, "orderType" text, status text,
      "businessDate" date, "tokenNumber" int, "deviceId" text, notes text, "discountGiven" jsonb, "taxLines" jsonb,
      "taxMode" text, source text)
    RETURNING id
  ), new_lines AS (
    INSERT INTO order_lines ${LINE_COLUMNS} ${linesOf({
      items: "placed.data->'items'",
      shopId: '$1',
      orderId: 'new_order.id',
      businessDate: '$10::date',
      isSold: "placed.data->>'status' <> 'open'",
      from: 'new_order, placed',
    })}
  ), new_payments AS (
    INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, change, reference, at)
    SELECT p.id, $1, new_order.id, p.method, p.amount, p.tendered, p.change, p.reference, p.at
    FROM new_order, placed, jsonb_to_recordset(placed.data->'payments') AS p (
      id uuid, method text, amount numeric, tendered numeric, change numeric, reference text, at timestamptz)
  ), new_event AS (
    INSERT INTO events (shop_id, seq, type, at, actor, device_id, data)
    SELECT $1, seq, 'order_created', $7, $6, $13, data FROM placed
  )
  SELECT data->>'orderNumber' AS "orderNumber", (data->>'tokenNumber')::int AS "tokenNumber" FROM placed`;

/**
 * Writes a sale with its lines, payments, stock movements, numbers and event: all of it or nothing, in one statement
 * that is its own transaction, so that nobody waits for this program while the shop's counter row is locked.
 * Throws `out_of_stock`.
 */
export async function insertOrder(
  em: EntityManager,
  { draft, requestHash, stock, series, numberPrefix, actor, at }: NewOrderRow,
): Promise<OrderView> {
  const movement = {
    shopId: draft.shopId,
    changes: stock,
    reason: 'sale',
    orderId: draft.id,
    actor,
    at,
  } as const;
  const written = query<Row>(em, INSERT_ORDER, [
    ...moveStockParameters(movement),
    series,
    numberPrefix,
    draft.businessDate,
    JSON.stringify(draft),
    requestHash,
    deviceOf(actor),
  ]);
  const [row] = await asOutOfStock(written);
  if (!row) throw new Error(`Shop ${draft.shopId} has no counters.`);
  const { id, shopId, ...rest } = draft;
  return { id, shopId, orderNumber: row.orderNumber, tokenNumber: row.tokenNumber, ...rest };
}
