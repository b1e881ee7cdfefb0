import { InventoryChange } from '../../contract/inventory.ts';
import { parse } from '../../contract/parse.ts';
import { findItemByName } from '../../core/inventory/find-item.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ITEM_ARGUMENT, SHOP_OPTION } from '../command.ts';
import { bookStock, movedLines } from '../stock.ts';

export const inventoryAdjust: Command = {
  name: 'inventory adjust',
  summary: 'Book what came or went: a delivery, waste, a slip',
  arguments: [ITEM_ARGUMENT],
  options: [
    SHOP_OPTION,
    { flags: '--by <quantity>', description: 'such as 20, or -2 for what is gone', required: true },
    { flags: '--reason <reason>', description: 'purchase, waste or correction', required: true },
    { flags: '--note <text>', description: 'what there is to say' },
  ],
  example: 'smoocho inventory adjust Milk --shop PIZA --by -2 --reason waste --note "went sour"',
  async run(shell, { shop: code, by, reason, note }, [which = '']) {
    const change = parse(InventoryChange, { adjust: by, reason, note });
    await atShop(shell, code, async ({ app, shop, context }) => {
      const id = await findItemByName(context.em, shop.id, which);
      const moved = await bookStock({ app, shop }, id, change);
      shell.say(...movedLines([moved], shop.currency));
      shell.give(moved.after);
    });
    return undefined;
  },
};
