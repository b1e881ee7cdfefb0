import { z } from 'zod';
import { Shop } from '../shops.ts';
import { User } from '../users.ts';

export const initAnswers = {
  init: z.strictObject({
    home: z.string(),
    /** False when everything was there already. */
    created: z.boolean(),
    isServed: z.boolean(),
    shops: z.array(Shop),
    owners: z.array(User),
    recoveryRecipient: z.string().nullable(),
    storeFindings: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
  }),
} as const satisfies Record<string, z.ZodType>;
