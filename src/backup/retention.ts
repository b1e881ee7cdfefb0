import type { BackupConfig } from '../config.ts';
import { wallClock } from '../core/shops/business-day.ts';

/** Clock difference tolerated between machines. */
const AHEAD_MS = 3_600_000;

/**
 * Whether an archive is dated in the future: a clock was or is wrong, so its real age is unknown. No rule
 * that goes by dates may delete it, or another one because of it.
 */
export const isAhead = ({ madeAt }: { madeAt: Date }, now: Date): boolean =>
  madeAt.getTime() - now.getTime() > AHEAD_MS;

/** Maps a date in the shop's time zone to its day, week or month. */
type Period = (date: string) => string;

const periods: readonly [keyof BackupConfig['keep'], Period][] = [
  ['daily', (date) => date],
  ['weekly', weekOf],
  ['monthly', (date) => date.slice(0, 7)],
];

/** The Monday of a date's week. */
function weekOf(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

/**
 * Applies the retention rules: keeps the newest archive of each of the last `daily` days, `weekly` weeks and
 * `monthly` months that have one. Dates are in the shop's time zone, so a backup made at 23:00 is that day's.
 * `archives` come newest first and stay in that order.
 */
export function keptArchives<A extends { madeAt: Date }>(
  archives: readonly A[],
  keep: BackupConfig['keep'],
  timezone: string,
): A[] {
  const dates = archives.map(({ madeAt }) => wallClock(madeAt, timezone).date);
  const kept = new Set<A>();
  for (const [name, periodOf] of periods) {
    const seen = new Set<string>();
    for (const [place, archive] of archives.entries()) {
      const period = periodOf(dates[place] as string);
      if (seen.has(period)) continue;
      if (seen.size >= keep[name]) break;
      seen.add(period);
      kept.add(archive);
    }
  }
  return archives.filter((archive) => kept.has(archive));
}

/**
 * Applies the rules to encrypted and to plain archives separately: a plain one has no master key, so it must
 * never replace one that restores everything on another machine.
 */
export function keptOfEachKind<A extends { madeAt: Date; isPlain: boolean }>(
  archives: readonly A[],
  keep: BackupConfig['keep'],
  timezone: string,
): A[] {
  const kept = [false, true].flatMap((isPlain) =>
    keptArchives(
      archives.filter((archive) => archive.isPlain === isPlain),
      keep,
      timezone,
    ),
  );
  return archives.filter((archive) => kept.includes(archive));
}
