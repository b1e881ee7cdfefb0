import { z } from 'zod';

const names = z.array(z.string());

export const migrateAnswers = {
  'migrate up': z.strictObject({ applied: names }),
  'migrate down': z.strictObject({ reverted: names }),
  'migrate status': z.strictObject({
    applied: names,
    pending: names,
    /** Of a newer version. */
    unknown: names,
    isHalfRestored: z.boolean(),
    /** It takes no changes until it is promoted. */
    isStandby: z.boolean(),
  }),
} as const satisfies Record<string, z.ZodType>;
