import { createHash } from 'node:crypto';

/** An epoch of a shop's data. `isFirst`: the shop has never been restored from a backup. */
export type Epoch = { id: string; isFirst: boolean };

/** Without I and O, which are read as digits. Beginning with a letter, a label never looks like a year. */
const FIRST = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
const SYMBOLS = `${FIRST}23456789`;
/** As many as a fiscal year's own label has: every number keeps its length. */
const LENGTH = 4;
const LABELS = FIRST.length * SYMBOLS.length ** (LENGTH - 1);
/** Of the digest; so much more than there are labels that each is as likely as the next. */
const USED_BYTES = 6;

/**
 * What stands in numbers for an epoch and a fiscal year (`fiscalYearLabel`): the year's own label in a shop's first epoch,
 * `2627` or `2026`; in later ones four symbols of SHA-256 over both, such as `KTQX`.
 *
 * Made of the epoch, it needs nothing that the backup hasn't: one archive restored on two machines gives two series. There are
 * 786,432 labels, so that two epochs meet in one with odds of 1 to 786,431 each fiscal year; `beginEpoch` takes none that the
 * shop's own records know.
 */
export function seriesLabel({ id, isFirst }: Epoch, fiscalYear: string): string {
  if (isFirst) return fiscalYear;
  const digest = createHash('sha256')
    .update(`smoocho series label 1\n${id.toLowerCase()}\n${fiscalYear}`)
    .digest();
  let place = digest.readUIntBE(0, USED_BYTES) % LABELS;
  let rest = '';
  for (let n = 1; n < LENGTH; n += 1) {
    rest = SYMBOLS.charAt(place % SYMBOLS.length) + rest;
    place = Math.floor(place / SYMBOLS.length);
  }
  return FIRST.charAt(place) + rest;
}

const twoDigits = (n: number) => String(n % 100).padStart(2, '0');
/** The fiscal years that begin in so many calendar years from `first` on, whichever day they begin on. */
const fiscalYears = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => first + n).flatMap((year) => [
    String(year),
    twoDigits(year) + twoDigits(year + 1),
  ]);

const CENTURY = [...new Set(fiscalYears(2000, 100))];

/** The fiscal years in which tills sell at about that time. */
export const yearsAround = (at: Date): string[] => fiscalYears(at.getUTCFullYear() - 1, 3);

/** The labels of an epoch: unless said, all that its tills have given or will, those of this century's fiscal years. */
export const labelsOf = (epoch: Epoch, years: string[] = CENTURY): string[] =>
  years.map((year) => seriesLabel(epoch, year));

const LABEL = new RegExp(`^(\\d{4}|[${FIRST}][${SYMBOLS}]{3})$`);

/** Whether a text has the form of a label, of whichever epoch. */
export const isLabel = (text: string): boolean => LABEL.test(text);

/** Whether it is a fiscal year's own, as a shop's first epoch has them. */
export const isYearLabel = (label: string): boolean => /^\d{4}$/.test(label);
