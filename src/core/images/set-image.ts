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
 * Gives a product the picture in the file `path`. The old one stays until all files of the new one are in the store. Throws
 * `not_found`, `image_refused`, `images_unavailable`, `too_busy`, and `unauthenticated` for whoever was shut out meanwhile.
 */
export async function setProductImage(
  context: Context,
  shopId: string,
  productId: string,
  path: string,
): Promise<ProductParts> {
  const { images } = context.app;
  // Nothing is decoded for a product that is not there.
  await readProduct(context.em, shopId, productId);
  return await images.inTurn(async () => {
    const image = await images.process(path);
    return (await saveProductImage(context, shopId, productId, image)).product;
  });
}

export type SavedImage = { product: ProductParts; isChanged: boolean };

/** Another server has had the first picture of all meanwhile, and put it elsewhere. */
class OtherPlaceError extends Error {}
/** It can happen once in the life of an installation. */
const TRIES = 2;

/**
 * Puts the files of a picture into the store and then refers to them. The picture that is there already is put again, for its
 * files may be what somebody misses, but is no change. Throws as `setProductImage` does.
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
  // Held by this transaction before it is sure that the other connection held it all the time: until the commit, nobody takes
  // away what was put.
  await query(tx.em, SHARE_IMAGES_IN_TRANSACTION);
  await lock.confirm();
  if (!place.isFixed && (await fixImageStore(tx.em, place.kind)) !== place.kind) throw new OtherPlaceError();
  // Decoding takes seconds, and a turn may be half a minute away.
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

/** Takes the picture of a product away; without one, nothing changes. Throws `not_found`. */
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
