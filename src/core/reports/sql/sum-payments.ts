import type { EntityManager } from '@mikro-orm/postgresql';
import type { PaymentsReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { coveredOf, signedAmount } from '../../payments/sql/covered.ts';
import { count, money, rows } from './json.ts';
import { type Span, spanParameters } from './span.ts';

const SUMS =
  'sum(count) AS count, sum(taken) AS taken, sum(tips) AS tips, sum(refunds) AS refunds, sum(returned) AS returned';
const FIGURES = [
  count('count'),
  money('taken'),
  money('tips'),
  money('refunds'),
  money('returned'),
  money('net', 'taken + tips - refunds - returned'),
].join(', ');

// Each amount on the day on which it moved; what a bill is paid by now says what it still lacks.
const SUM_PAYMENTS = `
  WITH moved AS (
    SELECT method, 1 AS count, amount AS taken, tip AS tips, 0 AS refunds, 0 AS returned
    FROM payments WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND kind = 'payment'
    UNION ALL
    SELECT method, 0, 0, 0, 0, amount
    FROM payments WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND kind = 'return'
    UNION ALL
    SELECT method, 0, 0, 0, 0, ${signedAmount('p')} + tip FROM payments p WHERE shop_id = $1 AND returned_on BETWEEN $2 AND $3
    UNION ALL
    SELECT m.method, 0, 0, -m.tip, m.amount, 0 FROM refunds r
    JOIN refund_payments m ON m.shop_id = r.shop_id AND m.refund_id = r.id
    WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3
  ), by_method AS (
    SELECT method, ${SUMS} FROM moved GROUP BY method
  ), unpaid AS (
    SELECT count(*) AS count, sum(total - ${coveredOf('o')}) AS due
    FROM orders o
    WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3
      AND payment_status <> 'completed' AND status NOT IN ('open', 'voided')
  )
  SELECT (SELECT json_build_object(${FIGURES}) FROM (SELECT ${SUMS} FROM by_method) summed) AS totals,
         ${rows(
           `'method', method, ${FIGURES}`,
           'by_method',
           "array_position(array['cash', 'card', 'upi', 'wallet', 'other'], method), method",
         )} AS methods,
         (SELECT json_build_object(${count('count')}, ${money('due')}) FROM unpaid) AS unpaid`;

type Payments = Pick<PaymentsReport, 'totals' | 'methods' | 'unpaid'>;

/** Money that moved in a span by method, and what is still owed for bills of the span. */
export async function sumPayments(em: EntityManager, span: Span): Promise<Payments> {
  return await queryRow<Payments>(em, SUM_PAYMENTS, spanParameters(span));
}
