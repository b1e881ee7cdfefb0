import { findProductByName } from '../../core/catalog/find-product.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { removeProductImage } from '../../core/images/set-image.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { PRODUCT_ARGUMENT } from '../product-options.ts';

export const productRemoveImage: Command = {
  name: 'product remove-image',
  summary: 'Take the picture of a product away',
  arguments: [PRODUCT_ARGUMENT],
  options: [SHOP_OPTION],
  example: 'smoocho product remove-image CHAI --shop PIZA',
  async run(shell, { shop: code }, [which = '']) {
    await atShop(shell, code, async ({ app, shop, context }) => {
      const id = await findProductByName(context.em, shop.id, which);
      const product = viewProduct(await removeProductImage(context, shop.id, id), app.keys);
      shell.say(`${product.name} has no picture.`);
      shell.give(product);
    });
    return undefined;
  },
};
