import { formatMinor, quantityFromMilli } from '../../contract/money.ts';
import type { Product as ProductView } from '../../contract/products.ts';
import { type ImageKeys, imageUrlOf } from '../images/image-address.ts';
import type { ProductParts } from './load-products.ts';

/** A product as the wire shows it, with its variants, modifiers and recipe, and the signed address of its picture. */
export function viewProduct(
  { product, variants, groups, recipe }: ProductParts,
  keys: ImageKeys,
): ProductView {
  return {
    id: product.id,
    shopId: product.shopId,
    name: product.name,
    price: formatMinor(product.priceMinor),
    category: product.category ?? null,
    description: product.description ?? null,
    imageUrl: product.imageUrl ? imageUrlOf(keys, product.shopId, product.imageUrl) : null,
    sku: product.sku ?? null,
    barcode: product.barcode ?? null,
    soldBy: product.soldBy,
    unit: product.unit,
    taxClass: product.taxClass ?? null,
    hsn: product.hsn ?? null,
    sortOrder: product.sortOrder,
    isActive: product.isActive,
    variants: variants.map((variant) => ({
      id: variant.id,
      name: variant.name,
      price: formatMinor(variant.priceMinor),
      sku: variant.sku ?? null,
      barcode: variant.barcode ?? null,
    })),
    modifierGroups: groups.map(({ group, modifiers }) => ({
      id: group.id,
      name: group.name,
      min: group.min,
      max: group.max,
      modifiers: modifiers.map(({ id, name, priceMinor }) => ({ id, name, price: formatMinor(priceMinor) })),
    })),
    recipe: recipe.map((line) => ({
      inventoryItemId: line.inventoryItemId,
      quantity: quantityFromMilli(line.quantityMilli),
      variantId: line.variantId ?? null,
    })),
    version: product.version,
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  };
}
