import { z } from 'zod';
import { Shop } from '../shops.ts';
import { taxTemplateNames } from '../tax-templates.ts';
import { User } from '../users.ts';

const Finding = z.strictObject({
  id: z.enum(['home', 'disk', 'memory', 'clock', 'port']),
  state: z.enum(['warning', 'problem']),
  detail: z.string(),
});

const Done = z.strictObject({
  home: z.string(),
  /** False when everything was there already. */
  created: z.boolean(),
  isServed: z.boolean(),
  shops: z.array(Shop),
  owners: z.array(User),
  recoveryRecipient: z.string().nullable(),
  storeFindings: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
  findings: z.array(Finding),
});

const DryRun = z.strictObject({
  isDryRun: z.literal(true),
  home: z.string(),
  plan: z.strictObject({
    shop: z.strictObject({ name: z.string(), code: z.string(), currency: z.string(), timezone: z.string() }),
    country: z.string(),
    tax: z.enum(taxTemplateNames).nullable(),
    taxRate: z.string(),
    taxNumber: z.string(),
    owner: z.strictObject({ name: z.string(), email: z.string() }).nullable(),
    pictures: z.enum(['folder', 'bucket']).nullable(),
    backups: z.enum(['nightly', 'off']),
    backupTo: z.string().nullable(),
  }),
  /** `given`: an option names it; `paper`: it is made, and shown once at the end; `later`: none is made. */
  recoveryKey: z.enum(['given', 'paper', 'later']),
  findings: z.array(Finding),
});

/** What `--json` prints. */
export const initAnswers = { init: z.union([Done, DryRun]) } as const satisfies Record<string, z.ZodType>;
