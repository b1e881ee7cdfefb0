import { z } from 'zod';
import { Device } from '../devices.ts';
import { Timestamp } from '../primitives.ts';

export const deviceAnswers = {
  'device pair': z.strictObject({
    url: z.string(),
    /** Every address under which a device may find the server; `url` is the first. */
    urls: z.array(z.string()),
    code: z.string(),
    name: z.string(),
    expiresAt: Timestamp,
    /** What the code to scan says. */
    qr: z.string(),
  }),
  'device list': z.array(Device),
  'device rename': Device,
  'device revoke': Device,
} as const satisfies Record<string, z.ZodType>;
