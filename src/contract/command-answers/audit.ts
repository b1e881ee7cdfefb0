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
  'audit list': z.array(AuditRecord),
  'audit verify': z.strictObject({ isSound: z.boolean(), chains: z.array(Chain) }),
} as const satisfies Record<string, z.ZodType>;
