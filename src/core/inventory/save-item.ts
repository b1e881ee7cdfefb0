import { LockMode } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { InventoryChange, NewInventoryItem } from '../../contract/inventory.ts';
import { MAX_MILLI } from '../../contract/money.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import type { Context } from '../context.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { InventoryItem } from './inventory-item.entity.ts';
import { moveStock } from './sql/move-stock.ts';
import { viewItem } from './view-item.ts';

/** Adds an item; its first quantity is a movement like every other. Throws `already_exists`. */
export async function createItem(
  context: Context,
  shopId: string,
  body: NewInventoryItem,
): Promise<InventoryItem> {
  return await saving(() =>
    transact(context, async (tx) => {
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
      if (body.quantity > 0) await move(tx, item, body.quantity, 'opening', null);
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
      checkVersion(change.version, viewItem(item));
      item.name = change.name ?? item.name;
      item.unit = change.unit ?? item.unit;
      item.costMinor = change.cost ?? item.costMinor;
      item.reorderLevelMilli = change.reorderLevel ?? item.reorderLevelMilli;
      item.policy = change.policy ?? item.policy;
      item.updatedAt = tx.app.now();
      await tx.em.flush();
      await applyStock(tx, item, change);
      tx.record({ shopId, type: 'inventory_updated', data: viewItem(item) });
      return item;
    }),
  );
}

async function applyStock(tx: Transaction, item: InventoryItem, change: InventoryChange): Promise<void> {
  const { count, adjust, reason, note = null } = change;
  // A count is a movement by what the shelf differs from the books, also when that is nothing: it was counted.
  if (count !== undefined) await move(tx, item, count - item.quantityMilli, 'count', note);
  if (adjust === undefined || reason === undefined || reason === 'count') return;
  const after = item.quantityMilli + adjust;
  if (after < 0 && adjust < 0 && item.policy === 'deny') {
    const detail = `would leave ${after / 1000} ${item.unit}; there are ${item.quantityMilli / 1000}`;
    throw fieldProblem('out_of_stock', '/adjust', detail);
  }
  await move(tx, item, adjust, reason, note);
}

async function move(
  { em, app, actor }: Transaction,
  item: InventoryItem,
  quantityMilli: number,
  reason: 'opening' | 'purchase' | 'waste' | 'correction' | 'count',
  note: string | null,
): Promise<void> {
  if (Math.abs(item.quantityMilli + quantityMilli) > MAX_MILLI) {
    throw fieldProblem('invalid_request', '/adjust', 'would make the stock larger than 999999999.999');
  }
  const changes = [{ itemId: item.id, quantityMilli }];
  await moveStock(em, { shopId: item.shopId, changes, reason, note, actor, at: app.now() });
  await em.refresh(item);
}

async function saving<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error, 'inventory_items_name_key')) throw error;
    throw fieldProblem('already_exists', '/name', 'is the name of another inventory item');
  }
}
