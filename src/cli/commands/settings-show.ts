import { findShop } from '../../core/shops/find-shops.ts';
import { viewSettings } from '../../core/shops/settings.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { cellOf, leavesOf, textOf } from '../output/changes.ts';
import { table } from '../output/table.ts';
import { settingAt } from '../settings-paths.ts';

export const settingsShow: Command = {
  name: 'settings show',
  summary: 'Show the settings of a shop, all or those under a name',
  arguments: [{ name: 'path', description: 'such as tax, or tax.mode', isOptional: true }],
  options: [SHOP_OPTION],
  example: 'smoocho settings show tax --shop PIZA',
  async run(shell, { shop: code }, [path]) {
    await atShop(shell, code, async ({ shop, context: { em } }) => {
      const settings = viewSettings(await findShop(em, shop.id));
      const value = settingAt(settings, path);
      const leaves = leavesOf(value, path).filter(([key]) => key !== 'version');
      const [first] = leaves;
      // One alone is shown whole, however long it is.
      if (path !== undefined && leaves.length === 1 && first) shell.show(textOf(first[1]));
      else
        shell.show(
          table(leaves, [
            { title: 'setting', value: ([key]) => key },
            { title: 'value', value: ([, leaf]) => cellOf(leaf) },
          ]),
        );
      shell.give(value);
    });
    return undefined;
  },
};
