import { CLOCK_FLOOR } from '../machine-limits.ts';

const DAY_MS = 86_400_000;

/** The authority is good from here on whatever the clocks of box and tablets say. */
const AUTHORITY_SINCE = Date.UTC(2024, 0, 1);
/** Longer than the box and the tablets: a new authority means going around all of them. */
const AUTHORITY_YEARS = 20;
/** For tablets whose clock is slow. */
const BACKDATE_DAYS = 7;
/** Browsers take no certificate that is good for more than 398 days (CA/Browser Forum 6.3.2; Apple says 397 to be safe). */
const LEAF_DAYS = 396;
/** A box that was switched off for the season has a good one for some time after it is back. */
const RENEW_BEFORE_DAYS = 60;

export type Validity = { notBefore: Date; notAfter: Date };

export function authorityValidity(now: Date): Validity {
  const notAfter = new Date(Math.max(now.getTime(), CLOCK_FLOOR));
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + AUTHORITY_YEARS);
  return { notBefore: new Date(AUTHORITY_SINCE), notAfter };
}

/**
 * What time it is: the clock's, or if that can't be right, when the last certificate was made. A box that starts without a clock
 * then keeps the certificate that it has, until it was told the time.
 */
export function bestTime(now: Date, last: Validity | undefined): Date {
  if (now.getTime() >= CLOCK_FLOOR) return now;
  const made = last ? last.notBefore.getTime() + BACKDATE_DAYS * DAY_MS : 0;
  return new Date(Math.max(CLOCK_FLOOR, made));
}

export function leafValidity(now: Date): Validity {
  const notBefore = new Date(now.getTime() - BACKDATE_DAYS * DAY_MS);
  return { notBefore, notAfter: new Date(notBefore.getTime() + LEAF_DAYS * DAY_MS) };
}

/** Also of one that was made when the clock was ahead. */
export const isDue = ({ notBefore, notAfter }: Validity, now: Date): boolean =>
  now < notBefore || now.getTime() > notAfter.getTime() - RENEW_BEFORE_DAYS * DAY_MS;
