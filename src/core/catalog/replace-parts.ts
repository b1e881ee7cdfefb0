import { v7 as uuidv7 } from 'uuid';
import { fieldProblem } from '../../contract/problem.ts';
import type { ProductChange } from '../../contract/products.ts';
import { InventoryItem } from '../inventory/inventory-item.entity.ts';
import type { Transaction } from '../transact.ts';
import { Modifier, ModifierGroup, type Product, ProductVariant, RecipeLine } from './product.entity.ts';

type Variants = NonNullable<ProductChange['variants']>;
type Groups = NonNullable<ProductChange['modifierGroups']>;
type Recipe = NonNullable<ProductChange['recipe']>;

/**
 * Makes the variants those of `wanted`: one with a known id or name stays the same variant, for old bills point at it;
 * one that is not wanted any more is taken off the menu.
 */
export async function replaceVariants(
  { em, app }: Transaction,
  product: Product,
  wanted: Variants,
): Promise<void> {
  checkDistinct(wanted, '/variants');
  const current = await em.find(ProductVariant, { productId: product.id, deletedAt: null });
  const kept = wanted.map(({ id, name }, index) => {
    const known = id
      ? current.find((variant) => variant.id === id)
      : current.find((variant) => variant.name === name);
    if (id && !known)
      throw fieldProblem('invalid_request', `/variants/${index}/id`, 'is not a variant of this product');
    return known;
  });
  for (const variant of current) {
    if (!kept.includes(variant)) variant.deletedAt = app.now();
  }
  // What leaves goes first: two variants may swap their names or SKUs.
  await em.flush();
  for (const [sortOrder, { name, price, sku = null, barcode = null }] of wanted.entries()) {
    const fields = { name, priceMinor: price, sku, barcode, sortOrder };
    const known = kept[sortOrder];
    if (known) em.assign(known, fields);
    else
      em.create(ProductVariant, {
        ...fields,
        id: uuidv7(),
        shopId: product.shopId,
        productId: product.id,
        deletedAt: null,
      });
  }
  await em.flush();
}

/** Modifiers are frozen by value in each bill, so they are simply made anew; known ids are kept for the tills. */
export async function replaceModifierGroups(
  { em }: Transaction,
  product: Product,
  wanted: Groups,
): Promise<void> {
  checkDistinct(wanted, '/modifierGroups');
  const { shopId, id: productId } = product;
  const groups = await em.find(ModifierGroup, { productId });
  const modifiers = await em.find(Modifier, { groupId: { $in: groups.map((group) => group.id) } });
  const known = new Set([...groups, ...modifiers].map((part) => part.id));
  const keep = (id: string | undefined, pointer: string) => {
    if (id === undefined) return uuidv7();
    if (known.delete(id)) return id;
    throw fieldProblem('invalid_request', `${pointer}/id`, 'is not of this product, or stands twice');
  };
  await em.nativeDelete(ModifierGroup, { productId });
  for (const part of [...groups, ...modifiers]) em.getUnitOfWork().unsetIdentity(part);
  const created = wanted.map(({ id, name, min, max, modifiers }, sortOrder) => {
    checkDistinct(modifiers, `/modifierGroups/${sortOrder}/modifiers`);
    return {
      modifiers,
      group: em.create(ModifierGroup, {
        id: keep(id, `/modifierGroups/${sortOrder}`),
        shopId,
        productId,
        name,
        min,
        max,
        sortOrder,
      }),
    };
  });
  // The groups go in before what points at them.
  await em.flush();
  for (const [place, { group, modifiers: chosen }] of created.entries()) {
    for (const [sortOrder, { id: sent, name, price }] of chosen.entries()) {
      const id = keep(sent, `/modifierGroups/${place}/modifiers/${sortOrder}`);
      em.create(Modifier, { id, shopId, groupId: group.id, name, priceMinor: price, sortOrder });
    }
  }
  await em.flush();
}

/** What a sale takes from stock. Throws `invalid_request` for an item or variant that is not the shop's. */
export async function replaceRecipe({ em }: Transaction, product: Product, wanted: Recipe): Promise<void> {
  const { shopId, id: productId } = product;
  const items = await em.find(InventoryItem, {
    shopId,
    id: { $in: wanted.map((line) => line.inventoryItemId) },
  });
  const variants = await em.find(ProductVariant, { productId, deletedAt: null });
  await em.nativeDelete(RecipeLine, { productId });
  for (const [index, { inventoryItemId, quantity, variantId = null }] of wanted.entries()) {
    if (!items.some((item) => item.id === inventoryItemId)) {
      throw fieldProblem(
        'invalid_request',
        `/recipe/${index}/inventoryItemId`,
        'is not an inventory item of this shop',
      );
    }
    if (variantId && !variants.some((variant) => variant.id === variantId)) {
      throw fieldProblem('invalid_request', `/recipe/${index}/variantId`, 'is not a variant of this product');
    }
    em.create(RecipeLine, {
      id: uuidv7(),
      shopId,
      productId,
      variantId,
      inventoryItemId,
      quantityMilli: quantity,
    });
  }
  await em.flush();
}

function checkDistinct(parts: { name: string; id?: string | undefined }[], pointer: string): void {
  for (const key of ['name', 'id'] as const) {
    const values = parts.map((part) => part[key]);
    const twice = values.findIndex((value, index) => value !== undefined && values.indexOf(value) !== index);
    if (twice >= 0) throw fieldProblem('invalid_request', `${pointer}/${twice}/${key}`, 'stands twice');
  }
}
