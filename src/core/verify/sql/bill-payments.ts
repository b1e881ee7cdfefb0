import { coveredOf } from '../../payments/sql/covered.ts';
import { sqlCheck } from '../check.ts';

/** What was paid of a bill, the status that follows from it, and what the status of the bill allows. */
export const billPayments = sqlCheck({
  name: 'bill-payments',
  holds: 'Each bill is paid as far as it says, and no further',
  counts: 'bills',
  checked: 'SELECT count(*) FROM orders WHERE shop_id = $1',
  faults: `
    SELECT subject, detail FROM (
      SELECT o.order_number AS subject, concat_ws('; ',
        CASE WHEN paid > total AND (status NOT IN ('open', 'preparing', 'ready', 'voided') OR pay_later) THEN format('%s was paid of %s', paid, total) END,
        CASE WHEN o.payment_status <> CASE WHEN paid = total THEN 'completed' WHEN paid > 0 THEN 'partial' ELSE 'pending' END
          THEN format('%s was paid of %s, but its payment is %s', paid, total, payment_status) END,
        CASE WHEN status = 'open' AND (payment_status = 'completed' OR pay_later)
          THEN 'It is paid or on the book, but still open' END,
        CASE WHEN status = 'completed' AND payment_status <> 'completed' AND NOT pay_later
          THEN 'It is completed, but neither paid nor on the book' END) AS detail
      FROM (
        SELECT o.*, ${coveredOf('o')} AS paid
        FROM orders o WHERE o.shop_id = $1
      ) o
    ) compared WHERE detail <> ''`,
});
