import type { EntityManager } from '@mikro-orm/postgresql';
import { formatMilli, formatMinor } from '../../../contract/money.ts';
import { query } from '../../../database/query.ts';
import type { StockChange } from '../../inventory/sql/move-stock.ts';

/** What was taken off a bill: some of a line, or with `lineId` null all of it. */
export type Void = {
  /** Made by the till; undefined until it is written otherwise. */
  id: string | undefined;
  lineId: string | null;
  name: string | null;
  variantName: string | null;
  quantityMilli: number;
  /** What it came to on the bill, in minor units. */
  amountMinor: number;
  reason: string;
  restock: boolean;
  /** Goods that did not go back to stock, above 0. */
  wasted: StockChange[];
};

export type Voiding = {
  shopId: string;
  orderId: string;
  cashierId: string | null;
  approvedBy: string | null;
  shiftId: string | null;
  businessDate: string;
  at: Date;
};

const INSERT_VOIDS = `
  INSERT INTO voids (
    id, shop_id, order_id, line_id, name, variant_name, quantity, amount, reason, cashier_id, approved_by, shift_id,
    business_date, at, restock, wasted)
  SELECT v.id, $1, $2, v."lineId", v.name, v."variantName", v.quantity, v.amount, v.reason, $4, $5, $6,
    $7, $8, v.restock, v.wasted
  FROM jsonb_to_recordset($3::jsonb) AS v (
    id uuid, "lineId" uuid, name text, "variantName" text, quantity numeric, amount numeric, reason text, restock boolean, wasted jsonb)`;

/** Keeps who took what off a bill, when and why. Gives the rows in the words of the wire, for the audit. */
export async function insertVoids(
  em: EntityManager,
  voids: (Void & { id: string })[],
  voiding: Voiding,
): Promise<object[]> {
  const { shopId, orderId, cashierId, approvedBy, shiftId, businessDate, at } = voiding;
  const rows = voids.map(({ quantityMilli, amountMinor, wasted, ...row }) => ({
    ...row,
    quantity: formatMilli(quantityMilli),
    amount: formatMinor(amountMinor),
    wasted: wasted.map((part) => ({ itemId: part.itemId, quantity: formatMilli(part.quantityMilli) })),
  }));
  const by = [cashierId, approvedBy, shiftId];
  await query(em, INSERT_VOIDS, [shopId, orderId, JSON.stringify(rows), ...by, businessDate, at]);
  return rows;
}
