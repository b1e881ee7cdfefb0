import { fieldProblem } from '../../contract/problem.ts';
import { wallClock } from '../shops/business-day.ts';
import { formatHasTime, type Stamp, tokensOf } from './date-styles.ts';

/**
 * A Date whose own clock is UTC, whatever the machine's zone: date-fns then builds wall times that no daylight saving
 * of this machine can move. (A subclass because date-fns makes its dates by the class of its context.)
 */
class UtcDate extends Date {}
for (const part of ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds', 'Day']) {
  for (const verb of ['get', 'set']) {
    const utc: unknown = Reflect.get(Date.prototype, `${verb}UTC${part}`);
    if (utc) Object.defineProperty(UtcDate.prototype, `${verb}${part}`, { value: utc });
  }
}
Object.defineProperty(UtcDate.prototype, 'getTimezoneOffset', { value: () => 0 });

const inUtc = { in: (value: Date | number | string) => new UtcDate(value) };

/** Instants (an offset, a Unix time), not wall times. */
const hasZone = (format: string) => /[XxtT]/.test(tokensOf(format));

/**
 * A reader for any format of Unicode tokens (UTS #35), names of months and offsets too. Throws `invalid_request` for one
 * that can't be used or that leaves out the year, the month or the day.
 */
export async function namedReader(
  format: string,
  timeZone: string,
  now: Date,
): Promise<(text: string) => Stamp | undefined> {
  // They mean the week-year and the day of the year; date-fns would also write a warning to the console.
  if (/[YD]/.test(tokensOf(format))) {
    throw refuse(format, 'write yyyy for the year and dd for the day (Unicode tokens).');
  }
  // Loaded when it is needed: two hundred modules. Never from the index, which has all of them.
  const { parse } = await import('date-fns/parse');
  const { format: write } = await import('date-fns/format');
  // What a format leaves out is midnight; two-digit years are the nearest to this one.
  const origin = new UtcDate(Date.UTC(now.getUTCFullYear(), 0, 1));
  const read = (text: string): Stamp | undefined => {
    const parsed = parse(text, format, origin, inUtc);
    if (Number.isNaN(parsed.getTime())) return undefined;
    if (hasZone(format)) return wallClock(parsed, timeZone);
    const iso = parsed.toISOString();
    // Years beyond 9999 have a sign and six digits.
    return {
      date: iso.slice(0, iso.indexOf('T')),
      time: formatHasTime(format) ? iso.slice(-13, -5) : undefined,
    };
  };
  check(format, (day) => write(day, format), read, now);
  return read;
}

/** A day that is written and read again must be the same. */
function check(
  format: string,
  write: (day: Date) => string,
  read: (text: string) => Stamp | undefined,
  now: Date,
): void {
  const day = new UtcDate(Date.UTC(now.getUTCFullYear() - 1, 10, 23, 12));
  let reason = 'it does not say year, month and day.';
  try {
    const again = read(write(day));
    const awayMs = again ? Math.abs(Date.parse(`${again.date}T12:00:00Z`) - day.getTime()) : Number.NaN;
    // An instant may be another day in the shop's zone.
    if (awayMs <= (hasZone(format) ? 86_400_000 : 0)) return;
  } catch (error) {
    reason = (error as Error).message;
  }
  throw refuse(format, reason);
}

const refuse = (format: string, reason: string) =>
  fieldProblem('invalid_request', '/dateFormat', `The date format ${format} can not be used: ${reason}`);
