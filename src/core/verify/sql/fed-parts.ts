/** An instant as the feed shows it, as an SQL expression. */
export const isoTime = (at: string) => `to_char(${at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The payments of each order of shop `$1`, as the feed shows them. */
export const PAYMENTS_OF_ORDERS = `
  SELECT order_id, jsonb_agg(jsonb_build_object(
    'id', id, 'kind', kind, 'paymentId', payment_id, 'method', method, 'amount', amount::text,
    'tendered', tendered::text, 'tip', tip::text, 'change', change::text, 'rounding', rounding::text,
    'reference', reference, 'at', ${isoTime('at')}, 'returnedAt', ${isoTime('returned_at')}) ORDER BY at, id) AS parts
  FROM payments WHERE shop_id = $1 GROUP BY order_id`;

/** The refunds of each order of shop `$1`, as the feed shows them. */
export const REFUNDS_OF_ORDERS = `
  SELECT r.order_id, jsonb_agg(jsonb_build_object(
    'id', r.id, 'creditNoteNumber', r.credit_note_number, 'businessDate', r.business_date, 'tax', r.tax::text,
    'rounding', r.rounding::text, 'total', r.total::text, 'paidOut', r.paid_out::text, 'method', r.method,
    'reason', r.reason, 'restock', r.restock, 'cashierId', r.cashier_id, 'at', ${isoTime('r.created_at')},
    'tip', coalesce(back.tip, 0.00)::text, 'payments', coalesce(back.payments, '[]'), 'lines', coalesce(line.lines, '[]'))
    ORDER BY r.created_at, r.id) AS parts
  FROM refunds r
  LEFT JOIN (
    SELECT refund_id, sum(tip) AS tip,
      jsonb_agg(jsonb_build_object('method', method, 'amount', amount::text, 'tip', tip::text)
        ORDER BY array_position(array['cash', 'card', 'upi', 'wallet', 'other'], method::text)) AS payments
    FROM refund_payments WHERE shop_id = $1 GROUP BY refund_id
  ) back ON back.refund_id = r.id
  LEFT JOIN (
    SELECT l.refund_id, jsonb_agg(jsonb_build_object(
      'lineId', o.id, 'quantity', l.quantity, 'tax', l.tax::text, 'total', l.total::text) ORDER BY l.line_no) AS lines
    FROM refund_lines l
    JOIN order_lines o ON o.shop_id = l.shop_id AND o.order_id = l.order_id AND o.line_no = l.order_line_no
    WHERE l.shop_id = $1 GROUP BY l.refund_id
  ) line ON line.refund_id = r.id
  WHERE r.shop_id = $1 AND r.order_id IS NOT NULL GROUP BY r.order_id`;

type Parts = {
  /** `payment`, as the sentence names it. */
  name: string;
  /** The feed's JSON array, and that of the rows or null. */
  fed: string;
  rows: string;
  /** A part `p` in words. */
  describe: (p: string) => string;
  /** A difference of `field` (with `was` and `is`) that is right. */
  unless?: string;
};

/**
 * Names the fields in which parts of an order differ from the feed, as an SQL expression; null when none does. Only fields
 * that the event has are compared: earlier versions had fewer. Equal arrays, which is nearly all, are compared at once.
 */
export const differingParts = ({ name, fed, rows, describe, unless = 'false' }: Parts): string => `
  CASE WHEN jsonb_typeof(${fed}) = 'array' AND ${fed} <> coalesce(${rows}, '[]') THEN (
    SELECT string_agg(CASE
      WHEN is_part IS NULL THEN format('A ${name} of %s is gone', ${describe('was_part')})
      WHEN was_part IS NULL THEN format('The feed has no ${name} of %s', ${describe('is_part')})
      ELSE format('Of a ${name} of %s the feed says %s', ${describe('was_part')}, fields) END, '; ' ORDER BY was_part, is_part)
    FROM jsonb_array_elements(${fed}) was_part
    FULL JOIN jsonb_array_elements(coalesce(${rows}, '[]')) is_part ON was_part->>'id' = is_part->>'id'
    LEFT JOIN LATERAL (
      SELECT string_agg(format('%s %s, but it is %s', field, ${inWords('was')}, ${inWords('is_part->field')}), ', ' ORDER BY field) AS fields
      FROM jsonb_each(was_part) AS each (field, was)
      WHERE is_part ? field AND was <> is_part->field AND NOT (${unless})
    ) differing ON true
    WHERE was_part IS NULL OR is_part IS NULL OR fields IS NOT NULL) END`;

/** JSON in a sentence, as an SQL expression: text without quotes. */
export function inWords(json: string): string {
  return `coalesce(nullif(${json}, 'null') #>> '{}', 'none')`;
}
