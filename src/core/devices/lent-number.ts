/** Rule 46(b) of the Indian CGST Rules: a bill's number has at most sixteen characters. */
const MAX_LENGTH = 16;
/** More would only make the number longer to read. */
const MAX_DIGITS = 5;

/** `label` is that of the epoch and fiscal year for which it was lent (`seriesLabel`). */
export type LentNumber = { series: string; label: string; number: number };

/** How the numbers of a device's series look: `KULF-A/2627/` and four digits, `PZA-A/2627/` and five. */
export function lentNumberFormat(code: string, series: string, label: string) {
  const prefix = `${code}-${series}/${label}/`;
  return { prefix, digits: Math.min(MAX_DIGITS, MAX_LENGTH - prefix.length) };
}

export function formatLentNumber(code: string, { series, label, number }: LentNumber): string {
  const { prefix, digits } = lentNumberFormat(code, series, label);
  return prefix + String(number).padStart(digits, '0');
}

/** Undefined for what is no number of such a series of this shop. */
export function parseLentNumber(code: string, text: string): LentNumber | undefined {
  const match = /^[A-Z]+-([A-Z]{1,2})\/([^/]+)\/(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, series, label, digits] = match as unknown as [string, string, string, string];
  const lent = { series, label, number: Number(digits) };
  return formatLentNumber(code, lent) === text ? lent : undefined;
}
