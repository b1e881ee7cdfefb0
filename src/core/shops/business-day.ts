const DAY_MS = 86_400_000;

/** The `YYYY-MM-DD` so many days after another. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

const dayBefore = (date: string) => daysAfter(date, -1);

/**
 * The business date (`YYYY-MM-DD`) of a wall time in the shop: before `dayStart` (`HH:MM`) it is still the day before.
 * A sale at 01:30 belongs to the evening before when the day starts at 04:00.
 */
export function businessDateOf(wallDate: string, wallTime: string, dayStart: string): string {
  return wallTime < dayStart ? dayBefore(wallDate) : wallDate;
}

/** The business date of an instant in a shop; `dayStart` is `HH:MM`. */
export function businessDateAt(instant: Date, shop: { timezone: string; dayStart: string }): string {
  const dayStart = shop.dayStart.slice(0, 5);
  const wall = wallClock(instant, shop.timezone);
  const hasBegun = wall.time < dayStart && wasPutBack(instant, wall, dayStart, shop.timezone);
  return hasBegun ? wall.date : businessDateOf(wall.date, wall.time, dayStart);
}

/** No zone puts its clock back by more. */
const LONGEST_CHANGE_MINUTES = 120;

/** Whether the clock showed the day's start already before it was put back: a day that has begun doesn't end again. */
function wasPutBack(
  instant: Date,
  wall: { date: string; time: string },
  dayStart: string,
  timeZone: string,
): boolean {
  const before = (minutes: number) => wallClock(new Date(instant.getTime() - minutes * 60_000), timeZone);
  const { date, time } = before(LONGEST_CHANGE_MINUTES);
  const shown = (wallDate: string, wallTime: string) => Date.parse(`${wallDate}T${wallTime}Z`);
  const passed = shown(wall.date, wall.time) - shown(date, time);
  if (passed >= LONGEST_CHANGE_MINUTES * 60_000) return false;
  for (let minutes = 1; minutes <= LONGEST_CHANGE_MINUTES; minutes += 1) {
    const earlier = before(minutes);
    if (earlier.date === wall.date && earlier.time >= dayStart) return true;
  }
  return false;
}

/**
 * The fiscal year of a business date as bill numbers show it: `2015` when it starts on 1 January, else the two
 * calendar years that it touches, `2627`. `fiscalYearStart` is `MM-DD`.
 */
export function fiscalYearLabel(businessDate: string, fiscalYearStart: string): string {
  const year = Number(businessDate.slice(0, 4));
  if (fiscalYearStart === '01-01') return businessDate.slice(0, 4);
  const startYear = businessDate.slice(5) >= fiscalYearStart ? year : year - 1;
  return [startYear, startYear + 1].map((each) => String(each % 100).padStart(2, '0')).join('');
}

/** The first and the last day of the fiscal year that a business date is in. */
export function fiscalYearSpan(businessDate: string, fiscalYearStart: string): { from: string; to: string } {
  const year = Number(businessDate.slice(0, 4));
  const startYear = businessDate.slice(5) >= fiscalYearStart ? year : year - 1;
  const startOf = (each: number) => `${String(each).padStart(4, '0')}-${fiscalYearStart}`;
  return { from: startOf(startYear), to: dayBefore(startOf(startYear + 1)) };
}

/** `CODE/2627/000123`: at most 16 characters up to the millionth bill of a year (Indian GST rule 46). */
export function formatOrderNumber(code: string, label: string, number: number): string {
  return `${code}/${label}/${String(number).padStart(6, '0')}`;
}

/** `CODE/C2627/00123`. */
export function formatCreditNoteNumber(code: string, label: string, number: number): string {
  return `${code}/C${label}/${String(number).padStart(5, '0')}`;
}

/** Making a formatter costs a hundred times as much as using one, and a program serves few zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}

/** What the clock on the wall shows at an instant: `YYYY-MM-DD` and `HH:MM:SS`. Throws RangeError for no zone. */
export function wallClock(instant: Date, timeZone: string): { date: string; time: string } {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(instant)) parts[type] = value;
  const { year = '', month, day, hour, minute, second } = parts;
  return { date: `${year.padStart(4, '0')}-${month}-${day}`, time: `${hour}:${minute}:${second}` };
}
