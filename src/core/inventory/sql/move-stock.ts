import type { EntityManager } from '@mikro-orm/postgresql';
import type { MovementReason, StockPolicy } from '../../../contract/inventory.ts';
import { formatMilli } from '../../../contract/money.ts';
import { query } from '../../../database/query.ts';
import { type Actor, eventActor } from '../../context.ts';

/** A change of one item's stock; negative takes. */
export type StockChange = { itemId: string; quantityMilli: number };

/** An item after the move. */
export type MovedItem = {
  id: string;
  name: string;
  unit: string;
  policy: StockPolicy;
  quantity: string;
  delta: string;
};

export type Movement = {
  shopId: string;
  changes: StockChange[];
  reason: MovementReason;
  orderId?: string | null;
  note?: string | null;
  actor: Actor;
  at: Date;
};

/**
 * The common table expressions that move stock: `moved` has the items after it. They lock the items in the order of
 * their ids, so that two sales of the same goods wait for each other and never for ever. Needs as parameters:
 * $1 shop, $2 changes, $3 reason, $4 order, $5 note, $6 actor, $7 time.
 */
export const MOVE_STOCK = `
  change AS (
    SELECT i.id, c.quantity
    FROM jsonb_to_recordset($2::jsonb) AS c (id uuid, quantity numeric)
    JOIN inventory_items i ON i.shop_id = $1 AND i.id = c.id
    ORDER BY i.id FOR NO KEY UPDATE OF i
  ), moved AS (
    UPDATE inventory_items i SET quantity = i.quantity + c.quantity, updated_at = $7
    FROM change c WHERE i.id = c.id
    RETURNING i.id, i.name, i.unit, i.policy, i.quantity, c.quantity AS delta
  ), movements AS (
    INSERT INTO stock_movements (id, shop_id, item_id, quantity, reason, order_id, note, actor, at)
    SELECT gen_random_uuid(), $1, id, delta, $3, $4, $5, $6, $7 FROM moved
  )`;

export const moveStockParameters = ({ shopId, changes, reason, orderId, note, actor, at }: Movement) => [
  shopId,
  JSON.stringify(
    changes.map(({ itemId, quantityMilli }) => ({ id: itemId, quantity: formatMilli(quantityMilli) })),
  ),
  reason,
  orderId ?? null,
  note ?? null,
  JSON.stringify(eventActor(actor)),
  at,
];

/** Moves stock and writes the ledger, in one statement. */
export async function moveStock(em: EntityManager, movement: Movement): Promise<MovedItem[]> {
  if (movement.changes.length === 0) return [];
  return await query<MovedItem>(em, `WITH ${MOVE_STOCK} SELECT * FROM moved`, moveStockParameters(movement));
}
