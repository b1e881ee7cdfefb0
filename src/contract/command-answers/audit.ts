import { z } from 'zod';
import { AuditRecord } from '../audit.ts';
import { Id, Timestamp } from '../primitives.ts';

const Chain = z.strictObject({
  id: Id,
  /** Null: the installation's own. */
  shop: z.strictObject({ code: z.string(), name: z.string() }).nullable(),
  isSound: z.boolean(),
  records: z.int(),
  seals: z.int(),
  head: z.string().nullable(),
  unsealed: z.strictObject({ count: z.int(), since: Timestamp.nullable() }),
  wrong: z.int(),
  faults: z.array(z.strictObject({ kind: z.string(), subject: z.string(), detail: z.string() })),
  notes: z.array(z.string()),
});

export const auditAnswers = {
  /** With the code of the shop; null for what belongs to none. */
  'audit list': z.array(AuditRecord.extend({ shop: z.string().nullable() })),
  'audit verify': z.strictObject({ isSound: z.boolean(), chains: z.array(Chain) }),
} as const satisfies Record<string, z.ZodType>;
