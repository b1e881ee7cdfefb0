import { type NewProduct, type Product, type ProductChange, Product as View } from '../contract/products.ts';
import { FILE_OPTION, type Option } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { type Fields, fieldsOf, readFields } from './fields.ts';
import { formatMoney } from './output/format.ts';
import { inLine } from './output/in-line.ts';
import { summary, table } from './output/table.ts';

export const PRODUCT_ARGUMENT = { name: 'product', description: 'its SKU, barcode, exact name or id' };

/** The fields of a product that are one word; variants, modifiers and recipe come by `--file`. */
export const PRODUCT_OPTIONS: Option[] = [
  { flags: '--category <name>', description: 'where it stands on the menu' },
  { flags: '--description <text>', description: 'for the menu' },
  { flags: '--sku <code>', description: "the shop's own code for it" },
  { flags: '--barcode <code>', description: 'what is scanned' },
  { flags: '--sold-by <what>', description: 'piece, weight, volume or length' },
  { flags: '--unit <unit>', description: 'of its quantities, such as kg' },
  { flags: '--tax-class <code>', description: "one of the settings' tax classes" },
  { flags: '--hsn <code>', description: 'HSN or SAC code, for the tax report' },
  { flags: '--sort-order <number>', description: 'its place in its category' },
  { flags: '--active', description: 'it can be sold' },
  { flags: '--inactive', description: 'it can not be sold for now' },
  FILE_OPTION,
];

/** What --active and --inactive say; undefined for neither. Throws UsageError. */
export function readActive({ active, inactive }: Fields): boolean | undefined {
  if (active && inactive) throw new UsageError('--active and --inactive exclude each other.');
  return active ? true : inactive ? false : undefined;
}

/** The body of a new product, or of a change, out of the options and the file; options win. Throws UsageError. */
export async function productFields(
  body: typeof NewProduct | typeof ProductChange,
  options: Fields,
): Promise<Fields> {
  const isActive = readActive(options);
  return {
    ...(await readFields(options.file, body, View)),
    ...fieldsOf(body, options),
    ...(isActive !== undefined && { isActive }),
  };
}

/** A product to read: fields that it has, then its variants, modifiers and recipe. */
export function describeProduct(product: Product, currency: string, itemNames: ReadonlyMap<string, string>) {
  const money = (amount: string) => formatMoney(amount, currency);
  const facts: [string, string | null][] = [
    ['price', `${money(product.price)} ${currency}`],
    ['category', product.category],
    ['SKU', product.sku],
    ['barcode', product.barcode],
    ['sold by', `${product.soldBy}, in ${product.unit}`],
    ['tax class', product.taxClass],
    ['HSN', product.hsn],
    ['picture', product.imageUrl ? 'yes' : 'none'],
    ['id', product.id],
  ];
  const known = facts.filter((fact): fact is [string, string] => Boolean(fact[1]));
  return [
    `${inLine(product.name)}${product.isActive ? '' : ' (not sold for now)'}`,
    ...(product.description ? [inLine(product.description)] : []),
    table(known, [
      { title: '', value: ([name]) => name },
      { title: '', value: ([, value]) => value },
    ]).trimStart(),
    ...(product.variants.length > 0 ? [variantsOf(product, money)] : []),
    ...product.modifierGroups.map(({ name, min, max, modifiers }) =>
      [
        `${inLine(name)}: ${min} to ${max}`,
        summary(modifiers.map((modifier) => [`  ${modifier.name}`, money(modifier.price)] as const)),
      ].join('\n'),
    ),
    ...(product.recipe.length > 0 ? [recipeOf(product, itemNames)] : []),
  ].join('\n\n');
}

const variantsOf = ({ variants }: Product, money: (amount: string) => string) =>
  table(variants, [
    { title: 'variant', value: ({ name }) => name },
    { title: 'price', value: ({ price }) => money(price), align: 'right' },
    { title: 'SKU', value: ({ sku }) => sku ?? '' },
    { title: 'barcode', value: ({ barcode }) => barcode ?? '' },
  ]);

const recipeOf = ({ recipe, variants }: Product, itemNames: ReadonlyMap<string, string>) =>
  table(recipe, [
    { title: 'takes', value: ({ inventoryItemId }) => itemNames.get(inventoryItemId) ?? inventoryItemId },
    { title: '', value: ({ quantity }) => String(quantity), align: 'right' },
    { title: '', value: ({ variantId }) => variants.find(({ id }) => id === variantId)?.name ?? '' },
  ]);
