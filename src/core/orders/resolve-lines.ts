import { v7 as uuidv7 } from 'uuid';
import { parseMilli, parseMinor, parseRate } from '../../contract/money.ts';
import type { NewLine, Order as OrderView } from '../../contract/orders.ts';
import { type Fault, fieldProblem, ProblemError } from '../../contract/problem.ts';
import { type FrozenRecipe, type RecipePart, thawRecipe } from './line-stock.ts';
import type { BillLine, GivenDiscount } from './make-bill.ts';
import { GONE, NOT_NOW } from './order-problems.ts';
import type { SaleProduct } from './sql/load-for-sale.ts';

export type Resolved<T> = { value: T } | { fault: Fault };

/**
 * Looks each line up on the menu. Throws `unknown_product` with every line that can't be sold, and why.
 * A line that stands on the bill already (`frozen`, by id) keeps the price and the recipe that it came with.
 */
export function resolveLines(lines: NewLine[], products: SaleProduct[], frozen: BillLine[] = []): BillLine[] {
  const resolved = lines.map((line, index) => resolveLine(line, `/items/${index}`, products, frozen));
  return allOf(resolved);
}

/** The lines, if all are there. Throws `unknown_product`, `invalid_request` for an id that stands twice. */
export function allOf(resolved: Resolved<BillLine>[]): BillLine[] {
  const errors = resolved.flatMap((line) => ('fault' in line ? [line.fault] : []));
  if (errors.length > 0)
    throw new ProblemError('unknown_product', { detail: errors[0]?.detail as string, errors });
  const found = resolved.flatMap((line) => ('value' in line ? [line.value] : []));
  checkLineIds(found);
  return found;
}

function resolveLine(
  line: NewLine,
  pointer: string,
  products: SaleProduct[],
  frozen: BillLine[],
): Resolved<BillLine> {
  const refuse = (field: string, detail: string) => ({ fault: { pointer: `${pointer}/${field}`, detail } });
  const own = ownOf(line);
  const earlier = frozen.find((known) => known.id === line.id && isSameGoods(known, line));
  if (earlier) {
    const why = line.quantity > earlier.quantityMilli ? whyNotMore(earlier, products) : undefined;
    if (why !== undefined) return refuse('quantity', why);
    return { value: { ...earlier, ...own, ...priceOf(line, menuPriceOf(earlier), earlier) } };
  }
  const product = products.find((known) => known.id === line.productId);
  if (!product) return refuse('productId', 'This product is not on the menu.');
  if (!product.isActive) return refuse('productId', `${product.name} ${NOT_NOW}.`);
  const variant = product.variants.find((known) => known.id === line.variantId);
  if (line.variantId && !variant) return refuse('variantId', `${product.name} has no such variant.`);
  if (!variant && product.variants.length > 0) {
    return refuse(
      'variantId',
      `${product.name}: choose ${product.variants.map((known) => known.name).join(' or ')}.`,
    );
  }
  const modifiers = chooseModifiers(line.modifierIds, product);
  if (typeof modifiers === 'string') return refuse('modifierIds', modifiers);
  return {
    value: {
      id: line.id ?? uuidv7(),
      ...goodsOf(product, variant),
      modifiers: modifiers.map(freezeModifier),
      ...own,
      ...priceOf(line, menuMinorOf(product, variant)),
    },
  };
}

/** A line keeps its price, and goods that left the menu, up to its present quantity. */
function whyNotMore(line: BillLine, products: SaleProduct[]): string | undefined {
  const product = products.find(({ id }) => id === line.productId);
  const variant = product?.variants.find(({ id }) => id === line.variantId);
  const isGone = !product || (line.variantId && !variant);
  if (isGone || !product.isActive) {
    return `${line.name} ${isGone ? GONE : NOT_NOW}: this order can have less of it, not more.`;
  }
  const onOffer = product.groups.flatMap(({ modifiers }) => modifiers);
  const isAsPriced = line.modifiers.every(({ id, priceMinor }) =>
    onOffer.some((modifier) => modifier.id === id && parseMinor(modifier.price) === priceMinor),
  );
  if (menuMinorOf(product, variant) === menuPriceOf(line) && isAsPriced) return undefined;
  return `The price of ${line.name} has changed since it came onto this order. Leave this line as it is, and add more of it as a line of its own.`;
}

type Variant = SaleProduct['variants'][number];
type Modifier = SaleProduct['groups'][number]['modifiers'][number];

/** What the line itself says of its goods. */
export const ownOf = ({ quantity, discount, note }: NewLine) => ({ quantityMilli: quantity, discount, note });

/** What the menu says of a line's goods. */
export const goodsOf = (product: SaleProduct, variant: Variant | undefined) => ({
  productId: product.id,
  variantId: variant?.id ?? null,
  name: product.name,
  variantName: variant?.name ?? null,
  category: product.category,
  sku: variant?.sku ?? product.sku,
  hsn: product.hsn,
  soldBy: product.soldBy,
  unit: product.unit,
  taxClass: product.taxClass,
  recipe: recipeOf(product, variant?.id ?? null),
});

export const menuMinorOf = (product: SaleProduct, variant: Variant | undefined) =>
  parseMinor(variant?.price ?? product.price) as number;

export const freezeModifier = ({ id, name, price }: Modifier): BillLine['modifiers'][number] => ({
  id,
  name,
  priceMinor: parseMinor(price) as number,
});

type LinePrice = Pick<BillLine, 'unitPriceMinor' | 'listPriceMinor'>;

/** The menu's price, or the one that was set instead; a line that names none keeps what it has. */
export function priceOf(
  { unitPrice }: Pick<NewLine, 'unitPrice'>,
  menuMinor: number,
  kept?: LinePrice,
): LinePrice {
  if (unitPrice === undefined || unitPrice === null) {
    return {
      unitPriceMinor: kept?.unitPriceMinor ?? menuMinor,
      listPriceMinor: kept?.listPriceMinor ?? null,
    };
  }
  return { unitPriceMinor: unitPrice, listPriceMinor: unitPrice === menuMinor ? null : menuMinor };
}

const menuPriceOf = (line: BillLine) => line.listPriceMinor ?? line.unitPriceMinor;

const recipeOf = (product: SaleProduct, variantId: string | null): RecipePart[] =>
  thawRecipe(product.recipe.filter((part) => part.variantId === null || part.variantId === variantId));

type Goods = Pick<BillLine, 'productId' | 'variantId'> & { modifiers: { id: string }[] };

export const isSameGoods = (known: Goods, line: NewLine): boolean =>
  known.productId === line.productId &&
  known.variantId === (line.variantId ?? null) &&
  known.modifiers.map(({ id }) => id).join() === line.modifierIds.join();

/** The modifiers chosen, or a sentence on why they can't be. */
function chooseModifiers(ids: string[], product: SaleProduct): Modifier[] | string {
  const onOffer = product.groups.flatMap((group) => group.modifiers);
  const chosen = ids.map((id) => onOffer.find((modifier) => modifier.id === id));
  if (chosen.includes(undefined)) return `${product.name} has no such modifier.`;
  for (const { name, min, max, modifiers } of product.groups) {
    const count = ids.filter((id) => modifiers.some((modifier) => modifier.id === id)).length;
    if (count < min) return `${product.name}: choose at least ${min} of ${name}.`;
    if (count > max) return `${product.name}: choose at most ${max} of ${name}.`;
  }
  return chosen.filter((modifier) => modifier !== undefined);
}

function checkLineIds(lines: BillLine[]): void {
  const ids = lines.map((line) => line.id);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (twice < 0) return;
  throw fieldProblem('invalid_request', `/items/${twice}/id`, 'is the id of another item, too');
}

/** A frozen line as it was before pricing, so that a parked bill can be priced again. */
export function thawLine(item: OrderView['items'][number], recipe: FrozenRecipe): BillLine {
  const { quantity, unitPrice, listPrice, modifiers, discountGiven } = item;
  return {
    id: item.id,
    productId: item.productId,
    variantId: item.variantId,
    name: item.name,
    variantName: item.variantName,
    category: item.category,
    sku: item.sku,
    hsn: item.hsn ?? null,
    soldBy: item.soldBy ?? null,
    unit: item.unit ?? null,
    taxClass: item.taxClass,
    note: item.note,
    unitPriceMinor: parseMinor(unitPrice) as number,
    listPriceMinor: listPrice ? (parseMinor(listPrice) as number) : null,
    modifiers: modifiers.map(({ id, name, price }) => ({
      id,
      name,
      priceMinor: parseMinor(price) as number,
    })),
    quantityMilli: parseMilli(String(quantity)) as number,
    discount: thawDiscount(discountGiven),
    recipe: thawRecipe(recipe),
  };
}

export function thawDiscount(given: OrderView['discountGiven']): GivenDiscount | null {
  if (!given) return null;
  const parse = given.type === 'percentage' ? parseRate : parseMinor;
  return { ...given, value: parse(given.value) as number };
}
