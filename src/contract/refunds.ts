import { z } from 'zod';
import {
  AmountAboveZero,
  Count,
  Day,
  Id,
  limits,
  Money,
  PaymentMethod,
  Quantity,
  Timestamp,
  text,
} from './primitives.ts';

/**
 * What goes back by one method. One of them may leave `amount` out and gives back the rest; with `withTip`, so may a method
 * that paid only a tip, and gives that back.
 */
const RefundPayment = z.strictObject({ method: PaymentMethod, amount: AmountAboveZero.optional() });

/** `id` is made by the till: the same refund sent again is given once. Without `lines`, all that is left of the bill. */
export const NewRefund = z
  .strictObject({
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
    /** Several methods, each once. Without `anyMethod`, none gives back more than was paid by it and has not gone back yet. */
    payments: z.array(RefundPayment).min(1).max(PaymentMethod.options.length).optional(),
    /** Lets a method of `payments` give back more than was paid by it. Where one does, the audit says who approved it. */
    anyMethod: z.boolean().optional(),
    /** Gives the tips back, too: only with what is left of a paid order. */
    withTip: z.boolean().optional(),
  })
  .refine(({ method, payments }) => !method || !payments, {
    path: ['method'],
    error: 'can not come with payments: send one of the two',
  })
  .refine(({ anyMethod, payments }) => !anyMethod || payments, {
    path: ['anyMethod'],
    error: 'goes with payments; the one method may be any without it',
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
  /** The value of the goods. */
  total: Money,
  /** The part of the total that was paid out. The rest lowered the debt. */
  paidOut: Money,
  /** `split` where it went back by several. */
  method: z.enum([...PaymentMethod.options, 'split']),
  /** The amounts by method; empty when no money was paid out. */
  payments: z.array(z.strictObject({ method: PaymentMethod, amount: Money, tip: Money })),
  /** The tips that went back; no part of the total. */
  tip: Money,
  reason: z.string(),
  restock: z.boolean(),
  cashierId: Id.nullable(),
  at: Timestamp,
});
export type Refund = z.output<typeof Refund>;
