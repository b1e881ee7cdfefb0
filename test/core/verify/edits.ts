/** Check → what is done to the books ($1 the shop, :name one of its bills) → what it says about it. */
export type Break = [name: string, sql: string, says: string];

export const payment = (bill: string, set: string) => `UPDATE payments SET ${set} WHERE order_id = :${bill}`;

/** What money gave back of the paid bill, by SQL: a payment of kind return. */
export const givenBack = (
  method: string,
  amount: string,
  of = '(SELECT id FROM payments WHERE order_id = :paid)',
) => `
  INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, kind, payment_id, business_date, cash_step)
  SELECT gen_random_uuid(), shop_id, id, '${method}', ${amount}, ${amount}, now(), 'return', ${of}, business_date,
    (SELECT cash_step FROM payments WHERE order_id = :paid)
  FROM orders WHERE id = :paid`;
export const LATER = "interval '1 hour'";
export const SAYS_MADE_BEFORE = "UPDATE orders SET items = items #- '{0,soldBy}' WHERE id = :paid";
export const LINE_VOID = 'order_id = :edited AND line_id IS NOT NULL';

export const refunds = (set: string) => `UPDATE refunds SET ${set} WHERE order_id = :partly`;
export const wholeVoid = (set: string) => `UPDATE voids SET ${set} WHERE order_id = :voided`;
export const order = (set: string, bill = 'paid') => `UPDATE orders SET ${set} WHERE id = :${bill}`;
