import type { EntityManager } from '@mikro-orm/postgresql';
import { parseMilli } from '../../../contract/money.ts';
import { query } from '../../../database/query.ts';
import type { StockChange } from './move-stock.ts';

const STOCK_OF_ORDER = `
  SELECT item_id AS "itemId", sum(quantity)::text AS quantity FROM stock_movements
  WHERE shop_id = $1 AND order_id = $2 GROUP BY item_id`;

/** What an order has moved so far, by item; a sale is negative. */
export async function stockOfOrder(
  em: EntityManager,
  shopId: string,
  orderId: string,
): Promise<StockChange[]> {
  const rows = await query<{ itemId: string; quantity: string }>(em, STOCK_OF_ORDER, [shopId, orderId]);
  return rows.map(({ itemId, quantity }) => ({ itemId, quantityMilli: parseMilli(quantity) as number }));
}

/** The changes that lead from `before` to `after`, items that stay the same left out. */
export function stockDifference(before: StockChange[], after: StockChange[]): StockChange[] {
  const difference = new Map(after.map(({ itemId, quantityMilli }) => [itemId, quantityMilli]));
  for (const { itemId, quantityMilli } of before) {
    difference.set(itemId, (difference.get(itemId) ?? 0) - quantityMilli);
  }
  return [...difference]
    .filter(([, quantityMilli]) => quantityMilli !== 0)
    .map(([itemId, quantityMilli]) => ({ itemId, quantityMilli }));
}
