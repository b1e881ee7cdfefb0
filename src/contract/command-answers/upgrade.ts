import { z } from 'zod';

/** What `upgrade` prints with `--json`; with `--check`, the versions alone. */
export const upgradeAnswers = {
  upgrade: z.union([
    z.strictObject({ version: z.string(), newest: z.string(), isNewer: z.boolean() }),
    z.strictObject({
      from: z.string(),
      to: z.string(),
      /** Names of the migrations. */
      applied: z.array(z.string()),
      /** The backup that was made first; null where nothing had to be done. */
      backup: z.string().nullable(),
      /** Folder of the program that was replaced. */
      kept: z.string().nullable(),
    }),
  ]),
} as const satisfies Record<string, z.ZodType>;
