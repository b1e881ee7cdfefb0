import { z } from 'zod';

const Store = z.enum(['filesystem', 'minio']);

export const imagesAnswers = {
  'images gc': z.strictObject({
    dryRun: z.boolean(),
    images: z.int(),
    files: z.int(),
    sizeBytes: z.int(),
    heldBy: z.array(z.string()),
  }),
  'images move': z.strictObject({
    from: Store.nullable(),
    to: Store,
    images: z.int(),
    copied: z.int(),
    isSwitched: z.boolean(),
    bad: z.array(z.string()),
    removed: z.int(),
    isHeld: z.boolean(),
  }),
  'images check': z.strictObject({
    isSound: z.boolean(),
    images: z.int(),
    files: z.int(),
    bad: z.array(z.strictObject({ key: z.string(), products: z.array(z.string()) })),
  }),
} as const satisfies Record<string, z.ZodType>;
