import { sqlCheck } from '../check.ts';
import { differingParts, PAYMENTS_OF_ORDERS, REFUNDS_OF_ORDERS } from './fed-parts.ts';

/** Field of the event → its type in SQL, and the order's own value if it isn't the column of that name. */
const FIELDS: [field: string, type: string, own?: string, label?: string][] = [
  ['version', 'int'],
  ['orderNumber', 'text', undefined, 'number'],
  ['tokenNumber', 'int', undefined, 'token number'],
  ['businessDate', 'date', undefined, 'business date'],
  ['status', 'text'],
  ['orderType', 'text', undefined, 'order type'],
  ['customerId', 'uuid', undefined, 'customer'],
  ['customerName', 'text', undefined, 'customer name'],
  ['tableNumber', 'text', undefined, 'table'],
  ['guests', 'int'],
  ['notes', 'text'],
  ['subtotal', 'numeric'],
  ['discount', 'numeric'],
  ['serviceCharge', 'numeric', undefined, 'service charge'],
  ['tax', 'numeric'],
  ['taxMode', 'text', undefined, 'tax mode'],
  ['taxSplit', 'text', undefined, 'tax split'],
  ['placeOfSupply', 'text', undefined, 'place of supply'],
  ['rounding', 'numeric'],
  ['total', 'numeric'],
  ['refunded', 'numeric'],
  ['paymentMethod', 'text', undefined, 'payment method'],
  ['paymentStatus', 'text', undefined, 'payment'],
  ['payLater', 'boolean', undefined, 'pay later'],
  ['cashierId', 'uuid', undefined, 'cashier'],
  ['approvedBy', 'uuid', undefined, 'approver'],
  ['shiftId', 'uuid', undefined, 'shift'],
  ['deviceId', 'text', undefined, 'device'],
  ['source', 'text'],
  ['voidReason', 'text', undefined, 'void reason'],
  ['reviewedBy', 'uuid', undefined, 'reviewer'],
  ['createdAt', 'timestamptz', undefined, 'time'],
  ['updatedAt', 'timestamptz', undefined, 'time of change'],
  ['receivedAt', 'timestamptz', undefined, 'time of arrival'],
  ['discountGiven', 'jsonb', "nullif(o.discount_given, 'null')", 'discount given'],
  ['taxLines', 'jsonb', undefined, 'tax by rate'],
  // Their sentences were changed in place once, to hide telephone numbers.
  ['flags', 'jsonb', "jsonb_path_query_array(o.flags, '$[*].code')", 'flags'],
];

const column = (field: string) => `o.${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

function fedValue(field: string, type: string): string {
  if (field === 'flags') return "jsonb_path_query_array(said->'flags', '$[*].code')";
  return type === 'jsonb' ? `nullif(said->'${field}', 'null')` : `(said->>'${field}')::${type}`;
}

/** Events of earlier versions lack the fields that those versions didn't have: what isn't there says nothing. */
const differs = ([field, type, own = column(field), label = field]: (typeof FIELDS)[number]) => `
  CASE WHEN said ? '${field}' AND ${fedValue(field, type)} IS DISTINCT FROM ${own} THEN format(
    'The feed says ${label} %s, but it is %s', coalesce(${fedValue(field, type)}::text, 'none'), coalesce(${own}::text, 'none')) END`;

// What orders of earlier versions and imported ones lack, their views have as this.
const withDefaults = (item: string) =>
  `'{"hsn": null, "soldBy": null, "unit": null, "listPrice": null, "serviceCharge": "0.00"}' || ${item}`;

const DIFFERING_ITEMS = `
  CASE WHEN jsonb_array_length(said->'items') <> jsonb_array_length(o.items)
    THEN format('The feed says lines %s, but it is %s', jsonb_array_length(said->'items'), jsonb_array_length(o.items))
  WHEN said->'items' <> o.items THEN (
    SELECT string_agg(format('Of line %s the feed says %s %s, but it is %s', line_no, field, coalesce(was #>> '{}', 'none'),
      coalesce(item->field #>> '{}', 'none')), '; ' ORDER BY line_no, field)
    FROM (
      SELECT n AS line_no, ${withDefaults("(said->'items'->(n - 1))")} AS told, ${withDefaults('(o.items->(n - 1))')} AS item
      FROM generate_series(1, jsonb_array_length(o.items)) n
    ) line, jsonb_each(told) AS each (field, was)
    WHERE was IS DISTINCT FROM item->field) END`;

/** The feed told of each bill of a till once when it was made, and last as it is now. */
export const orderEvents = sqlCheck({
  name: 'order-events',
  holds: 'The feed told of each bill once, and last as it is now',
  counts: 'bills',
  checked: "SELECT count(*) FROM orders WHERE shop_id = $1 AND source = 'till'",
  faults: `
    SELECT subject, detail FROM (
      SELECT coalesce(o.order_number, told.id::text) AS subject, CASE
        WHEN o.id IS NULL THEN 'The feed told of it, but there is no such bill.'
        WHEN coalesce(told.created, 0) <> CASE o.source WHEN 'till' THEN 1 ELSE 0 END
          THEN format('The feed told %s times that it was made.', coalesce(told.created, 0))
        ELSE nullif(concat_ws('; ', ${FIELDS.map(differs).join(',')},
          ${DIFFERING_ITEMS},
          ${differingParts({
            name: 'payment',
            fed: "said->'payments'",
            rows: 'paid.parts',
            describe: (p) => `format('%s by %s', ${p}->>'amount', ${p}->>'method')`,
            // A void marks them all; the view says so only of those of which it gave something back.
            unless: "field = 'returnedAt' AND was = 'null' AND o.status = 'voided'",
          })},
          ${differingParts({
            name: 'refund',
            fed: "said->'refunds'",
            rows: 'back.parts',
            describe: (p) => `format('%s, %s', ${p}->>'total', ${p}->>'creditNoteNumber')`,
          })}), '') END AS detail
      FROM (SELECT * FROM orders WHERE shop_id = $1) o
      FULL JOIN (
        SELECT (data->>'id')::uuid AS id, count(*) FILTER (WHERE type = 'order_created') AS created, max(seq) AS last
        FROM events WHERE shop_id = $1 AND type IN ('order_created', 'order_updated') GROUP BY 1
      ) told ON told.id = o.id
      LEFT JOIN events e ON e.shop_id = $1 AND e.seq = told.last
      -- Unpacked once; each field of a large event would unpack it again.
      LEFT JOIN LATERAL (SELECT e.data || '{}' AS said OFFSET 0) fed ON true
      LEFT JOIN (${PAYMENTS_OF_ORDERS}) paid ON paid.order_id = o.id
      LEFT JOIN (${REFUNDS_OF_ORDERS}) back ON back.order_id = o.id
    ) compared WHERE detail IS NOT NULL`,
});
