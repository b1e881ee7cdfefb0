/**
 * Money and quantities as they cross the wire. In code, money is an integer of minor units (paisa, cents)
 * and a quantity an integer of thousandths; no float lies in between.
 */

const decimalPattern = (digits: number, places: number) =>
  new RegExp(`^(-?)(\\d{1,${digits}})(?:\\.(\\d{1,${places}}))?$`);
const MONEY = decimalPattern(8, 2); // numeric(10,2)
const QUANTITY = decimalPattern(9, 3); // numeric(12,3)
const RATE = decimalPattern(3, 3);

function parseDecimal(text: string, pattern: RegExp, places: number): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const scaled = Number(`${match[2]}${(match[3] ?? '').padEnd(places, '0')}`);
  return match[1] === '-' && scaled !== 0 ? -scaled : scaled;
}

function formatDecimal(scaled: number, places: number): string {
  const digits = String(Math.abs(scaled)).padStart(places + 1, '0');
  return `${scaled < 0 ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** `"12.5"` → 1250; undefined when it is no amount with at most 8 digits and 2 decimals. */
export const parseMinor = (text: string) => parseDecimal(text, MONEY, 2);
/** 1250 → `"12.50"`. */
export const formatMinor = (minor: number) => formatDecimal(minor, 2);
/** `"0.25"` → 250 thousandths; undefined when it has more than 9 digits or 3 decimals. */
export const parseMilli = (text: string) => parseDecimal(text, QUANTITY, 3);
/** 250 → `"0.250"`, as PostgreSQL's numeric(12,3) has it. */
export const formatMilli = (milli: number) => formatDecimal(milli, 3);
/** 250 → 0.25: quantities are JSON numbers, exact to three places. */
export const quantityFromMilli = (milli: number) => Number(formatDecimal(milli, 3));
/** `"2.5"` → 2500: a percentage in thousandths of a per cent. */
export const parseRate = (text: string) => parseDecimal(text, RATE, 3);

/** The largest amount that numeric(10,2) holds. */
export const MAX_MINOR = 9_999_999_999;
/** The largest quantity that numeric(12,3) holds. */
export const MAX_MILLI = 999_999_999_999;
