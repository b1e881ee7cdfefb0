import { type Digits, smallestMinor } from '../../contract/currencies.ts';
import { MAX_MILLI, MAX_MINOR } from '../../contract/money.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';

/** What a cell means, or the reason why it means nothing (`price "abc" is no amount`). */
export type Parsed<T> = { value: T; fault?: undefined } | { value?: undefined; fault: string };
export type DecimalSign = '.' | ',';

/** No amount is longer; and a pattern with blanks in many places is slow on a page of them. */
const TEXT_MAX = 64;
const SPACES = '\\s\\u00a0\\u2007\\u2009\\u202f';
const GROUPING = `.,'’${SPACES}`;
/** Sign, mark, sign, number, mark, sign; or in brackets as accountants write what is less than nothing. */
const SHAPE = new RegExp(
  `^(\\()?([-−+])?\\s*(\\p{Sc}|\\p{L}[\\p{L}./]*\\p{Sc}?)?\\s*([-−+])?\\s*(\\d[\\d${GROUPING}]*|[.,]\\d+)\\s*` +
    `(\\p{Sc}|\\p{L}[\\p{L}.]*\\p{Sc}?)?\\s*([-−])?(\\))?$`,
  'u',
);
const CODES = new Set(Intl.supportedValuesOf('currency'));
const ABBREVIATIONS =
  /^(?:rs|kr|kč|zł|ft|lei|dh|fr|r|s\/|us|ca|au|nz|hk|mx|a|c|s|nt|rp|rm|tl|din|лв|руб|грн)\.?\p{Sc}?$/iu;
const GROUPS_OF_THREE = new RegExp(`^[1-9]\\d{0,2}(?:([${GROUPING}])\\d{3})(?:\\1\\d{3})*$`, 'u');
/** Lakh and crore: 12,34,567. */
const INDIAN_GROUPS = new RegExp(`^[1-9]\\d?(?:([${GROUPING}])\\d{2})(?:\\1\\d{2})*\\1\\d{3}$`, 'u');

const isCurrency = (mark: string) =>
  /^\p{Sc}$/u.test(mark) || CODES.has(mark.toUpperCase()) || ABBREVIATIONS.test(mark);

/**
 * A decimal as an integer of its smallest unit: `"1,20 €"` with `,` and 2 places → 120. A currency is let through where
 * `mayHaveCurrency`; thousands separators must stand where they belong.
 */
function parseScaled(
  text: string,
  decimal: DecimalSign,
  places: number,
  mayHaveCurrency: boolean,
): number | 'no number' | 'too precise' {
  const match = text.length > TEXT_MAX ? null : SHAPE.exec(text.trim());
  if (!match) return 'no number';
  const [, open, sign1, mark1, sign2, digits = '', mark2, sign3, close] = match;
  const marks = [mark1, mark2].filter((mark) => mark !== undefined);
  const signs = [sign1, sign2, sign3, open].filter((sign) => sign !== undefined);
  if ((open === undefined) !== (close === undefined) || signs.length > 1) return 'no number';
  if (marks.length > 0 && !(mayHaveCurrency && marks.every(isCurrency))) return 'no number';
  const at = digits.lastIndexOf(decimal);
  const whole = at < 0 ? digits.trimEnd() : digits.slice(0, at);
  const fraction = at < 0 ? '' : digits.slice(at + 1).trimEnd();
  if ((at >= 0 && !/^\d+$/.test(fraction)) || whole.includes(decimal)) return 'no number';
  if (!/^\d*$/.test(whole) && !GROUPS_OF_THREE.test(whole) && !INDIAN_GROUPS.test(whole)) return 'no number';
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > places) return 'too precise';
  const scaled = Number(whole.replace(/\D/g, '') + significant.padEnd(places, '0'));
  return signs.some((sign) => sign !== '+') && scaled !== 0 ? -scaled : scaled;
}

/** An amount in minor units, signed, with no more decimals than the currency has; `name` is used in the error. */
export function parseAmount(
  name: string,
  text: string,
  decimal: DecimalSign,
  digits: Digits,
): Parsed<number> {
  if (text.trim() === '') return { fault: `${name} is missing` };
  const minor = parseScaled(text, decimal, 2, true);
  if (minor === 'too precise') return { fault: `${name} "${text}" has more than two decimals` };
  if (typeof minor === 'number' && minor % smallestMinor(digits) !== 0)
    return { fault: `${name} "${text}" has decimals, and the shop's currency has none` };
  if (minor === 'no number') {
    const other = decimal === '.' ? ',' : '.';
    const hint =
      typeof parseScaled(text, other, 2, true) === 'number' ? ` (with --decimal ${other} it is one)` : '';
    return { fault: `${name} "${shorten(text)}" is no amount${hint}` };
  }
  if (Math.abs(minor) > MAX_MINOR) return { fault: `${name} "${text}" is beyond 99999999.99` };
  return { value: minor };
}

/** A quantity in thousandths, signed. */
export function parseQuantity(text: string, decimal: DecimalSign): Parsed<number> {
  if (text.trim() === '') return { fault: 'quantity is missing' };
  const milli = parseScaled(text, decimal, 3, false);
  if (milli === 'too precise') return { fault: `quantity "${text}" has more than three decimals` };
  if (milli === 'no number') return { fault: `quantity "${shorten(text)}" is no number` };
  if (Math.abs(milli) > MAX_MILLI) return { fault: `quantity "${text}" is beyond 999999999.999` };
  return { value: milli };
}

/**
 * The decimal sign of a quantity column: the given one, unless more of the samples are numbers with the other. Tills
 * that write prices as `1,20 €` often write quantities as `1.0`.
 */
export function quantitySign(samples: string[], given: DecimalSign): DecimalSign {
  const other = given === '.' ? ',' : '.';
  const fitting = (sign: DecimalSign) =>
    samples.filter((text) => parseQuantity(text, sign).fault === undefined).length;
  return fitting(other) > fitting(given) ? other : given;
}

/**
 * Price times quantity in minor units, rounded half up to the currency's digits; undefined when it is larger than an amount
 * can be.
 */
export function multiply(priceMinor: number, quantityMilli: number, digits: Digits): number | undefined {
  const unit = smallestMinor(digits);
  const product = priceMinor * quantityMilli;
  // Below the bound the product is far under 2^53, so nothing was lost before the division.
  if (product >= (MAX_MINOR + 0.5) * 1000) return undefined;
  const total = Math.floor((product + 500 * unit) / (1000 * unit)) * unit;
  return total <= MAX_MINOR ? total : undefined;
}

/** The unit price that gives a total exactly; undefined when there is none. */
export function divide(totalMinor: number, quantityMilli: number, digits: Digits): number | undefined {
  const priceMinor = (totalMinor * 1000) / quantityMilli;
  return Number.isInteger(priceMinor / smallestMinor(digits)) && Math.abs(priceMinor) <= MAX_MINOR
    ? priceMinor
    : undefined;
}

const PAYMENT_WORDS: [PaymentMethod, RegExp][] = [
  ['upi', /\b(?:upi|bhim|phonepe|g ?pay|google ?pay)\b/],
  ['wallet', /wallet|paytm|paypal|apple ?pay|mobile/],
  ['card', /card|credit|debit|visa|master|amex|maestro|girocard|\b(?:ec|cb)\b|karte|carte|tarjeta/],
  ['cash', /cash|espece|espèce|\bbar(?:geld)?\b|efectivo|contant/],
];

/** What a payment column says, as one of our methods; `other` when it says none of them. */
export function paymentMethodOf(text: string): PaymentMethod {
  const plain = text.toLowerCase();
  return PAYMENT_WORDS.find(([, words]) => words.test(plain))?.[0] ?? 'other';
}

/** A cell as a reason quotes it. */
export const shorten = (text: string) => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text);

/** More different texts than this are forgotten and parsed anew: a file of a million stamps must not fill the memory. */
const CACHE_MAX = 50_000;

/** Remembers what a text meant: the lines of a bill share a stamp, and a menu has few prices. */
export function cached<T>(parse: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      value = parse(text);
      if (known.size >= CACHE_MAX) known.clear();
      known.set(text, value);
    }
    return value;
  };
}
