import { listInventory as contract, type InventoryItem } from '../../contract/inventory.ts';
import { listItems } from '../../core/inventory/list-items.ts';
import { viewItem } from '../../core/inventory/view-item.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { LIST_OPTIONS, printList, readList } from '../listing.ts';
import { formatCount, formatMoney } from '../output/format.ts';
import { table } from '../output/table.ts';

export const inventoryList: Command = {
  name: 'inventory list',
  summary: 'List the stock by name',
  options: [SHOP_OPTION, { flags: '--low', description: 'what is to be ordered' }, ...LIST_OPTIONS],
  example: 'smoocho inventory list --shop PIZA --low',
  async run(shell, { shop: code, low, limit, cursor }) {
    await atShop(shell, code, async ({ shop, context }) => {
      const asked = { low: low ? 'true' : undefined, limit, cursor };
      const page = await readList(contract.query, asked, (query) => listItems(context.em, shop.id, query));
      const none = low ? 'Nothing is low.' : 'Nothing is kept in stock yet.';
      printList(shell, { ...page, data: page.data.map(viewItem) }, none, (rows) =>
        readable(rows, shop.currency),
      );
    });
    return undefined;
  },
};

function readable(items: InventoryItem[], currency: string): string {
  const count = (value: number) => formatCount(value, currency);
  return table(items, [
    { title: 'item', value: ({ name }) => name },
    { title: 'in stock', value: ({ quantity }) => count(quantity), align: 'right' },
    { title: '', value: ({ unit }) => unit },
    { title: '', value: ({ isLow }) => (isLow ? 'low' : '') },
    { title: 'order at', value: ({ reorderLevel }) => count(reorderLevel), align: 'right' },
    { title: 'cost', value: ({ cost }) => formatMoney(cost, currency), align: 'right' },
    { title: 'below zero', value: ({ policy }) => policy },
  ]);
}
