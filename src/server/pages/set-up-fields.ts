import { countryCodes, countryName, currencyName } from '../../contract/countries.ts';
import { usableCurrencies } from '../../contract/currencies.ts';
import { taxTemplateNames, taxTemplates } from '../../contract/tax-templates.ts';
import { OWNER_PASSWORD_MIN } from '../../contract/users.ts';
import { allZones, formerNameOf, machineCountry, zonesOf } from '../../contract/zones.ts';

/** A field of the form. Its name is the JSON pointer of what it becomes in the body of `register`, or that of an answer of `init`. */
export type Field = {
  name: string;
  label: string;
  hint?: string;
  /** Begins the sentence that says what is wrong with it. */
  subject: string;
  /** Attributes of the input, as HTML. */
  attributes: string;
  /** To choose one of: value, label, and what else browsers call it. */
  choices?: () => Choice[];
  /** The value that a new form has. */
  usual?: () => string;
  /** What leaving it empty means; without this it is needed. */
  ifEmpty?: string;
  /** It follows from the country, and is out of sight until somebody wants another. */
  follows?: true;
};
export type Choice = {
  value: string;
  label: string;
  /** Of a zone: what else browsers call it. */
  alias?: string | undefined;
  /** Of a country: its zones. */
  zones?: readonly string[];
};

export const AGAIN = '/passwordAgain';
export const COUNTRY = '/shop/country';
export const TAX_NUMBER = '/taxNumber';
const BY_COUNTRY = 'The usual one of the country';
export const TOKEN = '/setupToken';

export const fields: Field[] = [
  {
    name: TOKEN,
    label: 'Setup token',
    hint: 'It stands in what the server printed when it started.',
    subject: 'The setup token',
    attributes: 'maxlength="200" autocomplete="off" spellcheck="false" autocapitalize="none"',
  },
  {
    name: '/shop/name',
    label: 'What is your shop called?',
    subject: 'The shop’s name',
    attributes: 'maxlength="255" autocomplete="organization"',
  },
  {
    name: '/shop/code',
    label: 'Its code',
    hint: '2 to 4 letters, in front of every bill’s number, such as KULF for Kulfi Corner',
    subject: 'The code',
    attributes: 'maxlength="4" autocomplete="off" spellcheck="false" autocapitalize="characters"',
  },
  {
    name: COUNTRY,
    label: 'Its country',
    subject: 'The country',
    attributes: 'data-guess="country"',
    choices: countries,
    // None where the zone is UTC, as in a container.
    usual: () => machineCountry() ?? '',
  },
  {
    name: TAX_NUMBER,
    label: 'Its number for tax, if it is registered',
    hint: 'In India the GSTIN, which brings the State; in Europe the VAT number. It can be added later.',
    subject: 'The number for tax',
    attributes: 'maxlength="32" autocomplete="off" spellcheck="false" autocapitalize="characters"',
    ifEmpty: '',
  },
  {
    name: '/tax',
    label: 'Its tax',
    hint: 'Rates can be changed at any time.',
    subject: 'The tax',
    attributes: '',
    choices: () => taxTemplateNames.map((value) => ({ value, label: taxTemplates[value].title })),
    ifEmpty: BY_COUNTRY,
    follows: true,
  },
  {
    name: '/taxRate',
    label: 'How many percent, of sales tax at one rate',
    hint: 'All levels together, such as 8.875',
    subject: 'The rate',
    attributes: 'maxlength="10" inputmode="decimal" autocomplete="off"',
    ifEmpty: '',
    follows: true,
  },
  {
    name: '/shop/currency',
    label: 'Its currency',
    subject: 'The currency',
    attributes: '',
    choices: currencies,
    ifEmpty: BY_COUNTRY,
    follows: true,
  },
  {
    name: '/shop/timezone',
    label: 'Its time zone',
    subject: 'The time zone',
    attributes: 'data-guess="zone"',
    choices: timeZones,
    ifEmpty: BY_COUNTRY,
    follows: true,
  },
  {
    name: '/name',
    label: 'Your name',
    subject: 'Your name',
    attributes: 'maxlength="255" autocomplete="name"',
  },
  {
    name: '/email',
    label: 'Your e-mail',
    hint: 'You sign in with it. Nothing is sent to it.',
    subject: 'Your e-mail',
    attributes: 'type="email" maxlength="255" autocomplete="username"',
  },
  {
    name: '/password',
    label: 'A password',
    hint: `At least ${OWNER_PASSWORD_MIN} characters. Three or four words that have nothing to do with each other are good.`,
    subject: 'The password',
    attributes: `type="password" maxlength="128" autocomplete="new-password"`,
  },
  {
    name: AGAIN,
    label: 'The same once more',
    subject: 'The second password',
    attributes: 'type="password" maxlength="128" autocomplete="new-password"',
  },
];

/** Never sent back. */
export const isPassword = ({ attributes }: Field) => attributes.startsWith('type="password"');

function countries(): Choice[] {
  return countryCodes
    .map((value) => ({ value, label: countryName(value), zones: zonesOf(value) }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en'));
}

function timeZones(): Choice[] {
  return allZones().map((value) => ({
    value,
    label: value.replaceAll('_', ' '),
    alias: formerNameOf(value),
  }));
}

function currencies(): Choice[] {
  return usableCurrencies.map((value) => ({ value, label: `${value} · ${currencyName(value)}` }));
}
