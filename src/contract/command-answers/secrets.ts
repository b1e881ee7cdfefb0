import { z } from 'zod';

export const secretsAnswers = {
  'secrets rotate': z.strictObject({
    /** Ids of the new keys; null when they stayed. */
    tokenKey: z.string().nullable(),
    auditKey: z.string().nullable(),
    masterKeyFile: z.string().nullable(),
  }),
} as const satisfies Record<string, z.ZodType>;
