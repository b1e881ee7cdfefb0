import { z } from 'zod';
import { Day, limits, note, OrderType, Percentage, text, Version } from './primitives.ts';

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
  /** Of the seller. In India a GSTIN, whose State becomes `state`. */
  registrationNumber: note(32),
  /** In India the GST code of a State, such as `27`; its letters (`MH`) or its name are taken, too. */
  state: note(64),
  classes: z.array(TaxClass).max(limits.taxClasses),
  /** The class of products that name none; empty means untaxed. */
  defaultClass: z.union([TaxClassCode, z.literal('')]),
});

/** Charged on what is left after discounts, and taxed with it; for these kinds of order alone. */
const ServiceCharge = z.strictObject({
  percent: Percentage,
  orderTypes: z.array(OrderType).max(OrderType.options.length),
});

export const roundingSteps = ['none', '0.05', '0.10', '0.25', '0.50', '1.00', '5.00', '10.00'] as const;
export type RoundingStep = (typeof roundingSteps)[number];

/** `"5"` and 5 are stored and returned as an amount, `"5.00"`. */
const RoundingTo = z
  .union([z.enum([...roundingSteps, '1', '5', '10']), z.literal([0.05, 0.1, 0.25, 0.5, 1, 5, 10])], {
    error: `Round to ${roundingSteps.join(', ').replace(/, ([^,]+)$/, ' or $1')}.`,
  })
  .transform((to) => (to === 'none' ? to : (Number(to).toFixed(2) as RoundingStep)));

/**
 * The step that totals are rounded to. `when`: `always`, or `cash` for amounts paid in cash only. Cash changes hands in
 * multiples of the step either way. `mode`: to the nearest multiple, half up, or always up or down; with `up`, what
 * goes back is rounded to the nearest.
 */
const Rounding = z.strictObject({
  to: RoundingTo,
  when: z.enum(['always', 'cash']),
  mode: z.enum(['nearest', 'up', 'down']),
});

/** The largest share of a line that a role may take off by itself; an owner may take all. */
const DiscountLimits = z.strictObject({ cashier: Percentage, manager: Percentage });

const Shifts = z.strictObject({
  /** Until the drawer is counted, a cashier isn't shown what should be in it. */
  blindCount: z.boolean(),
  /** Whether a cashier may open and close the drawer of another paired device. */
  anyDrawer: z.boolean(),
});

/** ISO 3166-1 alpha-2: how a phone number without its country is read. Empty: it must have its country. */
const Country = z.union([z.string().regex(/^[A-Z]{2}$/, 'is not a country code like IN'), z.literal('')]);

/** Whatever JSON can hold. */
export const Json = z.json();

export const CUSTOM_MAX_BYTES = 32 * 1024;

export const SettingsValues = z.strictObject({
  tax: Tax,
  fiscalYearStart: MonthDay,
  dayStart: WallTime,
  kitchen: z.strictObject({ enabled: z.boolean() }),
  serviceCharge: ServiceCharge,
  rounding: Rounding,
  discountLimits: DiscountLimits,
  shifts: Shifts,
  /** The menu's categories in the order in which tills show them; those not named come after, by name. */
  categories: z.array(text(100)).max(limits.categories),
  country: Country,
  /** The stock policy that new inventory items get. */
  stockPolicy: z.enum(['deny', 'warn', 'allow']),
  receipt: z.strictObject({ header: note(1000), footer: note(1000) }),
  upiId: note(100),
  currencyDisplay: z.enum(['symbol', 'code']),
  /** Whatever a device wants to keep for itself. */
  custom: z
    .record(z.string().min(1).max(100), Json)
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
  serviceCharge: ServiceCharge.partial().optional(),
  rounding: Rounding.partial().optional(),
  discountLimits: DiscountLimits.partial().optional(),
  shifts: Shifts.partial().optional(),
  receipt: SettingsValues.shape.receipt.partial().optional(),
  version: Version.optional(),
});
export type SettingsChange = z.output<typeof SettingsChange>;

/** An answer shows percentages as text, `"2.5"`. */
const TaxClassView = TaxClass.extend({ rates: z.array(z.strictObject({ from: Day, percent: z.string() })) });

export const Settings = z.strictObject({
  ...SettingsValues.shape,
  tax: Tax.extend({ classes: z.array(TaxClassView) }),
  serviceCharge: ServiceCharge.extend({ percent: z.string() }),
  rounding: Rounding.extend({ to: z.enum(roundingSteps) }),
  discountLimits: z.strictObject({ cashier: z.string(), manager: z.string() }),
  version: Version,
});
export type Settings = z.output<typeof Settings>;
