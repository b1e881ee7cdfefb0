import { accessSync, constants } from 'node:fs';
import { findProductByName } from '../../core/catalog/find-product.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { setProductImage } from '../../core/images/set-image.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { PRODUCT_ARGUMENT } from '../product-options.ts';

export const productSetImage: Command = {
  name: 'product set-image',
  summary: 'Give a product a picture; a folder of them: import images',
  arguments: [PRODUCT_ARGUMENT, { name: 'file', description: 'JPEG, PNG, WebP, AVIF or GIF' }],
  options: [SHOP_OPTION],
  example: 'smoocho product set-image CHAI chai.jpg --shop PIZA',
  async run(shell, { shop: code }, [which = '', file = '']) {
    requireReadable(file);
    await atShop(shell, code, async ({ app, shop, context }) => {
      const id = await findProductByName(context.em, shop.id, which);
      const product = viewProduct(await setProductImage(context, shop.id, id, file), app.keys);
      shell.say(`${product.name} has a new picture.`);
      shell.give(product);
    });
    return undefined;
  },
};

function requireReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'ENOENT' ? `There is no file ${file}.` : `${file} can't be read (${code}).`,
    );
  }
}
