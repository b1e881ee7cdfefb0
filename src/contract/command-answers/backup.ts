import { z } from 'zod';
import { Money, Timestamp } from '../primitives.ts';

const ShopFigures = z.strictObject({ code: z.string(), orders: z.int(), total: Money });
const Finding = z.strictObject({ subject: z.string(), detail: z.string() });

export const backupAnswers = {
  'backup create': z.strictObject({
    id: z.string(),
    file: z.string(),
    sizeBytes: z.int(),
    encrypted: z.boolean(),
    verifiedAt: Timestamp,
    epoch: z.string().nullable(),
    fingerprint: z.string(),
    shops: z.array(ShopFigures),
    missingImages: z.array(z.string()),
  }),
  'backup list': z.strictObject({
    backups: z.array(
      z.strictObject({
        name: z.string(),
        file: z.string(),
        createdAt: Timestamp,
        sizeBytes: z.int(),
        /** Null, as the next two, of one that was not read, such as in a bucket. */
        encrypted: z.boolean().nullable(),
        version: z.string().nullable(),
        opensHere: z.boolean().nullable(),
        fault: z.string().nullable(),
      }),
    ),
  }),
  'backup verify': z.strictObject({
    file: z.string(),
    sizeBytes: z.int(),
    isSound: z.boolean(),
    findings: z.array(Finding),
    bookFindings: z.array(Finding.extend({ shop: z.string() })),
    createdAt: Timestamp.nullable(),
    shops: z.array(ShopFigures),
  }),
  'backup prune': z.strictObject({
    kept: z.array(z.string()),
    others: z.array(z.string()),
    removed: z.array(z.string()),
    verified: z.string().nullable(),
    databasesDropped: z.array(z.string()),
  }),
  'backup schedule': z.strictObject({
    schedule: z.string().nullable(),
    drill: z.string().nullable(),
    keep: z.strictObject({ daily: z.int(), weekly: z.int(), monthly: z.int() }),
    to: z.string().nullable(),
    recoveryRecipient: z.string().nullable(),
    timezone: z.string(),
    nextAt: Timestamp.nullable(),
    nextDrillAt: Timestamp.nullable(),
  }),
  /** `file` is null for a key that was there already. */
  'backup key create': z.strictObject({ recipient: z.string(), file: z.string().nullable() }),
  'backup key list': z.strictObject({ recovery: z.string().nullable(), box: z.string().nullable() }),
} as const satisfies Record<string, z.ZodType>;
