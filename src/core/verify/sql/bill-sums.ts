import { sqlCheck } from '../check.ts';

const differs = (name: string, bill: string, lines: string) =>
  `CASE WHEN ${bill} IS DISTINCT FROM ${lines}
    THEN format('%s: the bill says %s, its lines %s', '${name}', ${bill}, coalesce((${lines})::text, 'nothing')) END`;

/** A bill's figures are the sums of its lines' figures; only rounding belongs to the bill alone. */
export const billSums = sqlCheck({
  name: 'bill-sums',
  holds: 'Each bill comes to the sum of its lines',
  counts: 'bills',
  checked: 'SELECT count(*) FROM orders WHERE shop_id = $1',
  faults: `
    SELECT subject, detail FROM (
      SELECT o.order_number AS subject, concat_ws('; ',
        ${differs('Subtotal', 'o.subtotal', 'l.subtotal')},
        ${differs('Discount', 'o.discount', 'l.discount')},
        ${differs('Service charge', 'o.service_charge', 'l.service_charge')},
        ${differs('Tax', 'o.tax', 'l.tax')},
        ${differs('Tax by rate', "(SELECT coalesce(sum((t->>'amount')::numeric), 0) FROM jsonb_array_elements(o.tax_lines) t)", 'o.tax')},
        ${differs('Total before rounding', 'o.total - o.rounding', 'l.total')},
        ${differs('Total by its parts', 'o.total', "o.subtotal - o.discount + o.service_charge + o.rounding + CASE o.tax_mode WHEN 'exclusive' THEN o.tax ELSE 0 END")},
        ${differs('Items', 'o.item_quantity', 'l.quantity')}) AS detail
      FROM orders o
      LEFT JOIN (
        SELECT order_id, sum(subtotal) AS subtotal, sum(discount) AS discount, sum(service_charge) AS service_charge,
          sum(tax) AS tax, sum(total) AS total, sum(quantity) AS quantity
        FROM order_lines WHERE shop_id = $1 GROUP BY order_id
      ) l ON l.order_id = o.id
      WHERE o.shop_id = $1
    ) compared WHERE detail <> ''`,
});
