import { z } from 'zod';
import { Day, limits, note, Percentage, text, Version } from './primitives.ts';

/** Wall time in the shop, `HH:MM`. */
export const WallTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time like 04:00');

/** Month and day on which the fiscal year starts, `MM-DD`; the 29th and later don't exist in every month. */
const MonthDay = z
  .string()
  .regex(/^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$/, 'is not a month and day like 04-01');

const TaxClassCode = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'is not a code like food or gst-5');

/** Rates are data with the day from which they hold (law changes); the newest one not after the business date counts. */
const TaxClass = z.strictObject({
  code: TaxClassCode,
  name: text(100),
  rates: z
    .array(z.strictObject({ from: Day, percent: Percentage }))
    .min(1)
    .max(limits.ratesPerClass),
});

const Tax = z.strictObject({
  /** Whether prices contain the tax. */
  mode: z.enum(['inclusive', 'exclusive']),
  /** `gst` splits each rate into CGST and SGST halves (CGST Act 2017, s. 9; SGST Acts); `none` keeps it one line. */
  split: z.enum(['none', 'gst']),
  registrationNumber: note(32),
  state: note(64),
  classes: z.array(TaxClass).max(limits.taxClasses),
  /** The class of products that name none; empty means untaxed. */
  defaultClass: z.union([TaxClassCode, z.literal('')]),
});

export const CUSTOM_MAX_BYTES = 32 * 1024;

export const SettingsValues = z.strictObject({
  tax: Tax,
  fiscalYearStart: MonthDay,
  dayStart: WallTime,
  kitchen: z.strictObject({ enabled: z.boolean() }),
  /** The stock policy that new inventory items get. */
  stockPolicy: z.enum(['deny', 'warn', 'allow']),
  receipt: z.strictObject({ header: note(1000), footer: note(1000) }),
  upiId: note(100),
  currencyDisplay: z.enum(['symbol', 'code']),
  /** Whatever a device wants to keep for itself. */
  custom: z
    .record(z.string().min(1).max(100), z.json())
    .refine(
      (custom) => new TextEncoder().encode(JSON.stringify(custom)).length <= CUSTOM_MAX_BYTES,
      'is larger than 32 KiB',
    ),
});
export type SettingsValues = z.output<typeof SettingsValues>;

/** `PUT …/settings` merges by key: a group names only the fields that change. */
export const SettingsChange = z.strictObject({
  ...SettingsValues.partial().shape,
  tax: Tax.partial().optional(),
  receipt: SettingsValues.shape.receipt.partial().optional(),
  version: Version.optional(),
});
export type SettingsChange = z.output<typeof SettingsChange>;

/** An answer shows percentages as text, `"2.5"`. */
const TaxClassView = TaxClass.extend({ rates: z.array(z.strictObject({ from: Day, percent: z.string() })) });

export const Settings = z.strictObject({
  ...SettingsValues.shape,
  tax: Tax.extend({ classes: z.array(TaxClassView) }),
  version: Version,
});
export type Settings = z.output<typeof Settings>;
