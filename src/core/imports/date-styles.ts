import { fieldProblem } from '../../contract/problem.ts';
import { wallClock } from '../shops/business-day.ts';
import { type Parsed, shorten } from './parse-values.ts';

/** Wall time in the shop: `YYYY-MM-DD` and `HH:MM:SS`; no time where the file has none. */
export type Stamp = { date: string; time: string | undefined };
/** How the days of a file are written when no format was given. */
export type DateStyle = 'iso' | 'dayFirst' | 'monthFirst';

const TIME = '(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,]\\d{1,9})?)?(?:\\s*([ap])\\.?m\\.?)?';
const CLOCK = new RegExp(`^${TIME}$`, 'i');
const OFFSET = '(?:\\s?(Z|[+-]\\d{2}:?\\d{2}))?';
const ISO = new RegExp(`^(\\d{4})([-/])(\\d{1,2})\\2(\\d{1,2})(?:(?:T|\\s|,\\s)${TIME}${OFFSET})?$`, 'i');
const NUMERIC = new RegExp(`^(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4})(?:(?:T|\\s|,\\s)${TIME})?$`, 'i');

/** Tokens of a format outside its quoted parts. */
export const tokensOf = (format: string) => format.replace(/'[^']*'/g, '');
export const formatHasTime = (format: string) => /[HhKkmsptT]/.test(tokensOf(format));

const two = (value: number | string) => String(value).padStart(2, '0');

/** `YYYY-MM-DD`; undefined when the calendar has no such day. */
export function formatDay(year: number, month: number, day: number): string | undefined {
  const isDay =
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return isDay ? `${year}-${two(month)}-${two(day)}` : undefined;
}

/** `HH:MM:SS`; `half` is the a or p of a twelve-hour clock. Undefined when no clock shows it. */
export function formatTime(
  hour: string,
  minute: string,
  second: string | undefined,
  half: string | undefined,
): string | undefined {
  const clock = Number(hour);
  if (half ? clock < 1 || clock > 12 : clock > 23) return undefined;
  if (Number(minute) > 59 || Number(second ?? 0) > 59) return undefined;
  const hours = half ? (clock % 12) + (half.toLowerCase() === 'p' ? 12 : 0) : clock;
  return `${two(hours)}:${two(minute)}:${two(second ?? 0)}`;
}

/** `9:05`, `21:05:30`, `9:05 PM` → `HH:MM:SS`; undefined when it is no clock time. */
export function parseClock(text: string): string | undefined {
  const match = CLOCK.exec(text.trim());
  return match?.[1] && match[2] ? formatTime(match[1], match[2], match[3], match[4]) : undefined;
}

/** A day, with or without a time, as `style` reads it; ISO is always understood. Instants become wall time in `timeZone`. */
export function parseStyled(text: string, style: DateStyle, timeZone: string): Stamp | undefined {
  const trimmed = text.trim();
  const iso = ISO.exec(trimmed);
  const numeric = iso ? null : NUMERIC.exec(trimmed);
  if (!iso && !numeric) return undefined;
  const [, , , , , hour, minute, second, half, offset] = iso ?? numeric ?? [];
  const date = iso ? formatDay(Number(iso[1]), Number(iso[3]), Number(iso[4])) : numericDay(numeric, style);
  if (!date || hour === undefined || minute === undefined)
    return date ? { date, time: undefined } : undefined;
  const time = formatTime(hour, minute, second, half);
  if (!time) return undefined;
  if (!offset) return { date, time };
  const zone = offset.toUpperCase() === 'Z' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(-2)}`;
  const instant = new Date(`${date}T${time}${zone}`);
  return Number.isNaN(instant.getTime()) ? undefined : wallClock(instant, timeZone);
}

function numericDay(match: RegExpExecArray | null, style: DateStyle): string | undefined {
  if (!match) return undefined;
  const [first, second, year] = [Number(match[1]), Number(match[3]), Number(match[4])];
  // Only countries that write the day first put dots between.
  if (style === 'dayFirst' || match[2] === '.') return formatDay(year, second, first);
  return style === 'monthFirst' ? formatDay(year, first, second) : undefined;
}

/**
 * The style that reads the first dates of a file. Throws `invalid_request`, asking for a format, when none does, when
 * both orders of day and month do, and when one order does for some dates and the other for others.
 */
export function detectStyle(samples: string[], timeZone: string): DateStyle {
  const dates = [...new Set(samples.map((sample) => sample.trim()))].filter((sample) => sample !== '');
  const readBy = (style: DateStyle) =>
    dates.filter((date) => parseStyled(date, style, timeZone) !== undefined);
  const [iso, dayFirst, monthFirst] = [readBy('iso'), readBy('dayFirst'), readBy('monthFirst')];
  if (dayFirst.length === iso.length && monthFirst.length === iso.length) {
    if (iso.length > 0 || dates.length === 0) return 'iso';
    throw refuse(`"${shorten(dates[0] ?? '')}" is no date that can be read without being told how.`);
  }
  const onlyDayFirst = dayFirst.find((date) => !monthFirst.includes(date));
  const onlyMonthFirst = monthFirst.find((date) => !dayFirst.includes(date));
  if (onlyDayFirst && onlyMonthFirst) {
    throw refuse(`"${onlyDayFirst}" has the day first and "${onlyMonthFirst}" the month.`);
  }
  if (onlyDayFirst) return 'dayFirst';
  if (onlyMonthFirst) return 'monthFirst';
  const sample = dayFirst.find((date) => !iso.includes(date)) ?? '';
  const [day, month] = [
    parseStyled(sample, 'dayFirst', timeZone),
    parseStyled(sample, 'monthFirst', timeZone),
  ];
  throw refuse(`"${sample}" may be ${day?.date} (day first) or ${month?.date} (month first).`);
}

const refuse = (detail: string) =>
  fieldProblem(
    'invalid_request',
    '/dateFormat',
    `${detail} Say how date and time are written with --date-format, as in dd/MM/yyyy or MM/dd/yyyy HH:mm.`,
  );

/** The day of a file's row must be one that a till could have seen. */
export function checkYear(stamp: Stamp, now: Date): Parsed<Stamp> {
  const last = now.getUTCFullYear() + 1;
  const year = Number(stamp.date.slice(0, 4));
  if (year >= 1970 && year <= last) return { value: stamp };
  return { fault: `date ${stamp.date} is not between 1970 and ${last}` };
}
