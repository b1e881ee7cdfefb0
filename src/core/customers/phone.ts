import { createRequire } from 'node:module';
import { fieldProblem } from '../../contract/problem.ts';

type Library = typeof import('libphonenumber-js/min');

let library: Library | undefined;

/** Loads it; a command does so with the first number, for it takes 40 ms and 11 MB. */
export const loadPhoneLibrary = (): void => void phoneLibrary();

function phoneLibrary(): Library {
  library ??= createRequire(import.meta.url)('libphonenumber-js/min') as Library;
  return library;
}

/** Digits of the Indian scripts stand in rows of ten, each from a sixth place on (०, ০, ௦ …). */
const toAsciiDigit = (digit: string) => String(((digit.codePointAt(0) as number) & 0xf) - 6);

/**
 * A phone number as people write it (`98765 43210`, `+91 98765-43210`, `0091…`) → E.164, `+919876543210`, so that the
 * same number is the same text. `country`, ISO 3166-1 alpha-2, is where a number without its country is dialled; with
 * '' it must have it. Only the count of digits is checked, for new number ranges come every year.
 * Throws `invalid_request`, naming `pointer`.
 */
export function normalizePhone(text: string, country: string, pointer: string): string {
  // Address books wrap a number in marks of its direction, which nobody sees.
  const plain = text
    .replace(/\p{Cf}/gu, '')
    .replace(/[\p{Nd}&&[\u0900-\u0d7f]]/gv, toAsciiDigit)
    .trim()
    .replace(/^\(\+(\d+)\)/, '+$1 ');
  const { parsePhoneNumberFromString, isSupportedCountry } = phoneLibrary();
  const home = isSupportedCountry(country) ? country : undefined;
  const number = parsePhoneNumberFromString(home ? plain : plain.replace(/^00/, '+'), {
    ...(home && { defaultCountry: home }),
    extract: false,
  });
  // An extension is another telephone: without it, the people of one office would be one customer.
  if (number?.isPossible() && !number.ext) return number.number;
  const form = home && !plain.startsWith('+') ? 'a phone number' : 'a phone number with its country';
  throw fieldProblem('invalid_request', pointer, `is not ${form} like +91 98765 43210`);
}
