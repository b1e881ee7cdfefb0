import { formatDay, formatTime, type Stamp, tokensOf } from './date-styles.ts';

/** Unicode tokens that are digits (or AM/PM), as groups of a pattern. As lenient about leading zeros as date-fns is. */
const TOKENS: Record<string, string> = {
  yyyy: '(?<year>\\d{4})',
  yy: '(?<shortYear>\\d{2})',
  MM: '(?<month>\\d{1,2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{1,2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{1,2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{1,2})',
  h: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{1,2})',
  m: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{1,2})',
  s: '(?<second>\\d{1,2})',
  a: '(?<half>[ap])\\.?m\\.?',
};

/**
 * A reader for formats of digits alone, with something between them: date-fns takes 10 to 50 µs for a date, which a file
 * of a million would notice; this takes one. Undefined for any other format.
 */
export function numericReader(format: string, now: Date): ((text: string) => Stamp | undefined) | undefined {
  const pattern = compile(format);
  if (!pattern) return undefined;
  return (text) => {
    const groups = pattern.exec(text)?.groups;
    if (!groups) return undefined;
    const { year, shortYear = '', month, day, hour, minute, second, half } = groups;
    const date = formatDay(
      year ? Number(year) : fullYear(Number(shortYear), now),
      Number(month),
      Number(day),
    );
    if (!date || hour === undefined) return date ? { date, time: undefined } : undefined;
    const time = formatTime(hour, minute ?? '0', second, half);
    return time ? { date, time } : undefined;
  };
}

/** The last one that isn't later than next year: a sale was not made in the future. */
function fullYear(shortYear: number, now: Date): number {
  const year = 2000 + shortYear;
  return year <= now.getUTCFullYear() + 1 ? year : year - 100;
}

function compile(format: string): RegExp | undefined {
  let source = '';
  let isAfterDigits = false;
  const used = new Set<string>();
  for (const [piece] of format.matchAll(/([A-Za-z])\1*|'[^']*'|\s+|[^A-Za-z\s']/g)) {
    const token = TOKENS[piece];
    if (/^[A-Za-z]/.test(piece)) {
      const name = token?.slice(3, token.indexOf('>'));
      // Tokens that touch (ddMMyyyy) or come twice are left to date-fns.
      if (!token || !name || used.has(name) || (isAfterDigits && piece !== 'a')) return undefined;
      used.add(name);
      source += token;
    } else if (/^\s/.test(piece)) source += '\\s+';
    else source += escapeRegExp(piece.startsWith("'") ? piece.slice(1, -1) : piece);
    isAfterDigits = token !== undefined;
  }
  const hasDay = used.has('day') && used.has('month') && used.has('year') !== used.has('shortYear');
  const isTwelveHour = /h/.test(tokensOf(format));
  const hasTime = used.has('hour') ? used.has('minute') : !used.has('minute') && !used.has('second');
  if (!hasDay || !hasTime || isTwelveHour !== used.has('half')) return undefined;
  return new RegExp(`^${source}$`, 'i');
}

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
