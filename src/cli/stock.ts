import type { InventoryChange, InventoryItem } from '../contract/inventory.ts';
import { findItem } from '../core/inventory/list-items.ts';
import { updateItem } from '../core/inventory/save-item.ts';
import { viewItem } from '../core/inventory/view-item.ts';
import { type AtShop, changeRead } from './at-shop.ts';
import { formatCount } from './output/format.ts';
import { tableLines } from './output/table.ts';

export type Moved = { before: InventoryItem; after: InventoryItem };

/** Books a count or a movement of one item, over exactly the figure that is shown as before. */
export const bookStock = (
  { app, shop }: Pick<AtShop, 'app' | 'shop'>,
  itemId: string,
  change: InventoryChange,
): Promise<Moved> =>
  changeRead(
    { app },
    async ({ em }) => viewItem(await findItem(em, shop.id, itemId)),
    async (context, { version }) =>
      viewItem(await updateItem(context, shop.id, itemId, { version, ...change })),
  );

/**
 * Books one after the other. When one fails, those before it stay booked: `warn` gets them, and the failure is thrown. Check names
 * and numbers before.
 */
export async function bookAll(
  at: Pick<AtShop, 'app' | 'shop'>,
  bookings: { itemId: string; change: InventoryChange }[],
  warn: (text: string) => void,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  try {
    for (const { itemId, change } of bookings) moved.push(await bookStock(at, itemId, change));
  } catch (error) {
    const booked = moved.map(
      ({ after }) => `${after.name} ${formatCount(after.quantity, at.shop.currency)} ${after.unit}`,
    );
    if (booked.length > 0) warn(`Booked already: ${booked.join(', ')}. The rest was not.`);
    throw error;
  }
  return moved;
}

export function movedLines(moved: Moved[], currency: string): string[] {
  const count = (value: number) => formatCount(value, currency);
  return tableLines(moved, [
    { title: 'item', value: ({ after }) => after.name },
    { title: 'before', value: ({ before }) => count(before.quantity), align: 'right' },
    { title: 'now', value: ({ after }) => count(after.quantity), align: 'right' },
    { title: '', value: ({ after }) => after.unit },
    { title: '', value: ({ after }) => (after.isLow ? 'low' : '') },
  ]);
}
