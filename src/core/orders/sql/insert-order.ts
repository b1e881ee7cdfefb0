import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '../../../contract/money.ts';
import type { Order as OrderView } from '../../../contract/orders.ts';
import { query } from '../../../database/query.ts';
import { type Actor, type Context, deviceOf } from '../../context.ts';
import { sealPhone } from '../../customers/sealed-contact.ts';
import { upsertCustomer } from '../../customers/sql/upsert-customer.ts';
import { sealTypedPhone } from '../../customers/typed-phone.ts';
import { asOutOfStock } from '../../inventory/out-of-stock.ts';
import { MOVE_STOCK, moveStockParameters, type StockChange } from '../../inventory/sql/move-stock.ts';
import { openShiftOf } from '../../shifts/sql/open-shift.ts';
import type { LineStock } from '../make-bill.ts';
import type { UnknownGoods } from './insert-goods.ts';
import { LINE_COLUMNS, linesOf } from './line-rows.ts';
import { type OtherColumns, orderColumns } from './order-columns.ts';

/** What only the database can say: who the customer is, which drawer is open, which number comes next, what ran short. */
type Given = Pick<OrderView, 'orderNumber' | 'tokenNumber' | 'customerId' | 'shiftId' | 'flags'>;

/** An order without what only the database can say; `flags` are those that are known before. */
export type OrderDraft = Omit<OrderView, Exclude<keyof Given, 'flags'>>;

export type NewOrderRow = {
  draft: OrderDraft;
  waivesServiceCharge: boolean;
  requestHash: string;
  lineStock: LineStock[];
  stock: StockChange[];
  /** The step of cash rounding that its cash payments keep, in minor units, or null. */
  cashStepMinor: number | null;
  /** E.164, or null. */
  customerPhone: string | null;
  /** What was typed as the phone number and can't be read as one, or null. */
  typedPhone: string | null;
  /** The key of the number series, and what stands before the number. */
  series: string;
  numberPrefix: string;
  /** The number already printed, from a number block or an earlier epoch; null takes the next one of the series. */
  printedNumber: string | null;
  /** Products and variants that the shop lacks, inserted before the order. */
  goods: UnknownGoods | null;
  actor: Actor;
  /** Now; a sale that was made offline was sold before. */
  at: Date;
};

/** It has come in late: its goods are gone, and nobody calls out its token. */
const IS_OFFLINE = "$11::jsonb->>'receivedAt' IS NOT NULL";

const SHORT_FLAGS = `
  SELECT jsonb_agg(jsonb_build_object('code', 'stock_short', 'detail', format(
    'More %s was sold than there was: %s %s were left.', name, trim_scale(greatest(quantity - delta, 0)), unit)) ORDER BY name)
  FROM moved WHERE is_short`;

// One statement writes the sale. Its order is in its joins: stock is locked and moved first, in the order of ids, then
// the customer and the open shift; the shop's counter row, which every sale of the shop needs, is locked last and held
// for the commit alone. The order goes in before its parts, so that of two equal sales at once the second stumbles over
// the order's id and over nothing else.
const insertStatement = (columns: ReturnType<typeof orderColumns>) => `
  WITH ${MOVE_STOCK}, customer AS (
    ${upsertCustomer({ id: '$15::uuid', shopId: '$1::uuid', hash: '$16::bytea', sealed: '$19::bytea', name: "$11::jsonb->>'customerName'", at: '$7::timestamptz' })}
  ), shift AS (
    ${openShiftOf('$1', '$13::text')}
  ), head AS (
    UPDATE shop_heads SET
      seq = seq + 1 + (SELECT count(*) FROM stock_event),
      series = CASE WHEN $18::text IS NULL
        THEN series || jsonb_build_object($8::text, coalesce((series->>$8)::bigint, 0) + 1) ELSE series END,
      token_number = CASE WHEN ${IS_OFFLINE} THEN token_number WHEN token_date >= $10::date THEN token_number + 1 ELSE 1 END,
      token_date = CASE WHEN ${IS_OFFLINE} THEN token_date ELSE greatest(token_date, $10) END
    WHERE shop_id = $1 AND (SELECT is_enough FROM stock)
      AND (SELECT count(*) FROM customer) + (SELECT count(*) FROM shift) >= 0
    RETURNING seq, (series->>$8)::text AS number, token_number
  ), placed AS (
    SELECT seq - (SELECT count(*) FROM stock_event) AS seq, $11::jsonb || jsonb_build_object(
      'orderNumber', coalesce($18, $9::text || lpad(number, greatest(6, length(number)), '0')),
      'tokenNumber', CASE WHEN NOT (${IS_OFFLINE}) THEN token_number END,
      'flags', ($11::jsonb->'flags') || coalesce((${SHORT_FLAGS}), '[]'),
      'customerId', (SELECT id FROM customer),
      'shiftId', CASE WHEN $11::jsonb->>'status' <> 'open' THEN (SELECT id FROM shift) END) AS data
    FROM head
  ), new_order AS (
    INSERT INTO orders (${columns.names})
    SELECT ${columns.values} FROM placed, jsonb_to_record(placed.data) AS o (${columns.record})
    RETURNING id, cashier_id
  ), new_lines AS (
    INSERT INTO order_lines ${LINE_COLUMNS} ${linesOf({
      items: "placed.data->'items'",
      lineStock: '$14::jsonb',
      shopId: '$1',
      orderId: 'new_order.id',
      businessDate: '$10::date',
      isSold: "placed.data->>'status' <> 'open'",
      taxSplit: "placed.data->>'taxSplit'",
      from: 'new_order, placed',
    })}
  ), new_payments AS (
    INSERT INTO payments (
      id, shop_id, order_id, method, amount, tendered, tip, change, reference, at, cashier_id, shift_id, business_date,
      cash_step)
    SELECT p.id, $1, new_order.id, p.method, p.amount, p.tendered, p.tip, p.change, p.reference, p.at,
      new_order.cashier_id, (SELECT id FROM shift), $10, CASE p.method WHEN 'cash' THEN $21::numeric END
    FROM new_order, placed, jsonb_to_recordset(placed.data->'payments') AS p (
      id uuid, method text, amount numeric, tendered numeric, tip numeric, change numeric, reference text,
      at timestamptz)
  ), new_events AS (
    INSERT INTO events (shop_id, seq, type, at, actor, device_id, data)
    SELECT $1, seq, 'order_created', $7, $6, $13, data FROM placed
    UNION ALL
    SELECT $1, placed.seq + e.number, e.type, $7, $6, $13, e.data FROM placed, stock_event e
  )
  SELECT data->>'orderNumber' AS "orderNumber", (data->>'tokenNumber')::int AS "tokenNumber",
         (data->>'customerId')::uuid AS "customerId", (data->>'shiftId')::uuid AS "shiftId", data->'flags' AS flags
  FROM placed`;

/** Values of an order that the statement itself assigns. */
const OTHER_COLUMNS: OtherColumns = {
  shop_id: '$1',
  updated_at: '$7',
  request_hash: '$12',
  waives_service_charge: '$17',
  typed_phone_sealed: '$20::bytea',
  item_quantity: '(SELECT sum(quantity) FROM jsonb_to_recordset(o.items) AS line (quantity numeric))',
  discount_given: `nullif(o."discountGiven", 'null')`,
};

let statement: string | undefined;

/**
 * Writes a sale with its lines, payments, stock movements, customer, numbers and events: all of it or nothing, in one
 * statement that is its own transaction, so that nobody waits for this program while the shop's counter row is locked.
 * Throws `out_of_stock`.
 */
export async function insertOrder(
  { app: { keys }, em }: Pick<Context, 'app' | 'em'>,
  row: NewOrderRow,
): Promise<OrderView> {
  const { draft, stock, actor, at } = row;
  const isOffline = draft.receivedAt !== null;
  const movement = {
    shopId: draft.shopId,
    changes: stock,
    reason: 'sale',
    orderId: draft.id,
    actor,
    at,
    businessDate: draft.businessDate,
    ...(isOffline ? { movedAt: new Date(draft.createdAt), isGone: true } : {}),
  } as const;
  const newCustomerId = uuidv7();
  const phone = row.customerPhone && sealPhone(keys, draft.shopId, newCustomerId, row.customerPhone);
  statement ??= insertStatement(orderColumns(em, OTHER_COLUMNS));
  const written = query<Given>(em, statement, [
    ...moveStockParameters(movement),
    row.series,
    row.numberPrefix,
    draft.businessDate,
    JSON.stringify(draft),
    row.requestHash,
    deviceOf(actor),
    JSON.stringify(row.lineStock),
    newCustomerId,
    phone ? phone.hash : null,
    row.waivesServiceCharge,
    row.printedNumber,
    phone ? phone.sealed : null,
    row.typedPhone === null ? null : sealTypedPhone(keys, draft.id, row.typedPhone),
    row.cashStepMinor === null ? null : formatMinor(row.cashStepMinor),
  ]);
  const [given] = await asOutOfStock(written);
  if (!given) throw new Error(`Shop ${draft.shopId} has no counters.`);
  return { ...draft, ...given };
}
