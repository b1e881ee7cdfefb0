import { listAllShops } from '../../core/shops/find-shops.ts';
import { viewShop } from '../../core/shops/view-shop.ts';
import type { Command } from '../command.ts';
import { table } from '../output/table.ts';

export const shopList: Command = {
  name: 'shop list',
  summary: 'List the shops',
  options: [],
  example: 'smoocho shop list --json',
  async run(shell) {
    await shell.withApp(async (app) => {
      const shops = (await listAllShops(app.orm.em.fork())).map(viewShop);
      shell.show(
        shops.length === 0
          ? 'There is no shop yet. Open one: smoocho shop create --help'
          : table(shops, [
              { title: 'code', value: (shop) => shop.code },
              { title: 'name', value: (shop) => shop.name },
              { title: 'currency', value: (shop) => shop.currency },
              { title: 'time zone', value: (shop) => shop.timezone },
            ]),
      );
      shell.give(shops);
    });
    return undefined;
  },
};
