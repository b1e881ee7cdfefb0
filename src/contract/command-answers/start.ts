import { z } from 'zod';
import { Id } from '../primitives.ts';
import { Role } from '../users.ts';

const Https = z.strictObject({
  url: z.string(),
  port: z.int(),
  trustUrl: z.string().nullable(),
  fingerprint: z.string().nullable(),
});

const Demo = z.strictObject({
  shopId: Id,
  people: z.array(z.strictObject({ email: z.string(), role: Role })),
  password: z.string(),
  accessToken: z.string(),
  productId: Id,
  variantId: Id.nullable(),
});

export const startAnswers = {
  /** Once it serves; it goes on then. */
  start: z.strictObject({
    url: z.string(),
    /** Where other devices of the network find it. */
    urls: z.array(z.string()),
    port: z.int(),
    pid: z.int(),
    workers: z.int(),
    home: z.string(),
    setupToken: z.string().nullable(),
    /** The link that sets the shop up in a browser. */
    setupUrl: z.string().nullable(),
    https: Https.nullable(),
    httpsProblem: z.string().nullable(),
    demo: Demo.nullable(),
  }),
} as const satisfies Record<string, z.ZodType>;
