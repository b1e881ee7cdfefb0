import { parse } from '../../contract/parse.ts';
import { NewProduct } from '../../contract/products.ts';
import { createProduct } from '../../core/catalog/save-product.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { formatMoney } from '../output/format.ts';
import { PRODUCT_OPTIONS, productFields } from '../product-options.ts';

export const productAdd: Command = {
  name: 'product add',
  summary: 'Put a product on the menu',
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'as it stands on the menu and the bill' },
    { flags: '--price <amount>', description: 'such as 25 or 25.50' },
    ...PRODUCT_OPTIONS,
  ],
  example: 'smoocho product add --shop PIZA --name "Masala Chai" --price 25 --category Drinks --sku CHAI',
  async run(shell, options) {
    const body = parse(NewProduct, await productFields(NewProduct, options));
    await atShop(shell, options.shop, async ({ app, shop, context }) => {
      const product = viewProduct(await createProduct(context, shop.id, body), app.keys);
      shell.say(`${product.name} is on the menu, at ${formatMoney(product.price, shop.currency)}.`);
      shell.give(product);
    });
    return undefined;
  },
};
