import { format as formatDate, parse } from 'date-fns';
import { fieldProblem } from '../../contract/problem.ts';
import { wallClock } from '../shops/business-day.ts';
import { checkYear, detectStyle, parseClock, parseStyled, type Stamp } from './date-styles.ts';
import { numericReader } from './numeric-format.ts';
import { cached, type Parsed, shorten } from './parse-values.ts';

/** What the first rows of a file have in their date and time columns; no time where there is no such column. */
export type DateSample = { date: string; time: string | undefined };
export type StampReader = (date: string, time: string | undefined) => Parsed<Stamp>;

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

/** A date text is short; date-fns is slow on long ones. */
const TEXT_MAX = 64;

/** Tokens of a format outside its quoted parts. */
const tokensOf = (format: string) => format.replace(/'[^']*'/g, '');
const hasTimeTokens = (format: string) => /[HhKkmsptT]/.test(tokensOf(format));
const hasZoneTokens = (format: string) => /[XxtT]/.test(tokensOf(format));

function parseFormatted(text: string, format: string, timeZone: string, now: Date): Stamp | undefined {
  if (text.length > TEXT_MAX) return undefined;
  // What a format leaves out is 1 January, midnight, of this year; two-digit years are the nearest to it.
  const origin = new UtcDate(Date.UTC(now.getUTCFullYear(), 0, 1));
  const parsed = parse(text, format, origin, inUtc);
  if (Number.isNaN(parsed.getTime())) return undefined;
  if (hasZoneTokens(format)) return wallClock(parsed, timeZone);
  const iso = parsed.toISOString();
  // Years beyond 9999 have a sign and six digits.
  const date = iso.slice(0, iso.indexOf('T'));
  return { date, time: hasTimeTokens(format) ? iso.slice(-13, -5) : undefined };
}

/**
 * Throws `invalid_request` for a format that date-fns can't use (in its own words, which name the mend) or that leaves
 * out the year, the month or the day: a date written and read again must be the same.
 */
function checkFormat(format: string, now: Date): void {
  const fault = formatFault(format, now);
  if (fault === undefined) return;
  throw fieldProblem('invalid_request', '/dateFormat', `The date format ${format} can not be used: ${fault}`);
}

function formatFault(format: string, now: Date): string | undefined {
  // They mean the week-year and the day of the year; date-fns would also write a warning to the console.
  if (/[YD]/.test(tokensOf(format))) return 'write yyyy for the year and dd for the day (Unicode tokens).';
  const day = new UtcDate(Date.UTC(now.getUTCFullYear() - 1, 10, 23, 12));
  try {
    const again = parseFormatted(formatDate(day, format), format, 'UTC', now);
    const isSame = again?.date === day.toISOString().slice(0, 10);
    return isSame ? undefined : 'it does not say year, month and day.';
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Reads the date and time columns of one file. `dateFormat` (Unicode tokens, UTS #35) describes what both look like,
 * joined by a blank; without it ISO and the numeric styles are told apart by the samples. Throws `invalid_request`.
 */
export function createStampReader(options: {
  dateFormat: string | undefined;
  timeZone: string;
  samples: DateSample[];
  now: Date;
}): StampReader {
  const { dateFormat: format, timeZone, samples, now } = options;
  if (format === undefined) {
    const style = detectStyle(
      samples.map((sample) => sample.date),
      timeZone,
    );
    return readApart((text) => parseStyled(text, style, timeZone), 'is no date', now);
  }
  checkFormat(format, now);
  const byDateFns = (text: string) => parseFormatted(text, format, timeZone, now);
  const parseText = numericReader(format, now) ?? byDateFns;
  const read = (text: string) => parseText(text.trim());
  // A date column that holds the time as well needs no other.
  const isApart = !hasTimeTokens(format) || samples.some((sample) => read(sample.date));
  const complaint = `is not written as ${format}`;
  return isApart ? readApart(read, complaint, now) : readJoined(read, complaint, now);
}

/** The date column says the day, and the time too unless there is a column for that. */
function readApart(read: (text: string) => Stamp | undefined, complaint: string, now: Date): StampReader {
  const readDate = cached((text): Parsed<Stamp> => {
    if (text.trim() === '') return { fault: 'date is missing' };
    const stamp = text.length > TEXT_MAX ? undefined : read(text);
    return stamp ? checkYear(stamp, now) : { fault: `date "${shorten(text)}" ${complaint}` };
  });
  const readTime = cached((text): Parsed<string> => {
    const time = text.length > TEXT_MAX ? undefined : parseClock(text);
    return time ? { value: time } : { fault: `time "${shorten(text)}" is no time of day` };
  });
  return (dateText, timeText) => {
    const day = readDate(dateText);
    if (day.fault !== undefined || timeText === undefined || timeText.trim() === '') return day;
    const time = readTime(timeText);
    return time.fault !== undefined ? time : { value: { date: day.value.date, time: time.value } };
  };
}

function readJoined(read: (text: string) => Stamp | undefined, complaint: string, now: Date): StampReader {
  const readStamp = cached((text): Parsed<Stamp> => {
    const stamp = read(text);
    return stamp ? checkYear(stamp, now) : { fault: `date "${shorten(text)}" ${complaint}` };
  });
  return (dateText, timeText) => {
    if (dateText.trim() === '') return { fault: 'date is missing' };
    return readStamp(timeText === undefined ? dateText.trim() : `${dateText.trim()} ${timeText.trim()}`);
  };
}

/**
 * Whether a column that was only guessed to hold the time does: its first values are times of day, or the format needs
 * what they say. Some files have `Night` there.
 */
export function isTimeColumn(samples: DateSample[], format: string | undefined, now: Date): boolean {
  const filled = samples.map((sample) => sample.time?.trim() ?? '').filter((time) => time !== '');
  const clocks = filled.filter((time) => time.length <= TEXT_MAX && parseClock(time) !== undefined);
  if (clocks.length > 0 && clocks.length >= filled.length / 2) return true;
  if (format === undefined || !hasTimeTokens(format)) return false;
  checkFormat(format, now);
  return samples.some(({ date, time = '' }) =>
    parseFormatted(`${date.trim()} ${time.trim()}`, format, 'UTC', now),
  );
}
