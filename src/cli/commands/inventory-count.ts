import { InventoryChange } from '../../contract/inventory.ts';
import { parse } from '../../contract/parse.ts';
import { findItemByName } from '../../core/inventory/find-item.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { bookAll, movedLines } from '../stock.ts';

export const inventoryCount: Command = {
  name: 'inventory count',
  summary: 'Say what is on the shelf: the books are set to it',
  arguments: [
    {
      name: 'item=quantity',
      description: 'an item by exact name or id, and how much is there',
      isVariadic: true,
    },
  ],
  options: [SHOP_OPTION, { flags: '--note <text>', description: 'why they differ' }],
  example: 'smoocho inventory count Milk=12.5 --shop PIZA',
  async run(shell, { shop: code, note }, words) {
    const counted = words.map((word = '') => {
      const { name, count } = splitLast(word);
      return { name, change: parse(InventoryChange, { count, note }) };
    });
    await atShop(shell, code, async ({ app, shop, context }) => {
      const ids: string[] = [];
      // All of them before the first is booked.
      for (const { name } of counted) ids.push(await findItemByName(context.em, shop.id, name));
      if (new Set(ids).size < ids.length) throw new UsageError('An item was named twice: count it once.');
      const bookings = counted.map(({ change }, index) => ({ itemId: ids[index] as string, change }));
      const moved = await bookAll({ app, shop }, bookings, shell.warn);
      shell.say(...movedLines(moved, shop.currency));
      shell.give(moved.map(({ after }) => after));
    });
    return undefined;
  },
};

/** The name may have a sign of equality itself. */
function splitLast(word: string): { name: string; count: string } {
  const at = word.lastIndexOf('=');
  if (at < 1) throw new UsageError(`${word} is not an item and its quantity, like Milk=12.5.`);
  return { name: word.slice(0, at), count: word.slice(at + 1) };
}
