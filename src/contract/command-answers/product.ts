import type { z } from 'zod';
import { removeProductImage, setProductImage } from '../images.ts';
import { listProducts, Product } from '../products.ts';

/** What the commands of a menu print with `--json`: what the routes of the API answer. */
export const productAnswers = {
  'product list': listProducts.responses[200],
  'product show': Product,
  'product add': Product,
  'product set': Product,
  /** As it was last. */
  'product remove': Product,
  'product set-image': setProductImage.responses[200],
  'product remove-image': removeProductImage.responses[200],
} as const satisfies Record<string, z.ZodType>;
