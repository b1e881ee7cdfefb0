import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '../../contract/money.ts';
import type { OfflineOrder } from '../../contract/offline-orders.ts';
import type { OrderFlag } from '../../contract/orders.ts';
import type { BillLine } from './make-bill.ts';
import { GONE, NEVER_ON_MENU, NOT_NOW } from './order-problems.ts';
import {
  allOf,
  freezeModifier,
  goodsOf,
  menuMinorOf,
  ownOf,
  priceOf,
  type Resolved,
} from './resolve-lines.ts';
import type { UnknownGoods } from './sql/insert-goods.ts';
import type { SoldProduct } from './sql/load-for-sale.ts';
import { goodsLacking, productByTill } from './unknown-goods.ts';
import { fractionFlag } from './whole-pieces.ts';

type OfflineLine = OfflineOrder['items'][number];
type Variant = SoldProduct['variants'][number];

/** An order line with its product, from the menu or as the till knew it. */
type FoundLine = {
  line: OfflineLine;
  product: SoldProduct;
  variant: Variant | undefined;
  /** What the menu lacks is taken from the till's data. */
  isByTill: boolean;
};

export type SoldLines = { lines: BillLine[]; flags: OrderFlag[]; goods: UnknownGoods };

/**
 * Resolves the lines of an offline order at the prices of the till's own menu, whether or not the goods are still on the menu.
 * With `takesUnknown`, goods never on the menu get the name and price that the till kept. Throws `unknown_product` for other
 * goods that were never on this shop's menu.
 */
export function resolveSold(
  items: OfflineLine[],
  products: ReadonlyMap<string, SoldProduct>,
  takesUnknown: boolean,
): SoldLines {
  const flags: OrderFlag[] = [];
  const goods: UnknownGoods = { products: [], variants: [] };
  const resolved = items.map((line, index): Resolved<BillLine> => {
    const known = products.get(line.productId);
    const found = findLine(line, known, takesUnknown);
    if ('field' in found) {
      return { fault: { pointer: `/items/${index}/${found.field}`, detail: found.detail } };
    }
    const lacking = goodsLacking(found.product, line, known);
    goods.products.push(...lacking.products);
    goods.variants.push(...lacking.variants);
    flags.push(...flagsOf(found));
    return { value: freezeSold(found, lacking.products.length > 0) };
  });
  return { lines: allOf(resolved), flags, goods };
}

type Missing = { field: 'productId' | 'variantId'; detail: string };

function findLine(
  line: OfflineLine,
  known: SoldProduct | undefined,
  takesUnknown: boolean,
): FoundLine | Missing {
  const variantOf = (product: SoldProduct) => product.variants.find(({ id }) => id === line.variantId);
  const isOnMenu = known && (!line.variantId || variantOf(known));
  const product = isOnMenu || !takesUnknown ? known : (productByTill(line, known) ?? known);
  if (!product) return { field: 'productId', detail: NEVER_ON_MENU };
  const variant = variantOf(product);
  if (line.variantId && !variant)
    return { field: 'variantId', detail: `${product.name} never had such a variant.` };
  return { line, product, variant, isByTill: takesUnknown };
}

const onOffer = ({ groups }: SoldProduct) => groups.flatMap(({ modifiers }) => modifiers);

/** The line's modifiers that are on the menu; after a restore, also those whose name and price the till kept. */
function modifiersOf({ line, product, isByTill }: FoundLine): BillLine['modifiers'] {
  return line.modifierIds.flatMap((id) => {
    const known = onOffer(product).find((modifier) => modifier.id === id);
    if (known) return freezeModifier(known);
    const kept = isByTill ? line.goods?.modifiers?.find((modifier) => modifier.id === id) : undefined;
    return kept ? { id, name: kept.name, priceMinor: kept.price } : [];
  });
}

/** Modifiers that are gone are off the bill: nothing is left of them that could be printed, or priced. */
function freezeSold(found: FoundLine, isUnknown: boolean): BillLine {
  const { line, product, variant } = found;
  const taxPercent = isUnknown ? line.goods?.taxPercent : undefined;
  return {
    id: line.id ?? uuidv7(),
    ...goodsOf(product, variant),
    modifiers: modifiersOf(found),
    ...ownOf(line),
    ...priceOf(line, line.listPrice ?? menuMinorOf(product, variant)),
    ...(taxPercent === undefined ? {} : { taxPercent }),
  };
}

/** A till's price below half of the menu's is flagged: it is hardly an old price. */
const FAR_OFF = 2;

function flagsOf(found: FoundLine): OrderFlag[] {
  const { line, product, variant } = found;
  const name = variant ? `${product.name} ${variant.name}` : product.name;
  const gone = goneOf(found, name);
  const menuMinor = menuMinorOf(product, variant);
  const { listPrice = menuMinor, unitPrice } = line;
  const was = typeof unitPrice === 'number' ? "was on the till's menu at" : 'was sold at';
  const price = `${name} ${was} ${formatMinor(listPrice)}; the menu says ${formatMinor(menuMinor)}.`;
  return [
    ...gone.map((detail) => ({ code: 'product_gone' as const, detail })),
    ...fractionFlag(product.soldBy, line.quantity, name),
    ...(listPrice === menuMinor ? [] : [{ code: 'price_changed' as const, detail: price }]),
    ...(listPrice * FAR_OFF < menuMinor ? [{ code: 'price_far_off' as const, detail: price }] : []),
  ];
}

function goneOf(found: FoundLine, name: string): string[] {
  const { line, product, variant } = found;
  const isKnown = (id: string) => onOffer(product).some((modifier) => modifier.id === id);
  const choices = product.variants.filter(({ isGone }) => !isGone).map((each) => each.name);
  const onBill = modifiersOf(found).length === line.modifierIds.length;
  const became = onBill ? 'it is on the bill as the till kept it' : 'it was left off the bill';
  return [
    ...(product.isGone || variant?.isGone ? [`${name} ${GONE}.`] : []),
    ...(product.isGone || product.isActive ? [] : [`${name} ${NOT_NOW}.`]),
    ...(variant || choices.length === 0
      ? []
      : [`${name} was sold as such; the menu has it as ${choices.join(' or ')}.`]),
    ...(line.modifierIds.every(isKnown) ? [] : [`A modifier of ${name} ${GONE}; ${became}.`]),
  ];
}
