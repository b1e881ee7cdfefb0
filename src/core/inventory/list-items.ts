import type { EntityManager } from '@mikro-orm/postgresql';
import type { StockMovement } from '../../contract/inventory.ts';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { InventoryItem } from './inventory-item.entity.ts';

type ListFilter = { limit: number; cursor?: string | undefined; low?: boolean | undefined };

const LIST_IDS = `
  SELECT id, name FROM inventory_items
  WHERE shop_id = $1 AND ($2::text IS NULL OR (name, id) > ($2, $3::uuid))
    AND ($4::boolean IS NULL OR (quantity <= reorder_level) = $4)
  ORDER BY name, id LIMIT $5`;

/** A page of the stock, by name. */
export async function listItems(
  em: EntityManager,
  shopId: string,
  filter: ListFilter,
): Promise<Page<InventoryItem>> {
  const [name, id] = readCursor(filter.cursor, ['string', 'uuid']) ?? [null, null];
  const parameters = [shopId, name, id, filter.low ?? null, filter.limit + 1];
  const rows = await query<{ id: string; name: string }>(em, LIST_IDS, parameters);
  const page = cutPage(
    rows,
    filter.limit,
    (row) => [row.name, row.id],
    (row) => row.id,
  );
  const items = new Map(
    (await em.find(InventoryItem, { id: { $in: page.data } })).map((item) => [item.id, item]),
  );
  return { ...page, data: page.data.map((itemId) => items.get(itemId) as InventoryItem) };
}

/** What items are called, by their ids. */
export async function namesOfItems(
  em: EntityManager,
  shopId: string,
  ids: string[],
): Promise<Map<string, string>> {
  const items = ids.length === 0 ? [] : await em.find(InventoryItem, { shopId, id: { $in: ids } });
  return new Map(items.map((item) => [item.id, item.name]));
}

/** Throws `not_found`. */
export async function findItem(em: EntityManager, shopId: string, itemId: string): Promise<InventoryItem> {
  const item = await em.findOne(InventoryItem, { id: itemId, shopId });
  if (!item) throw new ProblemError('not_found', { detail: 'There is no such inventory item.' });
  return item;
}

const LIST_MOVEMENTS = `
  SELECT id, item_id AS "itemId", quantity::float8 AS quantity, reason, order_id AS "orderId", note,
         actor->>'name' AS actor, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM stock_movements
  WHERE shop_id = $1 AND item_id = $2 AND ($3::timestamptz IS NULL OR (at, id) < ($3, $4::uuid))
  ORDER BY at DESC, id DESC LIMIT $5`;

/** A page of what moved an item, newest first. Throws `not_found`. */
export async function listMovements(
  em: EntityManager,
  shopId: string,
  itemId: string,
  filter: { limit: number; cursor?: string | undefined },
): Promise<Page<StockMovement>> {
  await findItem(em, shopId, itemId);
  const [at, id] = readCursor(filter.cursor, ['timestamp', 'uuid']) ?? [null, null];
  const rows = await query<StockMovement>(em, LIST_MOVEMENTS, [shopId, itemId, at, id, filter.limit + 1]);
  return cutPage(
    rows,
    filter.limit,
    (row) => [row.at, row.id],
    (row) => row,
  );
}
