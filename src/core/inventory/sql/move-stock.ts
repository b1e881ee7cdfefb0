import type { EntityManager } from '@mikro-orm/postgresql';
import type { MovementReason } from '../../../contract/inventory.ts';
import { formatMilli } from '../../../contract/money.ts';
import { query } from '../../../database/query.ts';
import { type Actor, eventActor } from '../../context.ts';
import { asOutOfStock } from '../out-of-stock.ts';

/** A change of one item's stock; negative takes. */
export type StockChange = { itemId: string; quantityMilli: number };

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
 * The common table expressions that move stock. They lock the items in the order of their ids, so that two sales of the
 * same goods wait for each other and never for ever; `stock` has one row once all is moved. What takes more than there
 * is of an item whose policy is `deny` is refused with `out_of_stock`, and the whole statement with it. Parameters:
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
    RETURNING i.id, i.name, i.unit, i.quantity, c.quantity AS delta,
              i.policy = 'deny' AND i.quantity < 0 AND c.quantity < 0 AS is_short
  ), movements AS (
    INSERT INTO stock_movements (id, shop_id, item_id, quantity, reason, order_id, note, actor, at)
    SELECT gen_random_uuid(), $1, id, delta, $3, $4, $5, $6, $7 FROM moved
  ), stock AS (
    SELECT CASE WHEN bool_or(is_short) THEN refuse('out_of_stock', jsonb_agg(jsonb_build_object(
      'name', name, 'unit', unit, 'left', (quantity - delta)::text) ORDER BY name) FILTER (WHERE is_short))
      ELSE true END AS is_enough
    FROM moved
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

/** Moves stock and writes the ledger, in one statement. Throws `out_of_stock`. */
export async function moveStock(em: EntityManager, movement: Movement): Promise<void> {
  if (movement.changes.length === 0) return;
  const sql = `WITH ${MOVE_STOCK} SELECT is_enough FROM stock`;
  await asOutOfStock(query(em, sql, moveStockParameters(movement)));
}
