import { sqlCheck } from '../check.ts';
import { CLOCKS } from './clocks.ts';

/** When an event was written, a little after the time of its rows. Two servers' clocks may differ. */
const isAtAnotherTime = (at: string, eventAt: string) =>
  `${at} NOT BETWEEN ${eventAt} - ${CLOCKS} AND ${eventAt} + ${CLOCKS}`;

const differs = (name: string, was: string, is: string) =>
  `CASE WHEN ${was} IS DISTINCT FROM ${is} THEN format('%s is %s, but the feed says %s', '${name}', coalesce(${is}::text, 'none'), coalesce(${was}::text, 'none')) END`;

// Changes with what they replaced: events of before the audit was kept have no `before`, and say nothing here. Where the
// shop's time zone or start of day was changed, each that it ever had is right. With a zone among them that PostgreSQL doesn't know, days say nothing.
const CHANGES = `
  change AS MATERIALIZED (
    SELECT (data->>'id')::uuid AS order_id, seq, at, (actor->>'id')::uuid AS person, data->>'status' AS status,
      data->>'voidReason' AS reason, (data->>'total')::numeric AS total, data->'payments' AS payments,
      data->'audit' AS audit, before->'payments' AS payments_before, before ? 'status' AS moves_status, before IS NULL AS is_old
    FROM events WHERE shop_id = $1 AND type = 'order_updated'
  ), setting AS MATERIALIZED (
    SELECT data, before FROM events WHERE shop_id = $1 AND type IN ('shop_updated', 'settings_changed')
  ), zone AS MATERIALIZED (
    SELECT timezone, lower(timezone) IN (SELECT lower(name) FROM pg_timezone_names) AS is_known FROM (
      SELECT timezone FROM shops WHERE id = $1 UNION SELECT before->>'timezone' FROM setting WHERE before ? 'timezone'
    ) ever
  ), day AS MATERIALIZED (
    SELECT timezone, starts FROM zone, (
      SELECT day_start::interval AS starts FROM shops WHERE id = $1
      UNION SELECT (before->>'dayStart')::interval FROM setting WHERE before ? 'dayStart'
    ) start
    WHERE NOT EXISTS (SELECT FROM setting WHERE before IS NULL) AND NOT EXISTS (SELECT FROM zone WHERE NOT is_known)
  ), added AS MATERIALIZED (
    SELECT c.order_id, (p->>'id')::uuid AS id, c.person
    FROM change c, jsonb_array_elements(c.payments) p
    WHERE jsonb_array_length(c.payments) > jsonb_array_length(c.payments_before)
      AND NOT c.payments_before @> jsonb_build_array(jsonb_build_object('id', p->'id'))
  ), voided AS MATERIALIZED (
    SELECT * FROM change WHERE status = 'voided' AND moves_status
  ), taken_off AS MATERIALIZED (
    SELECT c.order_id, c.at, c.person, (c.audit->>'approvedBy')::uuid AS approver, (v->>'id')::uuid AS id, v
    FROM change c, jsonb_array_elements(c.audit->'takenOff') v WHERE NOT is_old
  ), corrected AS MATERIALIZED (
    SELECT DISTINCT ON (payment_id) c.order_id, payment_id, p AS was
    FROM change c, jsonb_array_elements(c.audit->'changedPayments') m, jsonb_array_elements(c.payments_before) p,
      LATERAL (SELECT (m->>'id')::uuid AS payment_id) id
    -- The version before kept no booked_as, and its payments had no rounding.
    WHERE p->'id' = m->'id' AND p ? 'rounding' ORDER BY payment_id, seq
  )`;

/** Whether a business date isn't that of an instant: a day that has begun doesn't end when the clock is put back. */
const isOfAnotherDay = (date: string, at: string) => `
  EXISTS (SELECT FROM day) AND NOT EXISTS (
    SELECT FROM day, unnest(ARRAY[${at}, ${at} - ${CLOCKS}]) moment
    WHERE ${date} = ((moment AT TIME ZONE timezone) - starts)::date
      OR ${date} = (moment AT TIME ZONE timezone)::date
        AND (moment AT TIME ZONE timezone) - ((moment - interval '2 hours') AT TIME ZONE timezone) < interval '2 hours')`;

const otherDay = (date: string, at: string) =>
  `CASE WHEN ${isOfAnotherDay(date, at)} THEN format('its business date is %s, which %s was not', ${date}, ${at}) END`;

const PAYMENTS = `
  SELECT p.order_id, format('Of a payment of %s by %s ', p.amount, p.method) AS what, concat_ws(', ',
    ${differs('its cashier', 'CASE WHEN a.id IS NULL THEN o.cashier_id ELSE a.person END', 'p.cashier_id')},
    CASE WHEN a.id IS NULL THEN ${differs('its business date', 'o.business_date', 'p.business_date')}
      ELSE ${otherDay('p.business_date', 'p.at')} END,
    CASE WHEN c.payment_id IS NULL AND p.booked_as IS NOT NULL THEN 'the feed knows no correction' END,
    CASE WHEN c.payment_id IS NOT NULL THEN ${differs(
      'its first booking',
      "format('%s by %s, %s handed over', c.was->>'amount', c.was->>'method', c.was->>'tendered')",
      `(SELECT format('%s by %s, %s handed over', round(("amountMinor" / 100), 2), method, round(("tenderedMinor" / 100), 2))
        FROM jsonb_to_record(p.booked_as) AS b ("amountMinor" numeric, method text, "tenderedMinor" numeric)
        WHERE p.booked_as IS NOT NULL)`,
    )} END) AS detail
  FROM payments p JOIN orders o ON o.shop_id = p.shop_id AND o.id = p.order_id
  LEFT JOIN added a ON a.id = p.id AND a.order_id = p.order_id
  LEFT JOIN corrected c ON c.payment_id = p.id AND c.order_id = p.order_id
  WHERE p.shop_id = $1 AND o.source = 'till'
    AND NOT EXISTS (SELECT FROM change old WHERE old.is_old AND old.order_id = p.order_id)`;

// An earlier version read the clock once for the void and once for its payments.
const VOIDS = `
  SELECT e.order_id, 'Of its void ' AS what, CASE WHEN v.id IS NULL THEN 'nothing is kept' ELSE concat_ws(', ',
    ${differs('the reason', 'e.reason', 'v.reason')},
    ${differs('the cashier', 'e.person', 'v.cashier_id')},
    ${differs('the amount', 'e.total', 'v.amount')},
    CASE WHEN ${isAtAnotherTime('v.at', 'e.at')} THEN format('the time is %s, but the feed says %s', v.at, e.at) END,
    ${otherDay('v.business_date', 'v.at')},
    (SELECT string_agg(format('a payment of %s is said to have gone back at %s, on %s', p.amount, p.returned_at, p.returned_on), ', ' ORDER BY p.id)
      FROM payments p WHERE p.shop_id = $1 AND p.order_id = e.order_id AND p.returned_at IS NOT NULL
        AND (${isAtAnotherTime('p.returned_at', 'v.at')} OR (p.returned_on, p.returned_shift_id) IS DISTINCT FROM (v.business_date, v.shift_id)))
    ) END AS detail
  FROM voided e LEFT JOIN voids v ON v.shop_id = $1 AND v.order_id = e.order_id AND v.line_id IS NULL`;

const LINE_VOIDS = `
  SELECT e.order_id, format('Of the void of %s of %s ', e.v->>'quantity', e.v->>'name') AS what,
    CASE WHEN v.id IS NULL THEN 'nothing is kept' ELSE concat_ws(', ',
      ${differs('the line', "(e.v->>'lineId')::uuid", 'v.line_id')},
      ${differs('the quantity', "(e.v->>'quantity')::numeric", 'v.quantity')},
      ${differs('the amount', "(e.v->>'amount')::numeric", 'v.amount')},
      ${differs('the reason', "e.v->>'reason'", 'v.reason')},
      ${differs('the cashier', 'e.person', 'v.cashier_id')},
      ${differs('the approver', 'e.approver', 'v.approved_by')},
      CASE WHEN ${isAtAnotherTime('v.at', 'e.at')} THEN format('the time is %s, but the feed says %s', v.at, e.at) END,
      ${otherDay('v.business_date', 'v.at')}) END AS detail
  FROM taken_off e LEFT JOIN voids v ON v.shop_id = $1 AND v.id = e.id AND v.order_id = e.order_id
  WHERE e.id IS NOT NULL`;

/**
 * Who took each payment and each void, when, why and how, as the events of these changes say: the last event of an order
 * says it no more. Business dates follow from the time.
 */
export const orderChanges = sqlCheck({
  name: 'order-changes',
  holds: 'Payments, voids and corrections are by whom, of when and why the feed says',
  counts: 'payments and voids',
  checked: `
    SELECT (SELECT count(*) FROM payments WHERE shop_id = $1) + (SELECT count(*) FROM voids WHERE shop_id = $1)`,
  faults: `
    WITH ${CHANGES}
    SELECT o.order_number AS subject, what || detail || '.' AS detail
    FROM (${PAYMENTS} UNION ALL ${VOIDS} UNION ALL ${LINE_VOIDS}) found
    JOIN orders o ON o.shop_id = $1 AND o.id = found.order_id WHERE detail <> ''`,
});
