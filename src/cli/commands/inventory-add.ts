import { NewInventoryItem } from '../../contract/inventory.ts';
import { parse } from '../../contract/parse.ts';
import { createItem } from '../../core/inventory/save-item.ts';
import { viewItem } from '../../core/inventory/view-item.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ITEM_OPTIONS, SHOP_OPTION } from '../command.ts';
import { fieldsOf } from '../fields.ts';
import { formatCount } from '../output/format.ts';

export const inventoryAdd: Command = {
  name: 'inventory add',
  summary: 'Keep something in stock',
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'what it is called' },
    { flags: '--unit <unit>', description: 'what it is counted in, such as kg' },
    { flags: '--quantity <quantity>', description: 'how much is there (default 0)' },
    ...ITEM_OPTIONS,
  ],
  example: 'smoocho inventory add --shop PIZA --name Milk --unit litre --quantity 40 --reorder-level 10',
  async run(shell, options) {
    const body = parse(NewInventoryItem, fieldsOf(NewInventoryItem, options));
    await atShop(shell, options.shop, async ({ shop, context }) => {
      const item = viewItem(await createItem(context, shop.id, body));
      shell.say(`${item.name} is kept in stock: ${formatCount(item.quantity)} ${item.unit}.`);
      shell.give(item);
    });
    return undefined;
  },
};
