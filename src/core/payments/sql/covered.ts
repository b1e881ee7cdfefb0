/** The money that payment `p` brought in, as an SQL expression: a return takes from it. */
export const signedAmount = (p: string): string =>
  `CASE ${p}.kind WHEN 'return' THEN -${p}.amount ELSE ${p}.amount END`;

/** What of payment `p` is rounding of its own day, as an SQL expression; with the sign of what it adds to the day's sales. */
export const signedRounding = (p: string): string =>
  `CASE ${p}.kind WHEN 'return' THEN -${p}.rounding ELSE ${p}.rounding END`;

/**
 * What of the total of order `o` nobody owes any more, as an SQL expression: its payments, and what refunds took off it
 * without paying it out.
 */
export const coveredOf = (o: string): string => `(
  (SELECT coalesce(sum(${signedAmount('p')} - ${signedRounding('p')}), 0) FROM payments p WHERE p.shop_id = ${o}.shop_id AND p.order_id = ${o}.id)
  + (SELECT coalesce(sum(r.total - r.paid_out), 0) FROM refunds r WHERE r.shop_id = ${o}.shop_id AND r.order_id = ${o}.id))`;
