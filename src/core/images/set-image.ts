import { SHARE_IMAGES_IN_TRANSACTION, type SharedImages } from '../../database/images-lock.ts';
import { query } from '../../database/query.ts';
import type { ProcessedImage } from '../../storage/image-processor.ts';
import { imageKey } from '../../storage/image-store.ts';
import { requireStanding } from '../auth/standing.ts';
import { loadProduct, type ProductParts, readProduct } from '../catalog/load-products.ts';
import { lockProduct, touchProduct } from '../catalog/save-product.ts';
import { viewProduct } from '../catalog/view-product.ts';
import type { Context } from '../context.ts';
import { type Transaction, transact } from '../transact.ts';
import { imageProblem } from './image-problems.ts';
import type { ImagePlace } from './images.ts';
import { replaceImage } from './replace-image.ts';
import { fixImageStore } from './sql/image-store.ts';
import { saveImage } from './sql/save-image.ts';

/**
 * Sets the image in the file `path` on a product. The old one stays until all new files are stored. Throws `not_found`,
 * `image_refused`, `images_unavailable`, `too_busy`, and `unauthenticated` if the session was revoked meanwhile.
 */
export async function setProductImage(
  context: Context,
  shopId: string,
  productId: string,
  path: string,
): Promise<ProductParts> {
  const { images } = context.app;
  // Don't decode for a product that does not exist.
  await readProduct(context.em, shopId, productId);
  return await images.inTurn(async () => {
    const image = await images.process(path);
    return (await saveProductImage(context, shopId, productId, image)).product;
  });
}

export type SavedImage = { product: ProductParts; isChanged: boolean };

/** Another server stored the installation's first image meanwhile, in another store. */
class OtherPlaceError extends Error {}
/** This can happen once in the life of an installation. */
const TRIES = 2;

/**
 * Stores the files of an image, then refers to them. An unchanged image is put again, in case its files are missing, but is no
 * change. Throws as `setProductImage` does.
 */
export async function saveProductImage(
  context: Context,
  shopId: string,
  productId: string,
  image: ProcessedImage,
): Promise<SavedImage> {
  const { images } = context.app;
  const attempt = () =>
    images.share('upload', async (lock) => {
      const place = await images.place(true);
      const store = await images.store(place.kind);
      await Promise.all(
        image.files.map(({ width, bytes }) => store.put(imageKey(shopId, image.hash, width), bytes)),
      );
      return await transact(context, (tx) => referTo(tx, lock, place, shopId, productId, image));
    });
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof OtherPlaceError) || tried === TRIES) throw imageProblem(error);
    }
  }
}

async function referTo(
  tx: Transaction,
  lock: SharedImages,
  place: ImagePlace,
  shopId: string,
  productId: string,
  image: ProcessedImage,
): Promise<SavedImage> {
  // Lock in this transaction before confirming that the other connection held the lock all along: until the commit, nothing
  // that was put can be deleted.
  await query(tx.em, SHARE_IMAGES_IN_TRANSACTION);
  await lock.confirm();
  if (!place.isFixed && (await fixImageStore(tx.em, place.kind)) !== place.kind) throw new OtherPlaceError();
  // Decoding takes seconds, and the upload may have queued for half a minute.
  await requireStanding(tx, shopId);
  await lockProduct(tx, shopId, productId);
  const current = await loadProduct(tx.em, shopId, productId);
  const { product } = current;
  const { hash } = image;
  const files = image.files.map(({ bytes: _, ...file }) => file);
  await saveImage(tx.em, shopId, { hash, files }, tx.app.now());
  if (product.imageUrl === hash) return { product: current, isChanged: false };
  await changeImage(tx, current, hash);
  return { product: current, isChanged: true };
}

/** Removes a product's image; does nothing if it has none. Throws `not_found`. */
export async function removeProductImage(
  context: Context,
  shopId: string,
  productId: string,
): Promise<ProductParts> {
  return await transact(context, async (tx) => {
    await lockProduct(tx, shopId, productId);
    const current = await loadProduct(tx.em, shopId, productId);
    if (current.product.imageUrl) await changeImage(tx, current, null);
    return current;
  });
}

async function changeImage(tx: Transaction, current: ProductParts, hash: string | null): Promise<void> {
  const before = viewProduct(current, tx.app.keys);
  await replaceImage(tx, current.product, hash);
  touchProduct(tx, current.product);
  await tx.em.flush();
  const data = viewProduct(current, tx.app.keys);
  tx.record({ shopId: current.product.shopId, type: 'product_updated', data, before });
}
