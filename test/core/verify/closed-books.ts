import {
  type Break,
  givenBack,
  LATER,
  LINE_VOID,
  order,
  payment,
  refunds,
  SAYS_MADE_BEFORE,
} from './edits.ts';
import { fedChanges, fedIsRight, fedOrders } from './fed-books.ts';

const shift = (set: string) => `UPDATE shifts SET ${set} WHERE shop_id = $1`;
const report = (path: string, value: string) => shift(`report = jsonb_set(report, '{${path}}', '${value}')`);
const NO_SUCH = 'of a payment that it does not have';

/** The paid bill, voided as if nothing forbade it. */
const voidLater = (businessDate: string) => `
  UPDATE orders SET status = 'voided', void_reason = 'late' WHERE id = :paid;
  INSERT INTO voids (id, shop_id, order_id, quantity, amount, reason, business_date, at)
  SELECT gen_random_uuid(), shop_id, id, item_quantity, total, 'late', ${businessDate}, now() + ${LATER} FROM orders WHERE id = :paid`;
const MADE_BEFORE = `${SAYS_MADE_BEFORE};
  UPDATE events SET data = data #- '{items,0,soldBy}' WHERE shop_id = $1 AND data->>'id' = :paid`;
const ON_THE_BOOK = `
  UPDATE orders SET rounding = rounding + 0.40, total = total + 0.40 WHERE id = :later;
  INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, business_date, cash_step)
  SELECT gen_random_uuid(), shop_id, id, 'cash', total, total, now(), business_date, 1 FROM orders WHERE id = :later`;

const MILK = '(SELECT id FROM inventory_items WHERE shop_id = $1)';
const wasted = (quantity: string) =>
  `jsonb_build_array(jsonb_build_object('itemId', ${MILK}, 'quantity', '${quantity}'))`;
const WASTE = `
  INSERT INTO stock_movements (id, shop_id, item_id, quantity, reason, void_id, actor, at, value, business_date)
  SELECT gen_random_uuid(), $1, ${MILK},`;
const kept = (set: string) => `UPDATE idempotency_keys SET ${set} WHERE scope_id = $1`;
const keys = (count: number, at: string) => `
  INSERT INTO idempotency_keys (scope_id, user_id, route, key, request_hash, status, body, created_at)
  SELECT scope_id, user_id, route, 'x' || n, '', 200, 'null', ${at}
  FROM idempotency_keys, generate_series(1, ${count}) n WHERE scope_id = $1`;

/** The deposit of the parked order: 49.98 from before cash was rounded, given back as 50.00. */
const RETURNED_IN_COINS = `
  ${payment('parked', 'amount = 49.98, change = 45.02, cash_step = NULL')};
  INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, kind, payment_id, business_date, cash_step, rounding)
  SELECT gen_random_uuid(), shop_id, order_id, 'cash', 50, 50, now(), 'return', id, business_date, 1, 0.02
  FROM payments WHERE order_id = :parked;
  UPDATE orders SET payment_status = 'pending' WHERE id = :parked`;

/** Paid by card to the cent; the clock was put back between its two credit notes. */
const REFUNDED_BY_OTHER_CLOCK = `
  UPDATE orders SET total = total - 0.40 WHERE id = :wholly;
  UPDATE refunds SET cash_step = 0.05, created_at = created_at + interval '1 day'
  WHERE credit_note_number = (SELECT min(credit_note_number) FROM refunds WHERE order_id = :wholly)`;

/** What was counted, closed or kept is as it was. */
export const closedBooks: Break[] = [
  ...fedOrders,
  ...fedChanges,
  ['z-reports', report('totals,gross', '"1.00"'), 'Gross: it says 1, its rows say'],
  ['z-reports', report('totals,orders', '1'), 'Orders: it says 1, its rows say'],
  ['z-reports', report('totals,net', '"1.00"'), 'Net: it says 1, its rows say'],
  ['z-reports', report('drawer,expected', '"1.00"'), 'Expected cash: it says 1, its rows say'],
  ['z-reports', report('payments,0,count', '99'), 'count by cash: it says 99, its rows say'],
  ['z-reports', report('payments', '[]'), 'taken by cash: it says 0, its rows say'],
  ['z-reports', report('voids,lines', '5'), 'Voided lines: it says 5, its rows say 1'],
  ['z-reports', report('shift,counted', '"1.00"'), 'counted of the shift: it says 1.00, its row says 307.00'],
  ['z-reports', shift('expected = expected + 1, variance = variance - 1'), 'Expected cash of the shift'],
  ['z-reports', shift('counted = counted + 1, variance = variance + 1'), 'Cash by its coins and notes'],
  ['z-reports', shift('opening_float = 90'), 'Opening float: it says 100, its rows say 90'],
  ['z-reports', 'DELETE FROM cash_movements WHERE shop_id = $1', 'Cash put in: it says 20, its rows say 0'],
  ['z-reports', payment('paid', 'shift_id = NULL'), 'Sales in cash: it says'],
  ['z-reports', payment('voided', 'returned_shift_id = NULL'), 'Returned in cash: it says'],
  ['z-reports', 'UPDATE refunds SET shift_id = NULL WHERE order_id = :partly', 'Refunds in cash: it says'],
  ['z-reports', 'UPDATE orders SET shift_id = NULL WHERE id = :offline', 'Items sold: it says'],
  ['z-reports', 'UPDATE orders SET rounding = rounding + 1 WHERE id = :paid', 'Rounding: it says'],
  [
    'z-reports',
    'UPDATE voids SET shift_id = NULL WHERE order_id = :voided',
    'Voided orders: it says 1, its rows say 0',
  ],
  ['z-reports', payment('paid', 'rounding = 0.40'), 'Rounding: it says'],
  ['z-reports', `${SAYS_MADE_BEFORE}; ${report('totals,gross', '"1.00"')}`, 'Gross: it says 1, its rows say'],
  ['z-reports', shift("report = '{}'"), 'It has no drawer; It has no openBills; It has no payments'],
  ['z-reports', shift("report = report - 'totals'"), 'It has no totals'],
  ['z-reports', shift("report = report - 'drawer'"), 'It has no drawer'],
  ['z-reports', shift("report = report - 'payments'"), 'It has no payments'],
  ['z-reports', shift("report = report - 'openBills'"), 'It has no openBills'],
  ['z-reports', report('payments', 'null'), 'It has no payments'],
  ['z-reports', report('payments,0,taken', 'null'), 'taken by cash: it says nothing, its rows say'],
  ['z-reports', report('totals,net', 'null'), 'Net: it says nothing, its rows say'],
  ['z-reports', report('totals,net', '"much"'), 'Net: it says nothing, its rows say'],
  ['z-reports', report('shift,variance', '"0.00"'), 'variance of the shift: it says 0.00, its row says'],
  [
    'z-reports',
    report('shift,openingFloat', '"1.00"'),
    'openingFloat of the shift: it says 1.00, its row says 100.00',
  ],
  ['z-reports', report('shift,cashMovements', '[]'), 'cashMovements of the shift: it says [], its row says'],
  ['z-reports', shift("report = report #- '{shift,note}'"), 'note of the shift: it says none'],
  ['z-reports', report('at', '"2020-01-01"'), 'at: it says 2020'],
  [
    'z-reports',
    shift(`note = 'all right', report = jsonb_set(report, '{shift,note}', '"all right"')`),
    'note of the shift: the feed says , its row says all right',
  ],
  ['closed-days', `${SAYS_MADE_BEFORE}; ${voidLater('business_date')}`, 'after Z report 1 had counted it.'],
  ['closed-days', voidLater('business_date + 1'), 'and was voided on'],
  ['closed-days', voidLater('business_date'), 'It was voided after Z report 1 had counted it.'],
  [
    'closed-days',
    `UPDATE orders SET business_date = business_date + 1 WHERE id = :parked; ${voidLater('business_date')}`,
    'had begun. The day start or the time zone of the shop was changed meanwhile.',
  ],
  ['earlier-closed-days', `${MADE_BEFORE}; ${voidLater('business_date')}`, 'An earlier version allowed it.'],

  [
    'bill-refunds',
    `${RETURNED_IN_COINS}; UPDATE refunds SET order_id = :parked WHERE order_id = :partly`,
    'was given back of 0 that was paid',
  ],
  ['payment-sums', givenBack('card', '1'), NO_SUCH],
  ['payment-sums', givenBack('cash', '1', '(SELECT id FROM payments WHERE order_id = :wholly)'), NO_SUCH],
  ['payment-sums', givenBack('cash', '1', 'gen_random_uuid()'), NO_SUCH],
  ['payment-sums', givenBack('cash', '1000'), '1000.00 was given back of a payment of'],
  [
    'cash-steps',
    payment('parked', 'cash_step = 0.30'),
    'Of cash in multiples of 0.30, 100.00 were handed over',
  ],
  ['cash-steps', refunds('cash_step = NULL'), 'of it is rounding to coins, but no step of them is kept.'],
  ['cash-steps', payment('paid', 'cash_step = 0.01'), 'but cash by multiples of 0.01.'],
  ['cash-steps', payment('paid', "method = 'card'"), 'A payment by card is kept with a step of 1.00'],
  ['cash-steps', "UPDATE refunds SET method = 'upi' WHERE order_id = :wholly", 'It was given back by upi'],

  [
    'void-stock',
    'UPDATE voids SET restock = false WHERE order_id = :voided',
    '0.438 litre of Milk should have been wasted, but 0 were.',
  ],
  [
    'void-stock',
    `UPDATE voids SET restock = false, wasted = ${wasted('0.1')} WHERE order_id = :voided;
     ${WASTE} -0.1, 'waste', id, '{}', now(), 0, business_date FROM voids WHERE order_id = :voided`,
    '0.438 litre of Milk should have been wasted, but 0.1 were.',
  ],
  [
    'void-stock',
    `${WASTE} -0.438, 'waste', id, '{}', now(), 0, business_date FROM voids WHERE order_id = :voided`,
    '0 litre of Milk should have been wasted, but 0.438 were.',
  ],
  [
    'void-stock',
    `UPDATE voids SET restock = false WHERE ${LINE_VOID}`,
    'Of Tea it is kept that nothing went back to stock, but its change said otherwise.',
  ],

  [
    'kept-responses',
    kept("body = replace(body, 'Water', 'Wine')"),
    'The response to createProduct was changed',
  ],
  ['kept-responses', kept("status = 200, key = 'x'"), 'The response to createProduct was changed'],
  ['kept-responses', kept("created_at = created_at + interval '1 second'"), 'was changed in the database.'],
  ['kept-responses', kept(`created_at = now() + ${LATER}`), 'It was answered in time to come'],
  [
    'kept-responses',
    `${kept("created_at = now() - interval '3 days'")}; ${keys(102, 'now()')}`,
    'is past its 24 hours',
  ],
  ['kept-responses', keys(10_100, 'now()'), 'There are 10101, more than the 10000 that are kept.'],
];

/** Check → what is done → why that is right. */
export const isRight: Break[] = [
  ...fedIsRight,
  ['bill-refunds', RETURNED_IN_COINS, 'a payment of before coins that went back in coins'],
  ['bill-payments', RETURNED_IN_COINS, 'a payment of before coins that went back in coins'],
  ['payment-sums', RETURNED_IN_COINS, 'a payment of before coins that went back in coins'],
  ['cash-steps', RETURNED_IN_COINS, 'a payment of before coins that went back in coins'],
  ['bill-refunds', REFUNDED_BY_OTHER_CLOCK, 'credit notes whose times go back'],
  [
    'z-reports',
    `${MADE_BEFORE}; ${voidLater('business_date')}`,
    'what an earlier version voided after the count',
  ],
  ['z-reports', voidLater('business_date'), 'what closed-days names: the report is as it was'],
  ['z-reports', ON_THE_BOOK, 'an order on the book that cash rounded after the count'],
  [
    'z-reports',
    `${MADE_BEFORE}; ${order('tax = tax + 1')}`,
    'what an earlier version changed after the count',
  ],
  ['z-reports', shift("report = report - 'auditHead'"), 'a report of before the audit had a head'],
  [
    'closed-days',
    `UPDATE orders SET payment_status = 'pending' WHERE id = :paid; ${voidLater('business_date + 1')}`,
    'a parked order',
  ],
  [
    'closed-days',
    `UPDATE orders SET business_date = business_date + 1, created_at = created_at + interval '1 day' WHERE id = :parked`,
    'an order of a clock that was ahead',
  ],
  [
    'kept-responses',
    `${kept("created_at = now() - interval '3 days', response_hash = NULL")}; ${keys(5, 'now()')}`,
    'old ones that nobody had to remove',
  ],
];
