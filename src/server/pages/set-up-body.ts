import { register } from '../../contract/auth.ts';
import { countryName, currencyOf } from '../../contract/countries.ts';
import { defaultsOf, findTaxNumberFault, fitsCountry, openingSettings } from '../../contract/opening.ts';
import { invalidRequest, parse } from '../../contract/parse.ts';
import { type Fault, ProblemError } from '../../contract/problem.ts';
import { CountryCode, TaxRate } from '../../contract/set-up.ts';
import { SettingsChange } from '../../contract/settings.ts';
import {
  type TaxTemplateName,
  taxTemplateNames,
  taxTemplates,
  templatesFor,
} from '../../contract/tax-templates.ts';
import { OWNER_PASSWORD_MIN } from '../../contract/users.ts';
import { AGAIN, COUNTRY, fields, TAX_NUMBER, TOKEN } from './set-up-fields.ts';

type Values = Record<string, string>;

/** The body of `register` and the shop's first settings that these fields make. Throws `invalid_request` with all that is wrong with them. */
export function readFields(values: Values) {
  const faults: Fault[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      faults.push(...(error.errors ?? []));
      return undefined;
    }
  };
  requireKnown(values);
  const country = attempt(() => readCountry(values));
  const opening = country === undefined ? {} : defaultsOf(country);
  const body = readBody(values, opening, country, faults);
  const settings = country === undefined ? undefined : attempt(() => readSettings(values, country));
  faults.push(...passwordFaults(values));
  if (body === undefined || settings === undefined || faults.length > 0) throw invalidRequest(faults);
  return { body, settings };
}

const names = new Set(fields.map(({ name }) => name));

function requireKnown(values: Values): void {
  const unknown = Object.keys(values).filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw invalidRequest(unknown.map((name) => ({ pointer: '', detail: `"${name}" is not a field here` })));
}

const fault = (pointer: string, detail: string) => invalidRequest([{ pointer, detail }]);

function readCountry(values: Values): string {
  const typed = values[COUNTRY];
  if (!typed) throw fault(COUNTRY, 'is not chosen yet');
  const country = CountryCode.safeParse(typed);
  if (!country.success) throw fault(COUNTRY, 'is not a country of the list');
  return country.data;
}

/** Undefined with what is wrong in `faults`. */
function readBody(
  values: Values,
  { currency = '', timezone = '' }: ReturnType<typeof defaultsOf>,
  country: string | undefined,
  faults: Fault[],
) {
  const at = (name: string) => values[name] ?? '';
  try {
    return parse(register.body, {
      setupToken: at(TOKEN),
      shop: {
        name: at('/shop/name'),
        code: at('/shop/code'),
        currency: at('/shop/currency') || currency,
        timezone: at('/shop/timezone') || timezone,
      },
      name: at('/name'),
      email: at('/email'),
      password: at('/password'),
    });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const found = (error.errors ?? []).flatMap((each) => withCountry(each, values, country));
    // Of a field the first is enough.
    faults.push(
      ...found.filter(({ pointer }, at) => found.findIndex((one) => one.pointer === pointer) === at),
    );
    return undefined;
  }
}

/** What follows from the country is wrong only where there is one; what is wrong with the password is said by the rules for owners. */
function withCountry(each: Fault, values: Values, country: string | undefined): Fault[] {
  const { pointer } = each;
  if (pointer === '/password') return [];
  const follows = fields.some((field) => field.name === pointer && field.follows);
  if (!follows || values[pointer]) return [each];
  if (country === undefined) return [];
  const detail =
    pointer === '/shop/currency'
      ? `of ${countryName(country)}, ${currencyOf(country)}, has three decimals, and amounts here have two at most: choose another one`
      : `of ${countryName(country)} is not known here: choose one`;
  return [{ pointer, detail }];
}

function readSettings(values: Values, country: string): SettingsChange {
  const at = (name: string) => (values[name] ?? '').trim();
  const currency = at('/shop/currency') || (defaultsOf(country).currency ?? '');
  const taxNumber = at(TAX_NUMBER);
  const tax = at('/tax') === '' ? (defaultsOf(country).tax ?? 'none') : at('/tax');
  const found = {
    '/tax': findTaxFault(tax, country),
    [TAX_NUMBER]: findTaxNumberFault({ country, currency, taxNumber }),
    '/taxRate': findRateFault(tax, at('/taxRate')),
  };
  const faults = Object.entries(found).flatMap(([pointer, detail]) => (detail ? [{ pointer, detail }] : []));
  if (faults.length > 0) throw invalidRequest(faults);
  const taxRate = at('/taxRate') || '0';
  const opening = { country, currency, tax: tax as TaxTemplateName, taxRate, taxNumber };
  return parse(SettingsChange, openingSettings(opening));
}

function findTaxFault(typed: string, country: string): string | undefined {
  const tax = taxTemplateNames.find((name) => name === typed);
  if (tax === undefined) return 'is none of the list';
  if (fitsCountry(tax, country)) return undefined;
  const titles = templatesFor(country).map((name) => taxTemplates[name].title);
  return `${taxTemplates[tax].title} is not for ${countryName(country)}: there it is one of ${titles.join('; ')}.`;
}

function findRateFault(tax: string, typed: string): string | undefined {
  if (tax !== 'sales-tax')
    return typed === ''
      ? undefined
      : `goes with ${taxTemplates['sales-tax'].title} alone: leave it empty, or choose that`;
  if (typed === '') return 'is missing: all levels together, such as 8.875, or 0 while you do not know it';
  const rate = TaxRate.safeParse(typed);
  return rate.success ? undefined : 'is not a percentage like 8.875';
}

function passwordFaults({ '/password': password = '', [AGAIN]: again = '' }: Values): Fault[] {
  const pointer = '/password';
  if ([...password].length < OWNER_PASSWORD_MIN)
    return [{ pointer, detail: `is shorter than ${OWNER_PASSWORD_MIN} characters` }];
  if (password.length > 128) return [{ pointer, detail: 'is longer than 128 characters' }];
  return again === password ? [] : [{ pointer: AGAIN, detail: 'differs from the first' }];
}
