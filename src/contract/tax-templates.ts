import type { z } from 'zod';
import { euVat } from './eu-vat.ts';
import type { SettingsChange } from './settings.ts';

export const taxTemplateNames = [
  'in-gst',
  'in-composition',
  'eu-vat',
  'uk-vat',
  'sales-tax',
  'none',
] as const;
export type TaxTemplateName = (typeof taxTemplateNames)[number];

/** A body of `PUT …/settings`, as it is sent. */
type SettingsBody = z.input<typeof SettingsChange>;

type TaxTemplate = {
  title: string;
  /** For whom it is offered; null: for everybody. */
  countries: readonly string[] | null;
  /** `rate` is in per cent; only `sales-tax` reads it. */
  settings: (of: { country: string; rate: string }) => SettingsBody;
};

/** All rates here were in force on this day; those of India on the day of their notification. */
const IN_FORCE = '2026-01-01';
const GST_2025 = '2025-09-22';

const classOf = (code: string, name: string, percent: string, from = IN_FORCE) => ({
  code,
  name,
  rates: [{ from, percent }],
});

const inclusive = { mode: 'inclusive', split: 'none' } as const;
const REDUCED = ['reduced', 'second reduced', 'third reduced'];

/** What a new shop's tax can start from. Settings like any others: an owner changes them when the law does. */
export const taxTemplates: Readonly<Record<TaxTemplateName, TaxTemplate>> = {
  // Notifications 9/2025 and 10/2025 – Central Tax (Rate) of 2025-09-17; restaurants: 11/2017 as amended by 20/2019. Split into CGST
  // and SGST halves (CGST Act 2017, s. 9). 0.25, 1.5, 3 and 28 per cent are for diamonds, gold and tobacco: an owner adds them.
  'in-gst': {
    title: 'India, GST',
    countries: ['IN'],
    settings: () => ({
      tax: {
        mode: 'inclusive',
        split: 'gst',
        classes: [
          classOf('gst-0', 'GST 0%', '0', GST_2025),
          classOf('gst-5', 'GST 5%', '5', GST_2025),
          classOf('gst-18', 'GST 18%', '18', GST_2025),
          classOf('gst-40', 'GST 40%', '40', GST_2025),
        ],
        defaultClass: 'gst-5',
      },
      fiscalYearStart: '04-01',
    }),
  },
  // CGST Act 2017, s. 10 (4): no tax is collected. CGST Rules, rule 5 (1) (f): these words stand at the top of the bill of supply.
  'in-composition': {
    title: 'India, GST composition: no tax on bills',
    countries: ['IN'],
    settings: () => ({
      tax: { ...inclusive, classes: [], defaultClass: '' },
      receipt: { header: 'Composition taxable person, not eligible to collect tax on supplies' },
      fiscalYearStart: '04-01',
    }),
  },
  'eu-vat': {
    title: 'European Union, VAT',
    countries: Object.keys(euVat),
    settings: ({ country }) => {
      const [standard = '0', ...reduced] = euVat[country] ?? [];
      return {
        tax: {
          ...inclusive,
          classes: [
            classOf('standard', 'VAT', standard),
            ...reduced.map((percent, i) =>
              classOf(i === 0 ? 'reduced' : `reduced-${i + 1}`, `VAT, ${REDUCED[i]}`, percent),
            ),
            classOf('zero', 'VAT, zero', '0'),
          ],
          defaultClass: 'standard',
        },
      };
    },
  },
  // Value Added Tax Act 1994: s. 2 (standard), s. 29A with Schedule 7A (reduced), s. 30 with Schedule 8 (zero).
  'uk-vat': {
    title: 'United Kingdom, VAT',
    countries: ['GB', 'IM'],
    settings: () => ({
      tax: {
        ...inclusive,
        classes: [
          classOf('standard', 'VAT', '20'),
          classOf('reduced', 'VAT, reduced', '5'),
          classOf('zero', 'VAT, zero', '0'),
        ],
        defaultClass: 'standard',
      },
    }),
  },
  // A state's, county's and city's rates together (US: each state's law). What the shelf says comes without it.
  'sales-tax': {
    title: 'Sales tax at one rate',
    countries: null,
    settings: ({ rate }) => ({
      tax: {
        mode: 'exclusive',
        split: 'none',
        classes: [classOf('taxable', 'Sales tax', rate), classOf('exempt', 'Exempt', '0')],
        defaultClass: 'taxable',
      },
    }),
  },
  none: {
    title: 'No tax',
    countries: null,
    settings: () => ({ tax: { ...inclusive, classes: [], defaultClass: '' } }),
  },
};

/** The templates that a shop of a country may start from; the usual one first. */
export function templatesFor(country: string): TaxTemplateName[] {
  const own = taxTemplateNames.filter((name) => taxTemplates[name].countries?.includes(country));
  return [...own, ...(country === 'US' ? US_FIRST : OTHERS)];
}

const US_FIRST: TaxTemplateName[] = ['sales-tax', 'none'];
const OTHERS: TaxTemplateName[] = ['none', 'sales-tax'];

/** A body for `PUT …/settings` of a new shop. */
export const settingsFromTemplate = (
  name: TaxTemplateName,
  of: { country: string; rate: string },
): SettingsBody => ({
  country: of.country,
  ...taxTemplates[name].settings(of),
});
