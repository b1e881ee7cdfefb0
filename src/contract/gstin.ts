import { indianStateOf } from './indian-states.ts';

/**
 * State, PAN and entity code (CGST Rules 2017, rule 10 (1) (a) to (c)); a PAN is five letters, four digits and a letter (Income-tax
 * Rules 1962, rule 114). The portal numbers the registrations of a PAN in a State 1 to 9 and A to Z, and keeps the place after it.
 */
const FORM = /^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z][A-Z\d][A-Z\d]$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE = DIGITS.length;

/** As it is kept: without the spaces and hyphens that people put in, in capitals. */
export const compactGstin = (typed: string): string => typed.replace(/[\s-]+/g, '').toUpperCase();

/**
 * The "checksum character" of CGST Rules 2017, rule 10 (1) (d), for the first 14 characters. The rule doesn't say how; the portal's is
 * Luhn's sum in base 36: each character's value, every second one doubled, counts with the sum of its two digits in that base.
 */
export function gstinCheckCharacter(first14: string): string {
  let sum = 0;
  for (let at = 0; at < 14; at += 1) {
    const value = DIGITS.indexOf(first14[at] as string) * (at % 2 === 0 ? 1 : 2);
    sum += Math.floor(value / BASE) + (value % BASE);
  }
  return DIGITS[(BASE - (sum % BASE)) % BASE] as string;
}

/** The code of the State in which a GSTIN is registered; undefined if it begins with none. */
export const stateOfGstin = (gstin: string): string | undefined => indianStateOf(gstin.slice(0, 2));

/** What is wrong with a compact GSTIN, as the end of a sentence; undefined if it can be one. */
export function findGstinFault(gstin: string): string | undefined {
  if (gstin.length !== 15)
    return `has ${gstin.length} ${gstin.length === 1 ? 'character' : 'characters'}, and a GSTIN has 15: look at the registration certificate`;
  const state = stateOfGstin(gstin);
  if (!/^\d\d/.test(gstin) || state === undefined || state === '96')
    return `begins with ${gstin.slice(0, 2)}, which is no State code of GST: a GSTIN of Maharashtra begins with 27`;
  if (!FORM.test(gstin))
    return 'is not a GSTIN: two digits of the State, the ten characters of the PAN such as ABCPE1234F, and three more';
  if (gstin[14] !== gstinCheckCharacter(gstin.slice(0, 14)))
    return 'is mistyped somewhere: its last character does not fit the others. Look at the registration certificate';
  return undefined;
}
