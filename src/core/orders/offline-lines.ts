import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '../../contract/money.ts';
import type { OfflineOrder } from '../../contract/offline-orders.ts';
import type { OrderFlag } from '../../contract/orders.ts';
import type { BillLine } from './make-bill.ts';
import {
  allOf,
  freezeModifier,
  goodsOf,
  menuMinorOf,
  ownOf,
  priceOf,
  type Resolved,
} from './resolve-lines.ts';
import type { SoldProduct } from './sql/load-for-sale.ts';

type OfflineLine = OfflineOrder['items'][number];
type Variant = SoldProduct['variants'][number];

/**
 * What a till sold without asking: at its own menu's prices, and whether or not the menu still has it. Throws
 * `unknown_product` for what this shop's menu never had.
 */
export function resolveSold(
  items: OfflineLine[],
  products: ReadonlyMap<string, SoldProduct>,
): { lines: BillLine[]; flags: OrderFlag[] } {
  const flags: OrderFlag[] = [];
  const resolved = items.map((line, index): Resolved<BillLine> => {
    const refuse = (field: string, detail: string) => ({
      fault: { pointer: `/items/${index}/${field}`, detail },
    });
    const product = products.get(line.productId);
    if (!product) return refuse('productId', 'This product was never on the menu.');
    const variant = product.variants.find(({ id }) => id === line.variantId);
    if (line.variantId && !variant) return refuse('variantId', `${product.name} never had such a variant.`);
    flags.push(...flagsOf(line, product, variant));
    return { value: freezeSold(line, product, variant) };
  });
  return { lines: allOf(resolved), flags };
}

const onOffer = ({ groups }: SoldProduct) => groups.flatMap(({ modifiers }) => modifiers);

/** Modifiers that are gone are off the bill: nothing is left of them that could be printed, or priced. */
function freezeSold(line: OfflineLine, product: SoldProduct, variant: Variant | undefined): BillLine {
  const chosen = line.modifierIds.flatMap((id) => onOffer(product).find((known) => known.id === id) ?? []);
  return {
    id: line.id ?? uuidv7(),
    ...goodsOf(product, variant),
    modifiers: chosen.map(freezeModifier),
    ...ownOf(line),
    ...priceOf(line, line.listPrice ?? menuMinorOf(product, variant)),
  };
}

function flagsOf(line: OfflineLine, product: SoldProduct, variant: Variant | undefined): OrderFlag[] {
  const name = variant ? `${product.name} ${variant.name}` : product.name;
  const gone = goneOf(line, product, variant, name);
  const menuMinor = menuMinorOf(product, variant);
  const { listPrice = menuMinor, unitPrice } = line;
  const was = typeof unitPrice === 'number' ? "was on the till's menu at" : 'was sold at';
  const price = `${name} ${was} ${formatMinor(listPrice)}; the menu says ${formatMinor(menuMinor)}.`;
  return [
    ...gone.map((detail) => ({ code: 'product_gone' as const, detail })),
    ...(listPrice === menuMinor ? [] : [{ code: 'price_changed' as const, detail: price }]),
  ];
}

function goneOf(
  line: OfflineLine,
  product: SoldProduct,
  variant: Variant | undefined,
  name: string,
): string[] {
  const isKnown = (id: string) => onOffer(product).some((modifier) => modifier.id === id);
  const choices = product.variants.filter(({ isGone }) => !isGone).map((each) => each.name);
  return [
    ...(product.isGone || variant?.isGone ? [`${name} is not on the menu any more.`] : []),
    ...(product.isGone || product.isActive ? [] : [`${name} is not available at the moment.`]),
    ...(variant || choices.length === 0
      ? []
      : [`${name} was sold as such; the menu has it as ${choices.join(' or ')}.`]),
    ...(line.modifierIds.every(isKnown)
      ? []
      : [`A modifier of ${name} is not on the menu any more; it was left off the bill.`]),
  ];
}
