import { signedRounding } from '../../payments/sql/covered.ts';
import { sqlCheck } from '../check.ts';
import { CREDIT_NOTES } from './credit-notes.ts';

const isOff = (amount: string) => `${amount} % cash_step <> 0`;

// An order that one payment paid in cash when it was made, and that never changed: it was rounded by less than the step of
// its cash. Of others the settings may have changed between.
const ROUNDED = `
  SELECT o.order_number, o.rounding, max(p.cash_step) AS step
  FROM orders o JOIN payments p ON p.shop_id = o.shop_id AND p.order_id = o.id
  WHERE o.shop_id = $1 AND o.rounding <> 0 AND o.source = 'till' AND NOT o.pay_later AND o.payment_status = 'completed'
    AND NOT o.flags @> '[{"code": "total_differs"}]' AND o.version = 1
  GROUP BY o.id HAVING count(*) = 1 AND abs(o.rounding) >= max(p.cash_step)`;

// The first credit notes of an order are rounded for cash alone, unless they give back all of it, with its own rounding.
// After one that was rounded, the next make up for it.
const STEPLESS = `
  SELECT credit_note_number, r.rounding FROM (
    SELECT note.*, sum(total) OVER earlier AS so_far, bool_and(rounding = 0) OVER (earlier ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS is_first
    FROM (${CREDIT_NOTES}) note WINDOW earlier AS (PARTITION BY order_id ORDER BY place)
  ) r JOIN orders o ON o.shop_id = $1 AND o.id = r.order_id
  WHERE cash_step IS NULL AND r.rounding <> 0 AND coalesce(is_first, true)
    AND EXISTS (SELECT FROM refund_payments m WHERE m.shop_id = $1 AND m.refund_id = r.id AND m.method = 'cash')
    AND so_far <> o.total + (
      SELECT coalesce(sum(${signedRounding('p')}), 0) FROM payments p WHERE p.shop_id = $1 AND p.order_id = o.id)`;

/**
 * Cash changed hands in multiples of the step that held then, which each row keeps. Where it isn't known, nothing is said:
 * rows of earlier versions, imported ones, and what a till printed otherwise while it was offline.
 */
export const cashSteps = sqlCheck({
  name: 'cash-steps',
  holds: 'Cash was paid and given back in multiples of the step that it was rounded to',
  counts: 'payments and credit notes in cash',
  checked: `
    SELECT (SELECT count(*) FROM payments WHERE shop_id = $1 AND cash_step IS NOT NULL)
      + (SELECT count(*) FROM refunds WHERE shop_id = $1 AND cash_step IS NOT NULL)`,
  faults: `
    SELECT o.order_number AS subject, format(
      'Of cash in multiples of %s, %s were handed over: %s for it, a tip of %s and change of %s.',
      p.cash_step, p.tendered, p.amount, p.tip, p.change) AS detail
    FROM payments p JOIN orders o ON o.shop_id = p.shop_id AND o.id = p.order_id
    WHERE p.shop_id = $1 AND p.cash_step IS NOT NULL AND p.method = 'cash'
      AND (${['p.amount', 'p.tip', 'p.change'].map(isOff).join(' OR ')})
    UNION ALL
    SELECT o.order_number, format('A payment by %s is kept with a step of %s, which only cash has.', p.method, p.cash_step)
    FROM payments p JOIN orders o ON o.shop_id = p.shop_id AND o.id = p.order_id
    WHERE p.shop_id = $1 AND p.cash_step IS NOT NULL AND p.method <> 'cash'
    UNION ALL
    SELECT order_number, format('It was rounded by %s, but cash by multiples of %s.', rounding, step) FROM (${ROUNDED}) rounded
    UNION ALL
    SELECT r.credit_note_number, format('Of cash in multiples of %s, %s and a tip of %s were given back.', r.cash_step, m.amount, m.tip)
    FROM refunds r JOIN refund_payments m ON m.shop_id = r.shop_id AND m.refund_id = r.id
    WHERE r.shop_id = $1 AND r.cash_step IS NOT NULL AND m.method = 'cash' AND (${isOff('m.amount')} OR ${isOff('m.tip')})
    UNION ALL
    SELECT credit_note_number, format('It was given back by %s, and is kept with a step of %s, which only cash has.', method, cash_step)
    FROM refunds WHERE shop_id = $1 AND cash_step IS NOT NULL AND method NOT IN ('cash', 'split')
      -- A share of less than half a coin was rounded away.
      AND (rounding = 0 OR EXISTS (
        SELECT FROM refund_payments m WHERE m.shop_id = $1 AND m.refund_id = refunds.id AND m.method = 'cash'))
    UNION ALL
    SELECT credit_note_number, format('%s of it is rounding to coins, but no step of them is kept.', rounding) FROM (${STEPLESS}) stepless`,
});
