import { sqlCheck } from '../check.ts';

/** What was handed over went to the bill, the tip or back as change; money went back exactly where a bill was voided. */
export const paymentSums = sqlCheck({
  name: 'payment-sums',
  holds: 'Each payment is what was handed over, less tip and change',
  counts: 'payments',
  checked: 'SELECT count(*) FROM payments WHERE shop_id = $1',
  faults: `
    SELECT subject, detail FROM (
      SELECT o.order_number AS subject, concat_ws('; ',
        CASE WHEN p.tendered <> p.amount + p.tip + p.change THEN format(
          '%s was handed over by %s, but booked are %s, a tip of %s and change of %s',
          p.tendered, p.method, p.amount, p.tip, p.change) END,
        CASE WHEN p.change > 0 AND p.method <> 'cash' THEN format('Change of %s was given on %s', p.change, p.method) END,
        CASE WHEN p.kind = 'return' AND NOT EXISTS (
          SELECT FROM payments paid WHERE paid.id = p.payment_id AND paid.kind = 'payment'
            AND (paid.shop_id, paid.order_id, paid.method) = (p.shop_id, p.order_id, p.method))
          THEN format('%s was given back by %s of a payment that it does not have', p.amount, p.method) END,
        CASE WHEN p.rounding <> 0 AND (p.method <> 'cash' OR abs(p.rounding) >= coalesce(p.cash_step, 0) + coalesce(paid_in.cash_step, 0))
          THEN format('%s of a payment of %s by %s is rounding, which no step makes', p.rounding, p.amount, p.method) END,
        CASE WHEN back.covered > p.amount - p.rounding THEN format('%s was given back of a payment of %s', back.amount, p.amount) END,
        CASE WHEN p.returned_at IS NULL AND o.status = 'voided'
          THEN format('It is voided, but a payment of %s did not go back', p.amount) END,
        CASE WHEN p.returned_at IS NOT NULL AND o.status <> 'voided'
          THEN format('A payment of %s went back, but it is not voided', p.amount) END) AS detail
      FROM payments p JOIN orders o ON o.shop_id = p.shop_id AND o.id = p.order_id
      LEFT JOIN (
        SELECT payment_id, sum(amount) AS amount, sum(amount - rounding) AS covered FROM payments WHERE shop_id = $1 AND kind = 'return' GROUP BY payment_id
      ) back ON back.payment_id = p.id
      LEFT JOIN payments paid_in ON paid_in.id = p.payment_id
      WHERE p.shop_id = $1
    ) compared WHERE detail <> ''`,
});
