import { z } from 'zod';
import { Shop } from '../shops.ts';

/** What the commands of shops print with `--json`. */
export const shopAnswers = {
  'shop create': Shop,
  'shop list': z.array(Shop),
  'shop show': Shop,
  'shop set': Shop,
} as const satisfies Record<string, z.ZodType>;
