import type { EntityManager } from '@mikro-orm/postgresql';
import { formatMilli, formatMinor } from '../../../contract/money.ts';
import { query } from '../../../database/query.ts';

/** What was taken off a bill: some of a line, or with `lineId` null all of it. */
export type Void = {
  id: string | undefined;
  lineId: string | null;
  name: string | null;
  variantName: string | null;
  quantityMilli: number;
  /** What it came to on the bill, in minor units. */
  amountMinor: number;
  reason: string;
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
    business_date, at)
  SELECT coalesce(v.id, gen_random_uuid()), $1, $2, v."lineId", v.name, v."variantName", v.quantity, v.amount, v.reason, $4, $5, $6,
    $7, $8
  FROM jsonb_to_recordset($3::jsonb) AS v (
    id uuid, "lineId" uuid, name text, "variantName" text, quantity numeric, amount numeric, reason text)`;

/** Keeps who took what off a bill, when and why. Gives the rows in the words of the wire, for the audit. */
export async function insertVoids(em: EntityManager, voids: Void[], voiding: Voiding): Promise<object[]> {
  const { shopId, orderId, cashierId, approvedBy, shiftId, businessDate, at } = voiding;
  const rows = voids.map(({ quantityMilli, amountMinor, ...row }) => ({
    ...row,
    quantity: formatMilli(quantityMilli),
    amount: formatMinor(amountMinor),
  }));
  const by = [cashierId, approvedBy, shiftId];
  await query(em, INSERT_VOIDS, [shopId, orderId, JSON.stringify(rows), ...by, businessDate, at]);
  return rows;
}
