import { currencyDigits, isoDigits } from '../../../contract/currencies.ts';
import { findShop } from '../../shops/find-shops.ts';
import { sqlCheck } from '../check.ts';

/** Subject and amounts of every table that has some. */
const AMOUNTS = [
  ['name', 'products', 'price'],
  ["format('Size %s', name)", 'product_variants', 'price'],
  ["format('Modifier %s', name)", 'modifiers', 'price'],
  ["format('Item %s', name)", 'inventory_items', 'cost'],
  ['order_number', 'orders', 'subtotal, discount, service_charge, tax, rounding, total'],
  ["format('Payment %s', id)", 'payments', 'amount, tendered, tip, rounding'],
  ['credit_note_number', 'refunds', 'tax, rounding, total'],
  ["format('Refund %s', refund_id)", 'refund_payments', 'amount, tip'],
  ["format('Cash movement %s', id)", 'cash_movements', 'amount'],
  ["format('Shift of %s', business_date)", 'shifts', 'opening_float, counted'],
  ["format('Void %s', id)", 'voids', 'amount'],
] as const;

const amountsOf = AMOUNTS.map(
  ([subject, table, columns]) => `
    SELECT ${subject} AS subject, stored FROM ${table}, unnest(ARRAY[${columns}]) stored
    WHERE shop_id = $1 AND $2::int = 0 AND stored <> trunc(stored)`,
).join(' UNION ALL ');

/** What was stored before currencies were held to their own decimals. $2 are those of amounts, $4 those of ISO 4217. */
export const wholeAmounts = sqlCheck({
  name: 'whole-amounts',
  severity: 'warning',
  holds: 'Amounts have the decimals of their currency',
  counts: 'orders',
  checked: 'SELECT count(*) FROM orders WHERE shop_id = $1',
  faults: `
    SELECT subject, format('%s is no amount of %s, which has no decimals. It was stored before that was checked.',
      string_agg(DISTINCT stored::text, ', '), $3::text) AS detail
    FROM (${amountsOf}) fractions GROUP BY subject
    UNION ALL
    SELECT $3::text, 'It has three decimals, and amounts here have two: nothing can cost 0.125.' WHERE $4::int > 2`,
  parameters: async ({ em }, shopId) => {
    const { currency } = await findShop(em, shopId);
    return [currencyDigits(currency), currency, isoDigits(currency) ?? 2];
  },
});
