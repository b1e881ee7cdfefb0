import { signedAmount } from '../../payments/sql/covered.ts';
import { sqlCheck } from '../check.ts';

// Events of earlier versions lack the figures that those versions didn't have: what isn't there says nothing.
const differs = (name: string, told: string, is: string) =>
  `CASE WHEN ${told} <> ${is} THEN format('%s %s, but it is %s', '${name}', ${told}, ${is}) END`;
const amount = (key: string) => `(e.data->>'${key}')::numeric`;

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
        ELSE nullif(concat_ws('; ',
          ${differs('The feed says version', "(e.data->>'version')::int", 'o.version')},
          ${differs('The feed says number', "e.data->>'orderNumber'", 'o.order_number')},
          ${differs('The feed says status', "e.data->>'status'", 'o.status')},
          ${differs('The feed says payment', "e.data->>'paymentStatus'", 'o.payment_status')},
          ${differs('The feed says subtotal', amount('subtotal'), 'o.subtotal')},
          ${differs('The feed says discount', amount('discount'), 'o.discount')},
          ${differs('The feed says service charge', amount('serviceCharge'), 'o.service_charge')},
          ${differs('The feed says tax', amount('tax'), 'o.tax')},
          ${differs('The feed says rounding', amount('rounding'), 'o.rounding')},
          ${differs('The feed says total', amount('total'), 'o.total')},
          ${differs('The feed says refunded', amount('refunded'), 'o.refunded')},
          ${differs('The feed says lines', "jsonb_array_length(e.data->'items')", 'jsonb_array_length(o.items)')},
          ${differs(
            'The feed says paid',
            `CASE WHEN e.seq IS NOT NULL THEN
              (SELECT coalesce(sum(CASE p->>'kind' WHEN 'return' THEN -1 ELSE 1 END * (p->>'amount')::numeric), 0)
               FROM jsonb_array_elements(e.data->'payments') p) END`,
            'coalesce(paid.amount, 0)',
          )},
          ${differs(
            'The feed says paid out',
            // Versions before had no paidOut: there it is the whole.
            `CASE WHEN jsonb_typeof(e.data->'refunds') = 'array' THEN
              (SELECT coalesce(sum(coalesce(r->>'paidOut', r->>'total')::numeric), 0) FROM jsonb_array_elements(e.data->'refunds') r) END`,
            'coalesce(back.amount, 0)',
          )}), '') END AS detail
      FROM (SELECT * FROM orders WHERE shop_id = $1) o
      FULL JOIN (
        SELECT (data->>'id')::uuid AS id, count(*) FILTER (WHERE type = 'order_created') AS created, max(seq) AS last
        FROM events WHERE shop_id = $1 AND type IN ('order_created', 'order_updated') GROUP BY 1
      ) told ON told.id = o.id
      LEFT JOIN events e ON e.shop_id = $1 AND e.seq = told.last
      LEFT JOIN (
        SELECT order_id, sum(${signedAmount('p')}) AS amount FROM payments p WHERE shop_id = $1 GROUP BY order_id
      ) paid ON paid.order_id = o.id
      LEFT JOIN (
        SELECT order_id, sum(paid_out) AS amount FROM refunds WHERE shop_id = $1 GROUP BY order_id
      ) back ON back.order_id = o.id
    ) compared WHERE detail IS NOT NULL`,
});
