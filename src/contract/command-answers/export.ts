import { z } from 'zod';
import { Day, Timestamp } from '../primitives.ts';

const head = {
  shop: z.string(),
  currency: z.string(),
  /** Whose offset the times have. */
  timezone: z.string(),
  /** Business dates; null where all were asked for. */
  from: Day.nullable(),
  to: Day.nullable(),
  /** Everything that was committed until then is in it. */
  asOf: Timestamp,
};

/** With --out, what was written; without it, the rows themselves. Their fields are the columns of docs/operations/export.md. */
const exportAnswer = <What extends string>(what: What) =>
  z.union([
    z.strictObject({ what: z.literal(what), ...head, data: z.array(z.record(z.string(), z.unknown())) }),
    z.strictObject({
      what: z.literal(what),
      ...head,
      format: z.enum(['csv', 'jsonl']),
      rows: z.int(),
      file: z.string(),
      sizeBytes: z.int(),
    }),
  ]);

export const exportAnswers = {
  'export products': exportAnswer('products'),
  'export sales': exportAnswer('sales'),
  'export lines': exportAnswer('lines'),
  'export payments': exportAnswer('payments'),
  'export inventory': exportAnswer('inventory'),
  'export customers': exportAnswer('customers'),
  'export audit': exportAnswer('audit'),
} as const satisfies Record<string, z.ZodType>;
