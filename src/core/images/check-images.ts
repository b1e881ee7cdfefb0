import type { Context } from '../context.ts';
import { isSound } from './sound-files.ts';
import { allImages, countImages, filesOf } from './sql/image-rows.ts';
import { productsShowing } from './sql/products-showing.ts';

/** A file that is damaged or missing, and the products that show it. */
export type BadImage = { key: string; products: string[] };

export type CheckedImages = { images: number; files: number; bad: BadImage[] };

/**
 * Reads every file of every picture and holds it against what the database has of it; gives those that a product shows and that
 * are not whole. Throws StoreUnavailableError.
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
        // What no product shows is missed by nobody: a restore brings the rows of such pictures, and not their files.
        if (products.length > 0) checked.bad.push({ key: file.key, products });
      }
      onProgress?.(checked.files, total);
    }
  }
  return checked;
}
