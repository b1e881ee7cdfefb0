import { wallClock } from '../../core/shops/business-day.ts';

/** Times as the clock on a shop's wall shows them, to the minute; nothing for none. */
export const clockIn = (timezone: string) => (time: string | null) => {
  if (time === null) return '';
  const wall = wallClock(new Date(time), timezone);
  return `${wall.date} ${wall.time.slice(0, 5)}`;
};
