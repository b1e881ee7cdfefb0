import type { z } from 'zod';
import { currencyOf } from './countries.ts';
import { isUsableCurrency } from './currencies.ts';
import type { SettingsChange } from './settings.ts';
import { isIndianTax, readTaxNumber } from './tax-registration.ts';
import { settingsFromTemplate, type TaxTemplateName, taxTemplates, templatesFor } from './tax-templates.ts';
import { machineZone, zonesOf } from './zones.ts';

/** What follows from a country. */
export function defaultsOf(country: string | undefined): {
  currency?: string;
  timezone?: string;
  tax?: TaxTemplateName;
} {
  if (country === undefined) return {};
  const zones = zonesOf(country);
  const [tax] = templatesFor(country);
  const currency = currencyOf(country);
  const timezone = zones.includes(machineZone()) ? machineZone() : zones[0];
  return {
    // A currency with three decimals is none that amounts here can have.
    ...(currency !== undefined && isUsableCurrency(currency) && { currency }),
    ...(timezone !== undefined && { timezone }),
    ...(tax !== undefined && { tax }),
  };
}

/** Whether a template is one of a country's. */
export function fitsCountry(tax: TaxTemplateName, country: string | undefined): boolean {
  const { countries } = taxTemplates[tax];
  return countries === null || (country !== undefined && countries.includes(country));
}

/** What a registration number is called where a template is meant for. */
export const taxNumberNames: Readonly<Record<TaxTemplateName, string>> = {
  'in-gst': 'GSTIN',
  'in-composition': 'GSTIN',
  'eu-vat': 'VAT number',
  'uk-vat': 'VAT number',
  'sales-tax': 'tax number',
  none: 'tax number',
};

/** The choices of tax of a shop that is set up. `country` is empty where none was named. */
export type OpeningTax = {
  country: string;
  currency: string;
  tax: TaxTemplateName | null;
  /** In per cent, of `sales-tax`. */
  taxRate: string;
  taxNumber: string;
};

/** Whether the registration number of a new shop is a GSTIN. India is the country of its currency where none was named. */
export const hasGstin = ({ country, currency }: Pick<OpeningTax, 'country' | 'currency'>): boolean =>
  isIndianTax({ country: country || (currency === 'INR' ? 'IN' : ''), tax: { split: 'none' } });

/** What is wrong with the registration number of a new shop, as the end of a sentence. */
export const findTaxNumberFault = (of: Pick<OpeningTax, 'country' | 'currency' | 'taxNumber'>) =>
  of.taxNumber.length > 32 ? 'is longer than 32 characters' : readTaxNumber(hasGstin(of), of.taxNumber).fault;

/** A body for `PUT …/settings` of a new shop; nothing where neither a country nor a tax was named. */
export function openingSettings({
  country,
  tax,
  taxRate,
  taxNumber,
}: OpeningTax): z.input<typeof SettingsChange> {
  const { country: own, ...body } =
    tax === null ? { country: '' } : settingsFromTemplate(tax, { country, rate: taxRate });
  return {
    ...body,
    // Without a country the currency says it.
    ...(own && { country: own }),
    ...(taxNumber !== '' && { tax: { ...body.tax, registrationNumber: taxNumber } }),
  };
}
