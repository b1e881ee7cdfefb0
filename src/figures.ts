const COUNTS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

/** `1 order`, `21,350 orders`. */
export const count = (number: number, thing: string): string =>
  `${COUNTS.format(number)} ${thing}${number === 1 ? '' : 's'}`;

/** Formats bytes as `0.3 MB` or `1,240 MB`. */
export const formatSize = (bytes: number): string =>
  `${COUNTS.format(bytes < 10_000_000 ? Math.max(0.1, Math.round(bytes / 100_000) / 10) : Math.round(bytes / 1_000_000))} MB`;

/** Formats room on a disk as `27.4 GB`; rounded down, so that nobody counts on more than there is. */
export const formatRoom = (bytes: number): string =>
  `${COUNTS.format(Math.floor(bytes / 100_000_000) / 10)} GB`;

/** A moment for people who may be in any time zone: `2026-05-10 03:00 UTC`. Takes a Date or ISO 8601 in UTC. */
export const formatMinute = (time: Date | string): string =>
  `${(typeof time === 'string' ? time : time.toISOString()).slice(0, 16).replace('T', ' ')} UTC`;
