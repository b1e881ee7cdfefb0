import { listMovements as contract, type StockMovement } from '../../contract/inventory.ts';
import { nameActor } from '../../core/audit/name-actor.ts';
import { findItemByName } from '../../core/inventory/find-item.ts';
import { listMovements } from '../../core/inventory/list-items.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ITEM_ARGUMENT, SHOP_OPTION } from '../command.ts';
import { LIST_OPTIONS, printList, readList } from '../listing.ts';
import { clockIn } from '../output/clock.ts';
import { formatCount } from '../output/format.ts';
import { table } from '../output/table.ts';

export const inventoryMovements: Command = {
  name: 'inventory movements',
  summary: 'List what moved an item, newest first',
  arguments: [ITEM_ARGUMENT],
  options: [SHOP_OPTION, ...LIST_OPTIONS],
  example: 'smoocho inventory movements Milk --shop PIZA --limit 20',
  async run(shell, { shop: code, limit, cursor }, [which = '']) {
    await atShop(shell, code, async ({ shop, context: { em } }) => {
      const id = await findItemByName(em, shop.id, which);
      const page = await readList(contract.query, { limit, cursor }, (query) =>
        listMovements(em, shop.id, id, query),
      );
      printList(shell, page, 'Nothing has moved it yet.', (rows) => readable(rows, shop.timezone));
    });
    return undefined;
  },
};

/** A movement has the name alone; only the program itself is called `cli`. */
const actorOf = (name: string) => nameActor({ kind: 'system', name }) ?? '';

function readable(movements: StockMovement[], timezone: string): string {
  const clock = clockIn(timezone);
  return table(movements, [
    { title: 'when', value: ({ at }) => clock(at) },
    {
      title: 'moved',
      value: ({ quantity }) => `${quantity > 0 ? '+' : ''}${formatCount(quantity)}`,
      align: 'right',
    },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'who', value: ({ actor }) => actorOf(actor) },
    { title: 'note', value: ({ note }) => note ?? '' },
  ]);
}
