import { z } from 'zod';
import { Id } from '../primitives.ts';

const Check = z.strictObject({
  name: z.string(),
  severity: z.enum(['problem', 'warning']),
  /** What is so in a sound shop. */
  holds: z.string(),
  /** What was counted, such as `orders`. */
  counts: z.string(),
  checked: z.int(),
  wrong: z.int(),
  /** The first hundred. */
  faults: z.array(z.strictObject({ subject: z.string(), detail: z.string() })),
  notes: z.array(z.string()).optional(),
});

export const verifyAnswers = {
  verify: z.strictObject({
    isSound: z.boolean(),
    shops: z.array(
      z.strictObject({
        id: Id,
        code: z.string(),
        name: z.string(),
        isSound: z.boolean(),
        checks: z.array(Check),
      }),
    ),
  }),
} as const satisfies Record<string, z.ZodType>;
