import { z } from 'zod';

/** What `secrets …` prints with `--json`. */
export const secretsAnswers = {
  'secrets rotate': z.union([
    z.strictObject({
      /** Ids of the new keys; null when they stayed. */
      tokenKey: z.string().nullable(),
      auditKey: z.string().nullable(),
      /** Where the new master key is; null when it stayed. */
      masterKeyFile: z.string().nullable(),
    }),
    /** Of `database-password`. */
    z.strictObject({
      kind: z.enum(['embedded', 'external']),
      role: z.string(),
      file: z.enum(['secrets', 'config.json']),
    }),
    z.strictObject({ kind: z.literal('image-store'), file: z.literal('config.json') }),
  ]),
} as const satisfies Record<string, z.ZodType>;
