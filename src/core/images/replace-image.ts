import type { Product } from '../catalog/product.entity.ts';
import type { Transaction } from '../transact.ts';
import { markUnused } from './sql/mark-unused.ts';

/**
 * Removes or replaces a product's image. The files of the old one stay for thirty days: backups and open menus may still need
 * them.
 */
export async function replaceImage(tx: Transaction, product: Product, hash: string | null): Promise<void> {
  const previous = product.imageUrl;
  product.imageUrl = hash;
  if (previous && previous !== hash) await markUnused(tx.em, product, previous, tx.app.now());
}
