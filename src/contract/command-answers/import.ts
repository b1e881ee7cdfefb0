import { z } from 'zod';
import { Day, Money } from '../primitives.ts';

/** Rows that were left out: the first thousand, and how many there are. */
const badRows = { bad: z.array(z.strictObject({ line: z.int(), reason: z.string() })), badCount: z.int() };

export const importAnswers = {
  'import products': z.strictObject({
    dryRun: z.boolean(),
    rows: z.int(),
    products: z.int(),
    variants: z.int(),
    changedProducts: z.int(),
    changedVariants: z.int(),
    ...badRows,
    seconds: z.number(),
  }),
  'import images': z.strictObject({
    dryRun: z.boolean(),
    files: z.int(),
    changed: z.int(),
    unchanged: z.int(),
    unmatched: z.array(z.string()),
    repeated: z.array(z.strictObject({ file: z.string(), usedInstead: z.string() })),
    bad: z.array(z.strictObject({ file: z.string(), reason: z.string() })),
    without: z.int(),
    seconds: z.number(),
  }),
  'import sales': z.strictObject({
    dryRun: z.boolean(),
    rows: z.int(),
    lines: z.int(),
    orders: z.int(),
    refunds: z.int(),
    products: z.int(),
    variants: z.int(),
    soldByWeight: z.array(z.string()),
    existingOrders: z.int(),
    existingRefunds: z.int(),
    ...badRows,
    from: Day.nullable(),
    to: Day.nullable(),
    total: Money,
    refunded: Money,
    seconds: z.number(),
    readSeconds: z.number(),
    linesPerSecond: z.int(),
  }),
} as const satisfies Record<string, z.ZodType>;
