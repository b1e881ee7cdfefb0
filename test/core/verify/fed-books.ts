import {
  type Break,
  givenBack,
  LATER,
  LINE_VOID,
  order,
  payment,
  refunds,
  SAYS_MADE_BEFORE,
  wholeVoid,
} from './edits.ts';

const refundPayments = (set: string) =>
  `UPDATE refund_payments SET ${set} WHERE refund_id IN (SELECT id FROM refunds WHERE order_id = :partly)`;

/** The feed's last word on an order: each field of it that a row has, too. */
export const fedOrders: Break[] = [
  [
    'order-events',
    payment('paid', "method = 'card', cash_step = NULL"),
    'the feed says method cash, but it is card',
  ],
  ['order-events', payment('parked', 'tip = 0, tendered = tendered - 5'), 'tip 5.00, but it is 0.00'],
  ['order-events', payment('parked', "at = at + interval '1 day'"), 'the feed says at 20'],
  ['order-events', payment('paid', "reference = 'slip 9'"), 'reference none, but it is slip 9'],
  ['order-events', payment('voided', `returned_at = returned_at + ${LATER}`), 'returnedAt 20'],
  ['order-events', 'DELETE FROM payments WHERE order_id = :paid', 'A payment of'],
  ['order-events', givenBack('cash', '1'), 'The feed has no payment of 1.00 by cash'],
  [
    'order-events',
    `${refundPayments("method = 'card'")}; ${refunds("method = 'card', cash_step = NULL")}`,
    'method cash, but it is card',
  ],
  ['order-events', refundPayments('tip = 1'), 'tip 0.00, but it is 1.00'],
  ['order-events', refunds('business_date = business_date - 1'), 'businessDate 20'],
  ['order-events', refunds("reason = 'warm'"), 'reason cold, but it is warm'],
  ['order-events', refunds('cashier_id = NULL'), 'but it is none'],
  ['order-events', 'UPDATE refund_lines SET quantity = 0.5 WHERE order_id = :partly', 'Of a refund of'],
  ['order-events', order("payment_method = 'card'"), 'The feed says payment method cash, but it is card'],
  [
    'order-events',
    `${order('business_date = business_date - 1')}; UPDATE order_lines SET business_date = business_date - 1 WHERE order_id = :paid`,
    'The feed says business date 20',
  ],
  ['order-events', order('cashier_id = NULL'), 'The feed says cashier '],
  ['order-events', order('shift_id = NULL'), 'The feed says shift '],
  ['order-events', order("void_reason = 'theft'", 'voided'), 'void reason wrong table, but it is theft'],
  [
    'order-events',
    order("items = jsonb_set(items, '{1,name}', '\"Pie\"')"),
    'Of line 2 the feed says name Cake, but it is Pie',
  ],
  ['order-events', SAYS_MADE_BEFORE, 'Of line 1 the feed says soldBy volume, but it is none'],
];

/** What only the event of a change says, and not the last one of its order. */
export const fedChanges: Break[] = [
  ['order-changes', payment('paid', 'cashier_id = NULL'), 'its cashier is none, but the feed says'],
  ['order-changes', payment('edited', 'cashier_id = NULL'), 'its cashier is none, but the feed says'],
  ['order-changes', payment('paid', 'business_date = business_date - 1'), 'its business date is 20'],
  ['order-changes', payment('edited', 'business_date = business_date - 1'), 'its business date is 20'],
  ['order-changes', payment('edited', 'booked_as = NULL'), 'its first booking is none, but the feed says'],
  [
    'order-changes',
    payment('edited', `booked_as = jsonb_set(booked_as, '{method}', '"upi"')`),
    'its first booking is 2',
  ],
  ['order-changes', payment('paid', `booked_as = '{"method": "upi"}'`), 'the feed knows no correction'],
  ['order-changes', payment('voided', 'returned_on = returned_on - 1'), 'is said to have gone back at'],
  [
    'order-changes',
    payment('voided', `returned_at = returned_at + ${LATER}`),
    'is said to have gone back at',
  ],
  ['order-changes', wholeVoid("reason = 'theft'"), 'the reason is theft, but the feed says wrong table'],
  ['order-changes', wholeVoid('cashier_id = NULL'), 'the cashier is none, but the feed says'],
  ['order-changes', wholeVoid('amount = 1'), 'the amount is 1.00, but the feed says'],
  ['order-changes', wholeVoid(`at = at - ${LATER}`), 'the time is'],
  [
    'order-changes',
    `${wholeVoid('business_date = business_date - 1')}; ${payment('voided', 'returned_on = returned_on - 1')}`,
    'Of its void its business date is 20',
  ],
  ['order-changes', 'DELETE FROM voids WHERE order_id = :voided', 'Of its void nothing is kept'],
  [
    'order-changes',
    `UPDATE voids SET reason = 'theft' WHERE ${LINE_VOID}`,
    'the reason is theft, but the feed says spilt',
  ],
  ['order-changes', `UPDATE voids SET cashier_id = NULL WHERE ${LINE_VOID}`, 'the cashier is none, but'],
  [
    'order-changes',
    `UPDATE voids SET approved_by = (SELECT cashier_id FROM orders WHERE id = :paid) WHERE ${LINE_VOID}`,
    'the approver is',
  ],
  [
    'order-changes',
    `UPDATE voids SET business_date = business_date - 1 WHERE ${LINE_VOID}`,
    'its business date is 20',
  ],
  ['order-changes', `UPDATE voids SET quantity = 2 WHERE ${LINE_VOID}`, 'the quantity is 2'],
  ['order-changes', `DELETE FROM voids WHERE ${LINE_VOID}`, 'nothing is kept'],
];

/** Events as earlier versions wrote them: parts without the fields of today, and no `before`. */
const EVENTS_OF_BEFORE = `
  UPDATE events SET before = NULL, data = data - 'guests' - 'reviewedBy' - 'audit' || jsonb_build_object(
    'payments', (SELECT coalesce(jsonb_agg(p - 'kind' - 'paymentId' - 'rounding' - 'returnedAt'), '[]')
      FROM jsonb_array_elements(data->'payments') p),
    'refunds', (SELECT coalesce(jsonb_agg(r - 'paidOut' - 'payments' - 'tip'), '[]')
      FROM jsonb_array_elements(data->'refunds') r))
  WHERE shop_id = $1 AND type IN ('order_created', 'order_updated')`;
const OTHER_ZONE = `
  UPDATE shops SET timezone = 'Pacific/Kiritimati', day_start = '120000' WHERE id = $1;
  INSERT INTO events (shop_id, seq, type, at, actor, data, before)
  SELECT $1, max(seq) + 1, 'shop_updated', now(), '{}', '{}', '{"timezone": "Asia/Kolkata", "dayStart": "00h"}'
  FROM events WHERE shop_id = $1`;
const FULLY_RETURNED = `
  UPDATE events SET data = jsonb_set(data, '{payments,0,returnedAt}', 'null')
  WHERE shop_id = $1 AND data->>'id' = :voided AND data->>'status' = 'voided'`;

/** Check → what is done → why that is right. */
export const fedIsRight: Break[] = [
  ['order-events', EVENTS_OF_BEFORE, 'fields that the events of earlier versions lack'],
  ['order-events', FULLY_RETURNED, 'a payment of which the void found nothing to give back'],
  [
    'order-changes',
    `${EVENTS_OF_BEFORE}; ${wholeVoid('cashier_id = NULL')}; ${payment('edited', 'cashier_id = NULL, booked_as = NULL')}`,
    'what the events of earlier versions lack',
  ],
  ['order-changes', OTHER_ZONE, 'days of before the shop moved'],
  ['order-changes', OTHER_ZONE.replace('Pacific/Kiritimati', 'Europe/Nowhere'), 'days in an unknown zone'],
];
