import type { EntityManager } from '@mikro-orm/postgresql';
import { formatMinor } from '../../../contract/money.ts';
import { query } from '../../../database/query.ts';

/** A refund without its credit note's number, which only the counter row can give; amounts of lines as decimal text. */
export type RefundRow = {
  id: string;
  shopId: string;
  orderId: string;
  orderType: string;
  requestHash: string;
  businessDate: string;
  reason: string;
  restock: boolean;
  method: string;
  cashierId: string | null;
  shiftId: string | null;
  at: Date;
  /** The key of the number series, and what stands before the number. */
  series: string;
  numberPrefix: string;
  taxMinor: number;
  roundingMinor: number;
  totalMinor: number;
  /** What of the total went back as money: the sum of its payments. */
  paidOutMinor: number;
  payments: { method: string; amountMinor: number; tipMinor: number }[];
  /** The step of cash rounding, if some of it went back in cash; null for other methods, and without rounding. */
  cashStepMinor: number | null;
  lines: { lineNo: number; quantity: string; tax: string; total: string; cost: string | null }[];
};

const INSERT_REFUND = `
  WITH head AS (
    UPDATE shop_heads SET
      series = series || jsonb_build_object($3::text, coalesce((series->>$3)::bigint, 0) + 1)
    WHERE shop_id = $1 RETURNING (series->>$3)::text AS number
  ), new_refund AS (
    INSERT INTO refunds (
      id, shop_id, order_id, credit_note_number, business_date, subtotal, tax, rounding, total, method, reason, restock,
      source, request_hash, cashier_id, shift_id, order_type, created_at, cash_step, paid_out)
    SELECT $5, $1, $2, $4::text || lpad(number, greatest(5, length(number)), '0'), $6::date, $7::numeric, $8::numeric,
      $9::numeric, $10::numeric, $11, $12, $13, 'till', $14, $15, $16, $17, $18::timestamptz,
      $20::numeric, $21::numeric
    FROM head RETURNING id
  ), new_payments AS (
    INSERT INTO refund_payments (shop_id, refund_id, method, amount, tip)
    SELECT $1, new_refund.id, p.method, p.amount, p.tip
    FROM new_refund, jsonb_to_recordset($22::jsonb) AS p (method text, amount numeric, tip numeric)
  ), taken AS (
    SELECT * FROM jsonb_to_recordset($19::jsonb) AS t (
      "lineNo" int, quantity numeric, tax numeric, total numeric, cost numeric)
  ), new_lines AS (
    INSERT INTO refund_lines (
      id, shop_id, refund_id, order_id, order_line_no, line_no, product_id, variant_id, name, variant_name, category,
      quantity, unit_price, tax, total, tax_percent, tax_split, hsn, cost)
    SELECT gen_random_uuid(), $1, new_refund.id, $2, l.line_no, row_number() OVER (ORDER BY l.line_no), l.product_id,
      l.variant_id, l.name, l.variant_name, l.category, t.quantity, l.unit_price, t.tax, t.total, l.tax_percent,
      l.tax_split, l.hsn, t.cost
    FROM new_refund, taken t
    JOIN order_lines l ON l.shop_id = $1 AND l.order_id = $2 AND l.line_no = t."lineNo"
  )
  UPDATE order_lines l SET returned = l.returned + t.quantity
  FROM taken t WHERE l.shop_id = $1 AND l.order_id = $2 AND l.line_no = t."lineNo"`;

/** Writes a refund with its lines under the next number, and notes on the bill's lines what came back of them. */
export async function insertRefund(em: EntityManager, row: RefundRow): Promise<void> {
  await query(em, INSERT_REFUND, [
    row.shopId,
    row.orderId,
    row.series,
    row.numberPrefix,
    row.id,
    row.businessDate,
    formatMinor(row.totalMinor - row.roundingMinor - row.taxMinor),
    formatMinor(row.taxMinor),
    formatMinor(row.roundingMinor),
    formatMinor(row.totalMinor),
    row.method,
    row.reason,
    row.restock,
    row.requestHash,
    row.cashierId,
    row.shiftId,
    row.orderType,
    row.at,
    JSON.stringify(row.lines),
    row.cashStepMinor === null ? null : formatMinor(row.cashStepMinor),
    formatMinor(row.paidOutMinor),
    JSON.stringify(
      row.payments.map(({ method, amountMinor, tipMinor }) => ({
        method,
        amount: formatMinor(amountMinor),
        tip: formatMinor(tipMinor),
      })),
    ),
  ]);
}

const FIND_REFUND = 'SELECT order_id AS "orderId", request_hash AS "requestHash" FROM refunds WHERE id = $1';

/** The refund that has this id already, whichever shop's it is. */
export async function findRefund(
  em: EntityManager,
  refundId: string,
): Promise<{ orderId: string | null; requestHash: string } | undefined> {
  const [row] = await query<{ orderId: string | null; requestHash: string }>(em, FIND_REFUND, [refundId]);
  return row;
}
