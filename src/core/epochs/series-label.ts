import { createHash } from 'node:crypto';

/** An epoch of a shop's data. `isFirst`: no earlier one, known or lost, can have used the shop's code. */
export type Epoch = { id: string; isFirst: boolean };

/** Without I and O, which look like digits. A label begins with a letter, so it never looks like a year. */
const FIRST = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
const SYMBOLS = `${FIRST}23456789`;
/** As long as a fiscal year's label, so that every number keeps its length. */
const LENGTH = 4;
const LABELS = FIRST.length * SYMBOLS.length ** (LENGTH - 1);
/** Bytes of the digest: enough more than LABELS that all labels are equally likely. */
const USED_BYTES = 6;

/**
 * The part of a number that stands for epoch and fiscal year (`fiscalYearLabel`): in a shop's first epoch the year's own label,
 * `2627` or `2026`; in later ones four symbols of SHA-256 over both, such as `KTQX`.
 *
 * Derived from the epoch id alone: one backup restored on two machines gives two series. There are 786,432 labels, so two
 * epochs collide with odds of 1 to 786,431 each fiscal year; `beginEpoch` avoids those in the shop's own records.
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
/** Labels of the fiscal years that begin in `count` calendar years from `first` on, on whichever day. */
const fiscalYears = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => first + n).flatMap((year) => [
    String(year),
    twoDigits(year) + twoDigits(year + 1),
  ]);

const CENTURY = [...new Set(fiscalYears(2000, 100))];

/** The fiscal years in which tills sell around that time. */
export const yearsAround = (at: Date): string[] => fiscalYears(at.getUTCFullYear() - 1, 3);

/** The labels of an epoch; by default for all fiscal years of this century, so all that its tills ever give. */
export const labelsOf = (epoch: Epoch, years: string[] = CENTURY): string[] =>
  years.map((year) => seriesLabel(epoch, year));

const LABEL = new RegExp(`^(\\d{4}|[${FIRST}][${SYMBOLS}]{3})$`);

/** Whether a text has the form of a label, of any epoch. */
export const isLabel = (text: string): boolean => LABEL.test(text);

/** Whether it is a fiscal year's own label, as in a shop's first epoch. */
export const isYearLabel = (label: string): boolean => /^\d{4}$/.test(label);
