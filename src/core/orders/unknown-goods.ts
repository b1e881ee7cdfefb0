import { formatMinor } from '../../contract/money.ts';
import type { OfflineOrder } from '../../contract/offline-orders.ts';
import { usualUnit } from '../../contract/sold-by.ts';
import type { UnknownGoods } from './sql/insert-goods.ts';
import type { SoldProduct } from './sql/load-for-sale.ts';

type OfflineLine = OfflineOrder['items'][number];

/**
 * The product of a line as the till knew it, where the menu lacks it or its variant because it was added after the restored
 * backup was made. `known` is the menu's product. Null if the till doesn't give its name and price.
 */
export function productByTill(line: OfflineLine, known: SoldProduct | undefined): SoldProduct | null {
  const { goods, listPrice, variantId } = line;
  if (!goods || listPrice === undefined) return null;
  const price = formatMinor(listPrice);
  const product = known ?? {
    id: line.productId,
    name: goods.name,
    price,
    category: goods.category ?? null,
    sku: variantId ? null : (goods.sku ?? null),
    taxClass: goods.taxClass ?? null,
    hsn: goods.hsn ?? null,
    ...soldAs(line),
    isActive: true,
    isGone: true,
    variants: [],
    groups: [],
    recipe: [],
  };
  if (!variantId) return product;
  if (!goods.variantName) return null;
  const variant = { id: variantId, name: goods.variantName, price, sku: goods.sku ?? null, isGone: true };
  return { ...product, variants: [...product.variants, variant] };
}

/** As the till's menu has it, otherwise by weight if the quantity is a fraction. */
function soldAs({ goods, quantity }: OfflineLine): Pick<SoldProduct, 'soldBy' | 'unit'> {
  const soldBy = goods?.soldBy ?? (quantity % 1000 === 0 ? 'piece' : 'weight');
  return { soldBy, unit: goods?.unit ?? usualUnit[soldBy] };
}

/** The product and variant rows to insert for a line, given the menu's product. */
export function goodsLacking(
  product: SoldProduct,
  line: OfflineLine,
  known: SoldProduct | undefined,
): UnknownGoods {
  const { id, name, price, category, taxClass, hsn, soldBy, unit } = product;
  const variant = product.variants.find((each) => each.id === line.variantId);
  const isKnown = !variant || known?.variants.some((each) => each.id === variant.id);
  return {
    products: known ? [] : [{ id, name, price, category, taxClass, hsn, soldBy, unit }],
    variants: isKnown ? [] : [{ id: variant.id, productId: id, name: variant.name, price: variant.price }],
  };
}
