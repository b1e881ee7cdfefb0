import { v7 as uuidv7 } from 'uuid';
import { fieldProblem } from '../../contract/problem.ts';
import { NewProduct, ProductChange, type Product as ProductView } from '../../contract/products.ts';
import { usualUnit } from '../../contract/sold-by.ts';
import type { Context } from '../context.ts';
import { replaceImage } from '../images/replace-image.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { requireWholeInShop } from '../shops/whole-amounts.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion, nextUpdatedAt } from '../versions.ts';
import { loadProduct, type ProductParts } from './load-products.ts';
import { Product } from './product.entity.ts';
import { moveProductCodes } from './product-codes.ts';
import { productDefaults } from './product-defaults.ts';
import { replaceModifierGroups, replaceRecipe, replaceVariants } from './replace-parts.ts';
import { viewProduct } from './view-product.ts';

/** Adds a product. Throws `already_exists` (SKU, barcode), `invalid_request` (tax class, recipe). */
export async function createProduct(
  context: Context,
  shopId: string,
  body: NewProduct,
): Promise<ProductParts> {
  return await transact(context, async (tx) => {
    await requireWholeInShop(tx.em, shopId, NewProduct, body);
    const now = tx.app.now();
    const product = tx.em.create(Product, {
      id: uuidv7(),
      shopId,
      name: body.name,
      priceMinor: body.price,
      ...productDefaults,
      imageUrl: null,
      sortOrder: 0,
      isActive: true,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    });
    await applyFields(tx, product, body);
    await tx.em.persist(product).flush();
    return await applyParts(tx, product, body, 'product_created');
  });
}

/** Changes the fields that `change` names. Throws as `createProduct`, and `not_found`, `version_conflict`. */
export async function updateProduct(
  context: Context,
  shopId: string,
  productId: string,
  change: ProductChange,
): Promise<ProductParts> {
  return await transact(context, async (tx) => {
    await lockProduct(tx, shopId, productId);
    const current = await loadProduct(tx.em, shopId, productId);
    const before = viewProduct(current, tx.app.keys);
    checkVersion(change.version, before);
    await requireWholeInShop(tx.em, shopId, ProductChange, change);
    await applyFields(tx, current.product, change);
    // A change of variants or modifiers alone has to raise the product's version, too.
    touchProduct(tx, current.product);
    return await applyParts(tx, current.product, change, 'product_updated', before);
  });
}

/** Takes a product off the menu for good. Its row stays, because old orders refer to it. Throws `not_found`, `version_conflict`. */
export async function deleteProduct(
  context: Context,
  shopId: string,
  productId: string,
  { version }: { version?: number | undefined },
): Promise<void> {
  await transact(context, async (tx) => {
    await lockProduct(tx, shopId, productId);
    const parts = await loadProduct(tx.em, shopId, productId);
    const { product, variants } = parts;
    const before = viewProduct(parts, tx.app.keys);
    checkVersion(version, before);
    const now = tx.app.now();
    for (const gone of [product, ...variants]) gone.deletedAt = now;
    product.updatedAt = now;
    await replaceImage(tx, product, null);
    await tx.em.flush();
    await moveProductCodes(tx.em, shopId, before, null);
    tx.record({ shopId, type: 'product_deleted', data: { id: productId }, before });
  });
}

/** Moves the version of a product, of which something changed that the ORM doesn't see. */
export function touchProduct(tx: Transaction, product: Product): void {
  product.updatedAt = nextUpdatedAt(tx.app.now(), product);
}

/** Two changes of one product go one after the other, or their parts would mix. */
export async function lockProduct(tx: Transaction, shopId: string, productId: string): Promise<void> {
  await tx.em.execute('select id from products where shop_id = ? and id = ? for update', [shopId, productId]);
}

async function applyFields(tx: Transaction, product: Product, change: ProductChange): Promise<void> {
  const { variants: _, modifierGroups: __, recipe: ___, version: ____, price, ...fields } = change;
  if (fields.taxClass) await checkTaxClass(tx, product.shopId, fields.taxClass);
  const isSoldOtherwise = fields.soldBy !== undefined && fields.soldBy !== product.soldBy;
  Object.assign(product, fields);
  // Without its own unit a product gets the default of the new `soldBy`: no kilograms for goods sold by the metre.
  if (isSoldOtherwise && fields.unit === undefined) product.unit = usualUnit[product.soldBy];
  if (price !== undefined) product.priceMinor = price;
}

async function applyParts(
  tx: Transaction,
  product: Product,
  { variants, modifierGroups, recipe }: ProductChange,
  type: 'product_created' | 'product_updated',
  before?: ProductView,
): Promise<ProductParts> {
  if (variants) await replaceVariants(tx, product, variants);
  if (modifierGroups) await replaceModifierGroups(tx, product, modifierGroups);
  if (recipe) await replaceRecipe(tx, product, recipe);
  await tx.em.flush();
  const saved = await loadProduct(tx.em, product.shopId, product.id);
  const data = viewProduct(saved, tx.app.keys);
  await moveProductCodes(tx.em, product.shopId, before ?? null, data);
  tx.record({ shopId: product.shopId, type, data, ...(before && { before }) });
  return saved;
}

async function checkTaxClass(tx: Transaction, shopId: string, code: string): Promise<void> {
  const { tax } = settingsOf(await findShop(tx.em, shopId));
  if (tax.classes.some((taxClass) => taxClass.code === code)) return;
  const known = tax.classes.map((taxClass) => taxClass.code).join(', ') || 'none yet';
  throw fieldProblem('invalid_request', '/taxClass', `is not a tax class of this shop (known: ${known})`);
}
