import { z } from 'zod';
import { Attention } from '../attention.ts';
import { Day, Money, Timestamp } from '../primitives.ts';

export const statusAnswers = {
  status: z.strictObject({
    version: z.string(),
    home: z.string(),
    database: z.strictObject({
      kind: z.enum(['embedded', 'external']),
      address: z.string(),
      version: z.string(),
    }),
    server: z.strictObject({ isRunning: z.boolean(), since: z.string().nullable() }),
    shops: z.array(
      z.strictObject({
        code: z.string(),
        name: z.string(),
        currency: z.string(),
        businessDate: Day,
        orders: z.int(),
        total: Money,
      }),
    ),
    backup: z.strictObject({
      lastCreatedAt: Timestamp.nullable(),
      lastVerifiedAt: Timestamp.nullable(),
      lastDrillAt: Timestamp.nullable(),
      schedule: z.string().nullable(),
      drill: z.string().nullable(),
      keep: z.strictObject({ daily: z.int(), weekly: z.int(), monthly: z.int() }),
      restoredAt: Timestamp.nullable(),
      to: z.string(),
      file: z.string().nullable(),
      sizeBytes: z.int().nullable(),
      lastFailure: z.strictObject({ at: Timestamp, error: z.string() }).nullable(),
      hasRecoveryKey: z.boolean(),
      nextAt: Timestamp.nullable(),
      nextDrillAt: Timestamp.nullable(),
      isOverdue: z.boolean(),
    }),
    attention: z.array(Attention),
  }),
} as const satisfies Record<string, z.ZodType>;
