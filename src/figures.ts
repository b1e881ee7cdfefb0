const COUNTS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

/** `1 order`, `21,350 orders`. */
export const count = (number: number, thing: string): string =>
  `${COUNTS.format(number)} ${thing}${number === 1 ? '' : 's'}`;

/** Formats bytes as `0.3 MB` or `1,240 MB`. */
export const formatSize = (bytes: number): string =>
  `${COUNTS.format(bytes < 10_000_000 ? Math.max(0.1, Math.round(bytes / 100_000) / 10) : Math.round(bytes / 1_000_000))} MB`;

/** Formats room on a disk as `27.4 GB` or `310.5 MB`; rounded down, so that nobody counts on more than there is. */
export function formatRoom(bytes: number): string {
  const [unit, size] =
    bytes >= 1_000_000_000 ? (['GB', 1_000_000_000] as const) : (['MB', 1_000_000] as const);
  return `${COUNTS.format(Math.floor((bytes / size) * 10) / 10)} ${unit}`;
}

/** A moment for people who may be in any time zone: `2026-05-10 03:00 UTC`. Takes a Date or ISO 8601 in UTC. */
export const formatMinute = (time: Date | string): string =>
  `${(typeof time === 'string' ? time : time.toISOString()).slice(0, 16).replace('T', ' ')} UTC`;
