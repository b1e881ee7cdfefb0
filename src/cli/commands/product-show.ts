import { findProductByName } from '../../core/catalog/find-product.ts';
import { readProduct } from '../../core/catalog/load-products.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { namesOfItems } from '../../core/inventory/list-items.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { describeProduct, PRODUCT_ARGUMENT } from '../product-options.ts';

export const productShow: Command = {
  name: 'product show',
  summary: 'Show a product with its variants, modifiers and recipe',
  arguments: [PRODUCT_ARGUMENT],
  options: [SHOP_OPTION],
  example: 'smoocho product show "Masala Chai" --shop PIZA',
  async run(shell, { shop }, [which = '']) {
    await atShop(shell, shop, async ({ app, shop: { id, currency }, context: { em } }) => {
      const productId = await findProductByName(em, id, which);
      const product = viewProduct(await readProduct(em, id, productId), app.keys);
      const itemIds = product.recipe.map(({ inventoryItemId }) => inventoryItemId);
      shell.show(describeProduct(product, currency, await namesOfItems(em, id, itemIds)));
      shell.give(product);
    });
    return undefined;
  },
};
