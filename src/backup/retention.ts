import type { BackupConfig } from '../config.ts';
import { wallClock } from '../core/shops/business-day.ts';

/** A clock may be a little ahead of another machine's. */
const AHEAD_MS = 3_600_000;

/**
 * Whether an archive is dated after now: a clock was wrong when it was made, or is wrong now. It may be older than it says, or newer
 * than all others: no rule that goes by dates may take it away, or another one for it.
 */
export const isAhead = ({ madeAt }: { madeAt: Date }, now: Date): boolean =>
  madeAt.getTime() - now.getTime() > AHEAD_MS;

/** What stands for a day, a week or a month, by the shop's clock. */
type Period = (date: string) => string;

const periods: readonly [keyof BackupConfig['keep'], Period][] = [
  ['daily', (date) => date],
  ['weekly', weekOf],
  ['monthly', (date) => date.slice(0, 7)],
];

/** The Monday that a day's week began with. */
function weekOf(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

/**
 * Which archives stay: of the last so many days, weeks and months that have one, the newest of each; by the shop's clock, for a
 * backup of eleven at night is that day's. Archives come newest first and stay in that order.
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
 * The same among those that are encrypted and among those that are plain, each for themselves: a plain one has no master key, so it
 * must never take the place of one that opens everything on another machine.
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
