import { LockMode } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import { InventoryChange, NewInventoryItem } from '../../contract/inventory.ts';
import { MAX_MILLI } from '../../contract/money.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { query } from '../../database/query.ts';
import type { Context } from '../context.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { requireWholeInShop } from '../shops/whole-amounts.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { InventoryItem } from './inventory-item.entity.ts';
import { type Movement, moveStock } from './sql/move-stock.ts';
import { viewItem } from './view-item.ts';

/** Adds an item; its first quantity is a movement like every other. Throws `already_exists`. */
export async function createItem(
  context: Context,
  shopId: string,
  body: NewInventoryItem,
): Promise<InventoryItem> {
  return await saving(() =>
    transact(context, async (tx) => {
      await requireWholeInShop(tx.em, shopId, NewInventoryItem, body);
      const now = tx.app.now();
      const item = tx.em.create(InventoryItem, {
        id: uuidv7(),
        shopId,
        name: body.name,
        unit: body.unit,
        quantityMilli: 0,
        costMinor: body.cost,
        reorderLevelMilli: body.reorderLevel,
        policy: body.policy ?? settingsOf(await findShop(tx.em, shopId)).stockPolicy,
        createdAt: now,
        updatedAt: now,
      });
      await tx.em.persist(item).flush();
      if (body.quantity > 0) await move(tx, item, { quantityMilli: body.quantity, reason: 'opening' });
      tx.record({ shopId, type: 'inventory_updated', data: viewItem(item) });
      return item;
    }),
  );
}

/**
 * Counts (sets the figure through a movement), adjusts (moves it, with a reason) or sets up an item.
 * Throws `not_found`, `version_conflict`, `already_exists`, `out_of_stock` (an adjustment below zero under `deny`).
 */
export async function updateItem(
  context: Context,
  shopId: string,
  itemId: string,
  change: InventoryChange,
): Promise<InventoryItem> {
  return await saving(() =>
    transact(context, async (tx) => {
      const lockMode = LockMode.PESSIMISTIC_WRITE;
      const item = await tx.em.findOne(InventoryItem, { id: itemId, shopId }, { lockMode });
      if (!item) throw new ProblemError('not_found', { detail: 'There is no such inventory item.' });
      if (change.id && (await isBooked(tx, item, change.id))) return item;
      const before = viewItem(item);
      checkVersion(change.version, before);
      await requireWholeInShop(tx.em, shopId, InventoryChange, change);
      item.name = change.name ?? item.name;
      item.unit = change.unit ?? item.unit;
      item.costMinor = change.cost ?? item.costMinor;
      item.reorderLevelMilli = change.reorderLevel ?? item.reorderLevelMilli;
      item.policy = change.policy ?? item.policy;
      item.updatedAt = tx.app.now();
      await tx.em.flush();
      await applyStock(tx, item, change);
      tx.record({ shopId, type: 'inventory_updated', data: viewItem(item), before });
      return item;
    }),
  );
}

const FIND_MOVEMENT = 'SELECT shop_id, item_id FROM stock_movements WHERE id = $1';

/** Whether this movement is in the ledger already. Throws `already_exists` when it is another item's. */
async function isBooked({ em }: Transaction, item: InventoryItem, movementId: string): Promise<boolean> {
  const [row] = await query<{ shop_id: string; item_id: string }>(em, FIND_MOVEMENT, [movementId]);
  if (!row) return false;
  if (row.shop_id === item.shopId && row.item_id === item.id) return true;
  throw takenMovementId();
}

const takenMovementId = () => fieldProblem('already_exists', '/id', 'is the id of another movement');

async function applyStock(tx: Transaction, item: InventoryItem, change: InventoryChange): Promise<void> {
  const { id, count, adjust, reason, note = null } = change;
  // A count is a movement by what the shelf differs from the books, also when that is nothing: it was counted.
  if (count !== undefined)
    await move(tx, item, { id, quantityMilli: count - item.quantityMilli, reason: 'count', note });
  if (adjust === undefined || reason === undefined || reason === 'count') return;
  const after = item.quantityMilli + adjust;
  if (after < 0 && adjust < 0 && item.policy === 'deny') {
    const { name, unit, quantityMilli } = item;
    const detail = `There are only ${quantityMilli / 1000} ${unit} of ${name}; this would leave ${after / 1000}.`;
    throw fieldProblem('out_of_stock', '/adjust', detail);
  }
  await move(tx, item, { id, quantityMilli: adjust, reason, note });
}

type ItemMovement = Pick<Movement, 'id' | 'reason' | 'note'> & { quantityMilli: number };

async function move(
  { em, app, actor, record }: Transaction,
  item: InventoryItem,
  { quantityMilli, ...movement }: ItemMovement,
): Promise<void> {
  if (Math.abs(item.quantityMilli + quantityMilli) > MAX_MILLI) {
    throw fieldProblem('invalid_request', '/adjust', 'would make the stock larger than 999999999.999');
  }
  const changes = [{ itemId: item.id, quantityMilli }];
  const { shopId } = item;
  const at = app.now();
  const businessDate = businessDateAt(at, await findShop(em, shopId));
  const told = await moveStock(em, { ...movement, shopId, changes, actor, at, businessDate });
  await em.refresh(item);
  // The caller tells of the item itself, with whatever else changed.
  const low = told.find(({ type }) => type === 'stock_low');
  if (low) record({ shopId, ...low });
}

async function saving<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The same id came for two items at once, and the other one was first.
    if (isUniqueViolation(error, 'stock_movements_pkey')) throw takenMovementId();
    if (!isUniqueViolation(error, 'inventory_items_name_key')) throw error;
    throw fieldProblem('already_exists', '/name', 'is the name of another inventory item');
  }
}
