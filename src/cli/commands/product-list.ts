import { parseMinor } from '../../contract/money.ts';
import { listProducts as contract, type Product } from '../../contract/products.ts';
import { listProducts } from '../../core/catalog/load-products.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { LIST_OPTIONS, printList, readList } from '../listing.ts';
import { formatMoney } from '../output/format.ts';
import { table } from '../output/table.ts';
import { readActive } from '../product-options.ts';

export const productList: Command = {
  name: 'product list',
  summary: 'List the menu, as tills show it',
  options: [
    SHOP_OPTION,
    { flags: '--search <text>', description: 'part of the name' },
    { flags: '--category <name>', description: 'one category' },
    { flags: '--sku <code>', description: 'the one with this SKU' },
    { flags: '--barcode <code>', description: 'the one with this barcode' },
    { flags: '--active', description: 'what can be sold' },
    { flags: '--inactive', description: 'what can not be sold for now' },
    ...LIST_OPTIONS,
  ],
  example: 'smoocho product list --shop PIZA --category Drinks',
  async run(shell, { shop, active, inactive, search, category, sku, barcode, limit, cursor }) {
    const isActive = readActive({ active, inactive });
    await atShop(shell, shop, async ({ app, shop: { id, currency }, context }) => {
      const asked = { search, category, sku, barcode, isActive: isActive?.toString(), limit, cursor };
      const page = await readList(contract.query, asked, (query) => listProducts(context.em, id, query));
      const data = page.data.map((product) => viewProduct(product, app.keys));
      printList(shell, { ...page, data }, 'There is no such product.', (rows) => readable(rows, currency));
    });
    return undefined;
  },
};

const readable = (products: Product[], currency: string) =>
  table(products, [
    { title: 'category', value: ({ category }) => category ?? '' },
    { title: 'name', value: ({ name }) => name },
    { title: 'price', value: (product) => priceOf(product, currency), align: 'right' },
    { title: 'SKU', value: ({ sku }) => sku ?? '' },
    { title: 'barcode', value: ({ barcode }) => barcode ?? '' },
    { title: '', value: ({ isActive }) => (isActive ? '' : 'not sold now') },
  ]);

const minorOf = (price: string) => parseMinor(price) ?? 0;

/** Formats a product's price; a range if its variants differ: `20.00 to 45.00`. */
function priceOf({ price, variants }: Product, currency: string): string {
  const money = (amount: string) => formatMoney(amount, currency);
  const prices = variants.map((variant) => variant.price).toSorted((a, b) => minorOf(a) - minorOf(b));
  const [least, most] = [prices[0] ?? price, prices.at(-1) ?? price];
  return least === most ? money(least) : `${money(least)} to ${money(most)}`;
}
