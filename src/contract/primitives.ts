import { z } from 'zod';
import { parseMilli, parseMinor, parseRate } from './money.ts';
import { written } from './written.ts';

/** In capitals or not it is the same id: PostgreSQL gives it back in small letters. */
export const Id = z.uuid('is not a UUID').toLowerCase();
/** PostgreSQL's calendar has no year 0. */
const hasYear = (text: string) => !text.startsWith('0000');
export const Timestamp = z.iso
  .datetime()
  .refine(hasYear, 'is not a time like 2026-04-01T10:00:00Z')
  .register(written, {
    type: 'string',
    pattern: z.toJSONSchema(z.iso.datetime()).pattern?.replace(/^\^/, '^(?!0000)'),
  });
export const Day = z.iso.date('is not a day like 2026-04-01').refine(hasYear, 'is not a day like 2026-04-01');
export const Version = z.int().min(1).max(2_147_483_647);

/** Text for people: at most `max` characters as it is sent, which is what the document can say; then trimmed, and not empty. */
export const text = (max: number) => note(max).min(1, 'is empty');
/** Text that may be empty. */
export const note = (max: number) => z.string().max(max, `is longer than ${max} characters`).trim();

/** A JSON number becomes the text that was sent, so that 12.1 is "12.1" and never a float sum. */
const decimalText = z.union([z.string(), z.number()]).transform(String);

function decimal(parse: (text: string) => number | undefined, hint: string, min: number) {
  return decimalText.transform((value, context) => {
    const scaled = parse(value);
    if (scaled !== undefined && scaled >= min) return scaled;
    context.addIssue({ code: 'custom', message: hint });
    return z.NEVER;
  });
}

/** An amount ≥ 0 in a request (`"12.50"` or 12.5) → minor units. */
export const Amount = decimal(parseMinor, 'is not an amount like 12.50, from 0 to 99999999.99', 0).register(
  written,
  {
    type: ['string', 'number'],
    pattern: '^(\\d{1,8}(\\.\\d{1,2})?|-0{1,8}(\\.0{1,2})?)$',
    minimum: 0,
    maximum: 99_999_999.99,
    multipleOf: 0.01,
  },
);
/** An amount > 0 → minor units. */
export const AmountAboveZero = Amount.refine((amount) => amount > 0, 'is not an amount above 0').register(
  written,
  {
    type: ['string', 'number'],
    pattern: '^(?=.*[1-9])\\d{1,8}(\\.\\d{1,2})?$',
    minimum: 0.01,
    maximum: 99_999_999.99,
    multipleOf: 0.01,
  },
);
/** A quantity > 0 → thousandths. */
export const Quantity = decimal(parseMilli, 'is not a quantity like 2 or 0.250, above 0', 1).register(
  written,
  {
    type: ['string', 'number'],
    pattern: '^(?=.*[1-9])\\d{1,9}(\\.\\d{1,3})?$',
    minimum: 0.001,
    maximum: 999_999_999.999,
    multipleOf: 0.001,
  },
);
/** A quantity ≥ 0 → thousandths. */
export const Level = decimal(parseMilli, 'is not a quantity like 12 or 0.250, from 0 up', 0).register(
  written,
  {
    type: ['string', 'number'],
    pattern: '^(\\d{1,9}(\\.\\d{1,3})?|-0{1,9}(\\.0{1,3})?)$',
    minimum: 0,
    maximum: 999_999_999.999,
    multipleOf: 0.001,
  },
);
/** A signed change of a quantity → thousandths. */
export const QuantityChange = decimal(parseMilli, 'is not a quantity like -2 or 0.250', -Infinity).register(
  written,
  {
    type: ['string', 'number'],
    pattern: '^-?\\d{1,9}(\\.\\d{1,3})?$',
    minimum: -999_999_999.999,
    maximum: 999_999_999.999,
    multipleOf: 0.001,
  },
);
/** A percentage from 0 to 100 → thousandths of a per cent. */
export const Percentage = decimal(parseRate, 'is not a percentage like 10 or 2.5', 0)
  .refine((rate) => rate <= 100_000, 'is above 100 per cent')
  .register(written, {
    type: ['string', 'number'],
    pattern: '^(0?\\d{1,2}(\\.\\d{1,3})?|100(\\.0{1,3})?|-0{1,3}(\\.0{1,3})?)$',
    minimum: 0,
    maximum: 100,
    multipleOf: 0.001,
  });

/** An amount in an answer: a decimal string, `"12.50"`. */
export const Money = z.string().regex(/^-?\d+\.\d{2}$/);
/** A quantity in an answer: a JSON number with at most three decimals. */
export const Count = z.number();

export const OrderType = z.enum(['dine_in', 'takeaway', 'delivery']);
export type OrderType = z.output<typeof OrderType>;
export const PaymentMethod = z.enum(['cash', 'card', 'upi', 'wallet', 'other']);
export type PaymentMethod = z.output<typeof PaymentMethod>;

export const limits = {
  /** A page of a list: more would make one slow answer of what should be several quick ones. */
  page: { default: 50, max: 200 },
  /** Lines of one bill: a hundred guests' banquet fits; a runaway client doesn't. */
  orderLines: 300,
  /** Of one bill, or one part payment of it. */
  payments: 20,
  /** Notes and coins of one currency. */
  denominations: 50,
  /** Of one shift: its view, with all of them, goes to every till each time. */
  cashMovements: 200,
  categories: 200,
  variants: 50,
  modifierGroups: 20,
  modifiers: 50,
  recipeLines: 100,
  taxClasses: 30,
  ratesPerClass: 30,
  /** Sales of one replay: an evening of a busy till. */
  batchOrders: 500,
  batchBytes: 4 * 1024 * 1024,
  /** Of one lease. */
  leasedNumbers: 500,
  /** Events of one answer. */
  events: 500,
} as const;

/** Larger than any bound: a number with too many digits becomes this. */
const HUGE = 1_000_000_000;

/** A whole number in an address. Digits alone: `Number` would take blanks for 0 and `0x1f` for 31. */
export const queryInt = (min: number, max: number, usual: number) =>
  z
    .union([z.string(), z.number()])
    .transform((value) => (/^(\d+|-[1-9]\d*)$/.test(String(value)) ? Number(value) : Number.NaN))
    .transform((value) => Math.max(-1, Math.min(value, HUGE)))
    .pipe(
      z
        .int('is not a whole number')
        .min(min, `is too small: at least ${min}`)
        .max(max, `is too large: at most ${max}`),
    )
    .default(usual)
    .register(written, { type: 'integer', minimum: min, maximum: max, default: usual });

/** `true` or `false` in an address, and no other words for them. */
export const queryFlag = () =>
  z
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive', error: 'is not true or false' })
    .register(written, { type: 'boolean' });

export const PageQuery = z.strictObject({
  limit: queryInt(1, limits.page.max, limits.page.default),
  /** As it was given; it has the name of the last one in it, of 255 characters in any script. */
  cursor: z.string().max(3_000).optional(),
});

export const page = <T extends z.ZodType>(item: T) =>
  z.strictObject({ data: z.array(item), nextCursor: z.string().nullable() });
