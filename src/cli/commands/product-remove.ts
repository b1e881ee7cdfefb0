import { findProductByName } from '../../core/catalog/find-product.ts';
import { readProduct } from '../../core/catalog/load-products.ts';
import { deleteProduct } from '../../core/catalog/save-product.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { askFirst } from '../ask-first.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION, YES_OPTION } from '../command.ts';
import { PRODUCT_ARGUMENT } from '../product-options.ts';

export const productRemove: Command = {
  name: 'product remove',
  summary: 'Take a product off the menu for good; old bills keep its name',
  arguments: [PRODUCT_ARGUMENT],
  options: [SHOP_OPTION, YES_OPTION],
  example: 'smoocho product remove CHAI --shop PIZA',
  async run(shell, { shop: code, yes }, [which = '']) {
    await atShop(shell, code, async ({ app, shop, context }) => {
      const id = await findProductByName(context.em, shop.id, which);
      const product = viewProduct(await readProduct(context.em, shop.id, id), app.keys);
      await askFirst(shell, yes, `Take ${product.name} off the menu for good?`);
      await deleteProduct(context, shop.id, id, { version: product.version });
      shell.say(`${product.name} is off the menu.`);
      shell.give(product);
    });
    return undefined;
  },
};
