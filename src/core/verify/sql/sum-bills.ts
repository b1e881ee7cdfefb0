import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import { signedRounding } from '../../payments/sql/covered.ts';

/** Amounts as PostgreSQL's decimal text. */
export type BillSums = {
  orders: number;
  itemsSold: number;
  gross: string;
  discount: string;
  tax: string;
  refunds: string;
  total: string;
};

const SUM_BILLS = `
  WITH sold AS (
    SELECT count(*) AS orders, coalesce(sum(item_quantity), 0) AS items, coalesce(sum(subtotal), 0) AS gross,
      coalesce(sum(discount), 0) AS discount, coalesce(sum(tax), 0) AS tax, coalesce(sum(total), 0) AS total
    FROM orders WHERE shop_id = $1 AND status NOT IN ('open', 'voided')
  ), rounded AS (
    SELECT coalesce(sum(${signedRounding('p')}), 0) AS total FROM payments p
    WHERE p.shop_id = $1 AND p.rounding <> 0 AND p.returned_on IS NULL
  ), back AS (
    SELECT coalesce(sum(total), 0) AS total FROM refunds WHERE shop_id = $1
  ), items_back AS (
    SELECT coalesce(sum(quantity), 0) AS items FROM refund_lines WHERE shop_id = $1
  )
  SELECT sold.orders::int, (sold.items - items_back.items)::float8 AS "itemsSold", sold.gross::numeric(14,2)::text,
    sold.discount::numeric(14,2)::text, sold.tax::numeric(14,2)::text, back.total::numeric(14,2)::text AS refunds,
    (sold.total + rounded.total - back.total)::numeric(14,2)::text AS total
  FROM sold, rounded, back, items_back`;

/** All that a shop sold less all that came back, straight from the bills. */
export async function sumBills(em: EntityManager, shopId: string): Promise<BillSums> {
  const [row] = await query<BillSums>(em, SUM_BILLS, [shopId]);
  if (!row) throw new Error('A sum over no rows is still a row.');
  return row;
}
