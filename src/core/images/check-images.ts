import type { Context } from '../context.ts';
import { isSound } from './sound-files.ts';
import { allImages, countImages, filesOf } from './sql/image-rows.ts';
import { productsShowing } from './sql/products-showing.ts';

/** A damaged or missing file, and the products that show it. */
export type BadImage = { key: string; products: string[] };

export type CheckedImages = { images: number; files: number; bad: BadImage[] };

/**
 * Reads every image file and compares it with the database; returns the damaged or missing ones that a product shows. Throws
 * StoreUnavailableError.
 */
export async function checkImages(
  { app, em }: Context,
  onProgress?: (done: number, total: number) => void,
): Promise<CheckedImages> {
  const { kind, isFixed } = await app.images.place(true);
  const checked: CheckedImages = { images: 0, files: 0, bad: [] };
  if (!isFixed) return checked;
  const store = await app.images.store(kind);
  const { files: total } = await countImages(em);
  for await (const row of allImages(em.fork())) {
    checked.images += 1;
    for (const file of filesOf(row)) {
      checked.files += 1;
      if (!(await isSound(store, file))) {
        const products = await productsShowing(em.fork(), row);
        // Ignore unused images: a restore brings back their rows, but not their files.
        if (products.length > 0) checked.bad.push({ key: file.key, products });
      }
      onProgress?.(checked.files, total);
    }
  }
  return checked;
}
