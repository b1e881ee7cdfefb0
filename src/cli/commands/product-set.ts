import { parse } from '../../contract/parse.ts';
import { ProductChange } from '../../contract/products.ts';
import { findProductByName } from '../../core/catalog/find-product.ts';
import { readProduct } from '../../core/catalog/load-products.ts';
import { updateProduct } from '../../core/catalog/save-product.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { atShop, changeRead } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { requireSome } from '../fields.ts';
import { printChanges } from '../output/changes.ts';
import { PRODUCT_ARGUMENT, PRODUCT_OPTIONS, productFields } from '../product-options.ts';

export const productSet: Command = {
  name: 'product set',
  summary: 'Change a product; what is not named stays, and "" takes away what may be left out',
  arguments: [PRODUCT_ARGUMENT],
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'another name' },
    { flags: '--price <amount>', description: 'another price, such as 25 or 25.50' },
    ...PRODUCT_OPTIONS,
  ],
  example: 'smoocho product set CHAI --shop PIZA --price 30',
  async run(shell, options, [which = '']) {
    const change = parse(ProductChange, requireSome(await productFields(ProductChange, options)));
    await atShop(shell, options.shop, async ({ app, shop, context }) => {
      const id = await findProductByName(context.em, shop.id, which);
      const { before, after } = await changeRead(
        { app },
        async ({ em }) => viewProduct(await readProduct(em, shop.id, id), app.keys),
        async (tries, { version }) =>
          viewProduct(await updateProduct(tries, shop.id, id, { version, ...change }), app.keys),
        change.version,
      );
      printChanges(shell, before.name, before, after);
      shell.give(after);
    });
    return undefined;
  },
};
