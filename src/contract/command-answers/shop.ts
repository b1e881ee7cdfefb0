import { z } from 'zod';
import { Shop } from '../shops.ts';

export const shopAnswers = {
  'shop create': Shop,
  'shop list': z.array(Shop),
} as const satisfies Record<string, z.ZodType>;
