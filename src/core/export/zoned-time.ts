import { wallClock } from '../shops/business-day.ts';

/** An instant, as ISO 8601 or in ms since 1970, by the clock of a shop with its offset: `2026-04-01T13:05:09+05:30`. */
export function zonedTime(instant: string | number, timezone: string): string {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant);
  const { date, time } = wallClock(new Date(ms), timezone);
  const minutes = Math.round((Date.parse(`${date}T${time}Z`) - Math.floor(ms / 1000) * 1000) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${date}T${time}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
