import { viewShop } from '../../core/shops/view-shop.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { table } from '../output/table.ts';

export const shopShow: Command = {
  name: 'shop show',
  summary: 'Show a shop: name, currency, time zone, when its day begins',
  options: [SHOP_OPTION],
  example: 'smoocho shop show --shop PIZA',
  async run(shell, { shop: code }) {
    await atShop(shell, code, async ({ shop }) => {
      const view = viewShop(shop);
      const facts = [
        ['code', view.code],
        ['currency', view.currency],
        ['time zone', view.timezone],
        ['day begins', view.dayStart],
        ['id', view.id],
      ];
      shell.print(view.name);
      shell.show(
        table(facts, [
          { title: '', value: ([name = '']) => `  ${name}` },
          { title: '', value: ([, value = '']) => value },
        ]).replace(/^\s*\n/, ''),
      );
      shell.give(view);
    });
    return undefined;
  },
};
