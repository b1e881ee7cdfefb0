import { formatMinor } from '../../contract/money.ts';
import type { OfflineOrder } from '../../contract/offline-orders.ts';
import type { UnknownGoods } from './sql/insert-goods.ts';
import type { SoldProduct } from './sql/load-for-sale.ts';

type OfflineLine = OfflineOrder['items'][number];

/**
 * The product of a line as its till knew it, where the shop's menu hasn't it or its variant: it was made after the backup from
 * which the shop was restored. `known` is what the menu has of it. Null where the till doesn't say its name and price.
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

/** The rows that a line's goods lack, given what the menu has of its product. */
export function goodsLacking(
  product: SoldProduct,
  line: OfflineLine,
  known: SoldProduct | undefined,
): UnknownGoods {
  const { id, name, price, category, taxClass, hsn } = product;
  const variant = product.variants.find((each) => each.id === line.variantId);
  const isKnown = !variant || known?.variants.some((each) => each.id === variant.id);
  return {
    products: known ? [] : [{ id, name, price, category, taxClass, hsn }],
    variants: isKnown ? [] : [{ id: variant.id, productId: id, name: variant.name, price: variant.price }],
  };
}
