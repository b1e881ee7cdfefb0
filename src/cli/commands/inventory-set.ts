import { InventoryChange } from '../../contract/inventory.ts';
import { parse } from '../../contract/parse.ts';
import { findItemByName } from '../../core/inventory/find-item.ts';
import { findItem } from '../../core/inventory/list-items.ts';
import { updateItem } from '../../core/inventory/save-item.ts';
import { viewItem } from '../../core/inventory/view-item.ts';
import { atShop, changeRead } from '../at-shop.ts';
import { type Command, ITEM_ARGUMENT, ITEM_OPTIONS, SHOP_OPTION } from '../command.ts';
import { fieldsOf, requireSome } from '../fields.ts';
import { printChanges } from '../output/changes.ts';

export const inventorySet: Command = {
  name: 'inventory set',
  summary: 'Set an item up: name, unit, cost, when it is low; what is there: inventory count',
  arguments: [ITEM_ARGUMENT],
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'another name' },
    { flags: '--unit <unit>', description: 'another unit; the figures stay' },
    ...ITEM_OPTIONS,
  ],
  example: 'smoocho inventory set Milk --shop PIZA --reorder-level 15',
  async run(shell, options, [which = '']) {
    const change = parse(InventoryChange, requireSome(fieldsOf(InventoryChange, options)));
    await atShop(shell, options.shop, async ({ app, shop, context }) => {
      const id = await findItemByName(context.em, shop.id, which);
      const { before, after } = await changeRead(
        { app },
        async ({ em }) => viewItem(await findItem(em, shop.id, id)),
        async (fresh, { version }) => viewItem(await updateItem(fresh, shop.id, id, { version, ...change })),
      );
      printChanges(shell, before.name, before, after);
      shell.give(after);
    });
    return undefined;
  },
};
