import { z } from 'zod';
import { Count, Day, Id, limits, Money, PaymentMethod, Quantity, Timestamp, text } from './primitives.ts';

/** `id` is made by the till: the same refund sent again is given once. Without `lines`, all that is left of the bill. */
export const NewRefund = z.strictObject({
  id: Id,
  lines: z
    .array(z.strictObject({ lineId: Id, quantity: Quantity }))
    .min(1)
    .max(limits.orderLines)
    .optional(),
  reason: text(500),
  /** Whether the goods go back on the shelf; food that was served does not. */
  restock: z.boolean().default(false),
  /** How the money goes back; left out, the way it came, where that was one way. */
  method: PaymentMethod.optional(),
});
export type NewRefund = z.output<typeof NewRefund>;

/** A credit note (CGST Act 2017, s. 34): what came back of a bill, with the tax that it was sold with. */
export const Refund = z.strictObject({
  id: Id,
  creditNoteNumber: z.string(),
  businessDate: Day,
  lines: z.array(z.strictObject({ lineId: Id, quantity: Count, tax: Money, total: Money })),
  tax: Money,
  /** The bill's own rounding, which goes back with the last of it. */
  rounding: Money,
  /** What the goods had cost. */
  total: Money,
  /** The money that went back. The rest of the total lowered what was owed. */
  paidOut: Money,
  method: PaymentMethod,
  reason: z.string(),
  restock: z.boolean(),
  cashierId: Id.nullable(),
  at: Timestamp,
});
export type Refund = z.output<typeof Refund>;
