import { z } from 'zod';
import { isCountry } from './countries.ts';
import { note, Percentage, text } from './primitives.ts';
import { Currency, ShopCode, TimeZone } from './shops.ts';
import { taxTemplateNames } from './tax-templates.ts';
import { Email } from './users.ts';

/** ISO 3166-1 alpha-2. */
export const CountryCode = z
  .string()
  .trim()
  .toUpperCase()
  .pipe(z.string().refine(isCountry, 'is not a country code like IN'));

/** In per cent, as text. */
export const TaxRate = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((rate) => Percentage.safeParse(rate).success, 'is not a percentage like 8.875');

/** What `smoocho init` asks for, named as its options are. What is left out is asked, has a default, or is missed. */
export const SetUpAnswers = z
  .strictObject({
    shopName: text(255),
    shopCode: ShopCode,
    country: CountryCode,
    currency: Currency,
    timezone: TimeZone,
    tax: z.enum(taxTemplateNames, { error: `is not one of ${taxTemplateNames.join(', ')}` }),
    taxRate: TaxRate,
    /** Looked at with the country: in India a GSTIN. Empty: not registered. */
    taxNumber: note(32),
    ownerName: text(255),
    ownerEmail: Email,
    /** Looked at with whose it is to be. */
    password: z.string(),
    passwordFile: z.string(),
    pictures: z.enum(['folder', 'bucket'], { error: 'is not folder or bucket' }),
    backups: z.enum(['nightly', 'off'], { error: 'is not nightly or off' }),
    /** A folder, or `s3://bucket/prefix`. */
    backupTo: z.string(),
    recoveryRecipient: z.string(),
    recoveryKeyFile: z.string(),
  })
  .partial();
export type SetUpAnswers = z.output<typeof SetUpAnswers>;
