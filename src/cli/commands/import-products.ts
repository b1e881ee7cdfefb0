import { withClient } from '../../app.ts';
import { cliActor, eventActor } from '../../core/context.ts';
import {
  type ImportedProducts,
  importProducts as importProductsFile,
} from '../../core/imports/import-products.ts';
import { count } from '../../figures.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { describeBadRows, fileOptions, openFile, readFileOptions } from '../import-file.ts';

export const importProducts: Command = {
  name: 'import products',
  summary: 'Bring in a menu from CSV: new products are made, known ones changed by SKU or name',
  arguments: [{ name: 'file', description: 'CSV, or CSV with gzip' }],
  options: [SHOP_OPTION, ...fileOptions],
  example: 'smoocho import products docs/data/pizza-menu.csv --shop PIZA',
  async run(shell, options, [path]) {
    const file = readFileOptions(options);
    await atShop(shell, options.shop, async ({ app, shop }) => {
      const { source, progress } = openFile(path as string);
      const imported = await withClient(app.databaseUrl, (client) =>
        importProductsFile(client, shop.id, source, {
          ...file,
          now: app.now(),
          actor: eventActor(cliActor(app.config)),
          onProgress: ({ bytes, rows }) => progress.update(bytes, count(rows, 'row')),
        }),
      ).finally(() => progress.stop());
      shell.say(...describe(shop.name, imported, file.dryRun));
      shell.give({ dryRun: file.dryRun, ...imported });
    });
    return undefined;
  },
};

function describe(shopName: string, imported: ImportedProducts, dryRun: boolean): string[] {
  const { products, variants, changedProducts, changedVariants, bad, badCount } = imported;
  const isSame = products + variants + changedProducts + changedVariants === 0;
  return [
    isSame
      ? `${shopName} has all of this already.`
      : `${dryRun ? 'Would make' : 'Made'} ${count(products, 'product')} and ${count(variants, 'variant')}, ` +
        `${dryRun ? 'and change' : 'changed'} ${count(changedProducts, 'product')} and ${count(changedVariants, 'variant')}.`,
    ...describeBadRows(bad, badCount),
    ...(dryRun ? ['Nothing was written.'] : []),
  ];
}
