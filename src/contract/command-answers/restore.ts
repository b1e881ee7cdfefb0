import { z } from 'zod';
import { Money, Timestamp } from '../primitives.ts';

const Kept = z.strictObject({ replacedAt: z.string(), reason: z.enum(['restored', 'undone']) });

const plan = {
  createdAt: Timestamp,
  version: z.string(),
  shops: z.array(z.strictObject({ code: z.string(), orders: z.int(), total: Money })),
  missingImages: z.array(z.string()),
  keepsKeys: z.boolean(),
  replaces: z
    .strictObject({
      shops: z.array(z.string()),
      orders: z.int(),
      lastOrderAt: z.string().nullable(),
      sizeBytes: z.int(),
    })
    .nullable(),
};

export const restoreAnswers = {
  restore: z.union([
    z.strictObject({ restored: z.literal(false), ...plan }),
    z.strictObject({
      restored: z.literal(true),
      ...plan,
      safetyCopy: z.string().nullable(),
      keptDatabase: z.string().nullable(),
      httpsAuthority: z.string(),
      bookFindings: z.array(z.strictObject({ shop: z.string(), subject: z.string(), detail: z.string() })),
    }),
    z.strictObject({ undone: z.literal(false), kept: z.array(Kept) }),
    z.strictObject({ undone: z.literal(true), replacedAt: z.string(), keptDatabase: z.string() }),
  ]),
} as const satisfies Record<string, z.ZodType>;
