import type { EntityManager } from '@mikro-orm/postgresql';
import type { InventoryItem, MovementReason } from '../../../contract/inventory.ts';
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
  /** A movement with an id of its own, so that the same one is booked once; one item at a time then. */
  id?: string | undefined;
  orderId?: string | null;
  refundId?: string | null;
  /** The void whose goods are wasted by this movement, and the order that had taken them. */
  voided?: { voidId: string; orderId: string };
  note?: string | null;
  actor: Actor;
  at: Date;
  /** The day of the inventory report that it is in. */
  businessDate: string;
  /** When it moved, if that was long before it is booked. */
  movedAt?: Date | undefined;
  /** It is gone already: it is taken from what isn't there, too, whatever the item's policy says. */
  isGone?: boolean | undefined;
};

/** What moved, as the feed tells it. */
export type StockEvent = { type: 'inventory_updated' | 'stock_low'; data: InventoryItem };

const UTC = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** As `viewItem` has it. */
const ITEM_VIEW = `jsonb_build_object(
  'id', id, 'shopId', shop_id, 'name', name, 'unit', unit, 'quantity', trim_scale(quantity), 'cost', cost::text,
  'reorderLevel', trim_scale(reorder_level), 'policy', policy, 'isLow', quantity <= reorder_level, 'version', version,
  'createdAt', ${UTC('created_at')}, 'updatedAt', ${UTC('updated_at')})`;

/**
 * The value of a movement, by the cost of its item now. What comes back from an order, or is wasted of it, is worth what it
 * was worth when the order took it: returned goods leave nothing behind in the report, whatever they cost by now.
 */
const VALUE = `delta * coalesce(CASE WHEN delta > 0 OR void_id IS NOT NULL THEN (
      SELECT sum(m.value) / nullif(sum(m.quantity), 0) FROM stock_movements m
      WHERE m.shop_id = $1 AND m.order_id = coalesce(of_order, $4) AND m.item_id = moved.id AND m.quantity < 0) END, cost)`;

/**
 * The common table expressions that move stock. They lock the items in the order of their ids, so that two sales of the
 * same goods wait for each other and never for ever; `stock` has one row once all is moved, and `stock_event` numbers
 * what the feed is to tell. What takes more than there is of an item whose policy is `deny` is refused with
 * `out_of_stock`, and the whole statement with it, unless it is gone already: then `moved` has it as `is_short`. Parameters: $1 shop, $2 changes, $3 reason, $4 order, $5 note,
 * $6 actor, $7 time.
 */
export const MOVE_STOCK = `
  change AS (
    SELECT i.id, c.quantity, c."movementId" AS movement_id, c."refundId" AS refund_id, c."voidId" AS void_id,
      c."ofOrder" AS of_order, c."businessDate" AS business_date, c."movedAt" AS moved_at, c."isGone" AS is_gone
    FROM jsonb_to_recordset($2::jsonb) AS c (
      id uuid, quantity numeric, "movementId" uuid, "refundId" uuid, "voidId" uuid, "ofOrder" uuid, "businessDate" date,
      "movedAt" timestamptz, "isGone" boolean)
    JOIN inventory_items i ON i.shop_id = $1 AND i.id = c.id
    ORDER BY i.id FOR NO KEY UPDATE OF i
  ), moved AS (
    UPDATE inventory_items i SET quantity = i.quantity + c.quantity, updated_at = $7
    FROM change c WHERE i.id = c.id
    RETURNING i.*, c.quantity AS delta, c.movement_id, c.refund_id, c.void_id, c.of_order, c.business_date, c.moved_at,
              coalesce(c.is_gone, false) AS is_gone,
              i.policy = 'deny' AND i.quantity < 0 AND c.quantity < 0 AS is_short
  ), movements AS (
    INSERT INTO stock_movements (
      id, shop_id, item_id, quantity, value, reason, order_id, refund_id, void_id, note, actor, at, business_date)
    SELECT coalesce(movement_id, gen_random_uuid()), $1, id, delta, ${VALUE}, $3, $4, refund_id, void_id, $5, $6,
      coalesce(moved_at, $7), business_date
    FROM moved
  ), stock AS (
    SELECT CASE WHEN bool_or(is_short AND NOT is_gone) THEN refuse('out_of_stock', jsonb_agg(jsonb_build_object(
      'name', name, 'unit', unit, 'left', (quantity - delta)::text) ORDER BY name) FILTER (WHERE is_short AND NOT is_gone))
      ELSE true END AS is_enough
    FROM moved
  ), stock_event AS (
    SELECT row_number() OVER (ORDER BY id, type) AS number, type, data FROM (
      SELECT id, 'inventory_updated' AS type, ${ITEM_VIEW} AS data FROM moved
      UNION ALL
      SELECT id, 'stock_low', ${ITEM_VIEW} FROM moved
      WHERE (quantity <= reorder_level AND quantity - delta > reorder_level)
        OR (policy <> 'allow' AND quantity < 0 AND delta < 0)
    ) told
  )`;

export const moveStockParameters = ({
  shopId,
  changes,
  reason,
  id,
  orderId,
  refundId,
  voided,
  note,
  actor,
  at,
  businessDate,
  movedAt,
  isGone,
}: Movement) => [
  shopId,
  JSON.stringify(
    changes.map(({ itemId, quantityMilli }) => ({
      id: itemId,
      quantity: formatMilli(quantityMilli),
      movementId: id,
      refundId,
      voidId: voided?.voidId,
      ofOrder: voided?.orderId,
      businessDate,
      movedAt,
      isGone,
    })),
  ),
  reason,
  orderId ?? null,
  note ?? null,
  JSON.stringify(eventActor(actor)),
  at,
];

// The left join makes the refusal happen even when there is nothing to tell.
const MOVE = `WITH ${MOVE_STOCK} SELECT e.type, e.data FROM stock LEFT JOIN stock_event e ON is_enough ORDER BY e.number`;

/** Moves stock and writes the ledger, in one statement; gives what the feed is to be told. Throws `out_of_stock`. */
export async function moveStock(em: EntityManager, movement: Movement): Promise<StockEvent[]> {
  if (movement.changes.length === 0) return [];
  const rows = await asOutOfStock(query<StockEvent>(em, MOVE, moveStockParameters(movement)));
  return rows.filter(({ type }) => type !== null);
}
