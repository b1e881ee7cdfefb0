import { stat, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, readBackupConfig } from '../../config.ts';
import type { AttentionSeverity } from '../../contract/attention.ts';
import { levelOf, type Room, worst } from './levels.ts';

/** A kind of data on a disk of this machine. */
export type DiskPlace = 'home' | 'database' | 'images' | 'backups';

/** One file system, with all of ours that lies on it. */
export type Disk = Room & { folder: string; places: DiskPlace[]; level: AttentionSeverity | null };

export type DiskReport = {
  /** Those that answered. */
  disks: Disk[];
  /** Places whose disk does not answer, such as those of a file server that is gone. */
  silent: DiskPlace[];
  /** Those with little room; one that is silent as it was when it last answered. */
  low: Disk[];
  /** The worst of `low`. */
  level: AttentionSeverity | null;
};

export type DiskReader = {
  /** Never throws. Takes two seconds at most; asked more often than each ten, it gives what it found before. */
  look(isFresh?: boolean): Promise<DiskReport>;
};

/** How long a report is given out again: watchdogs and scrapes ask more often. */
const GOOD_FOR_MS = 10_000;
const ANSWER_MS = 2_000;

type Found = Room & { device: number };
type Measure = (folder: string) => Promise<Found>;

const measureFolder: Measure = async (folder) => {
  const [{ dev }, { bavail, blocks, bsize }] = [await stat(folder), await statfs(folder)];
  // `bavail`, for what is kept for root is not ours.
  return { device: dev, freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
};

/** Reads how much room is left on the disks that this installation writes to. */
export function openDiskReader(config: Config, measure: Measure = measureFolder): DiskReader {
  const asking = new Map<string, Promise<Found | null>>();
  const levels = new Map<number, AttentionSeverity | null>();
  const lastSeen = new Map<DiskPlace, Disk>();
  let last: { at: number; report: Promise<DiskReport> } | undefined;

  // A disk that hangs keeps one of Node's four threads each time that it is asked: ask again once it has answered.
  const ask = (folder: string): Promise<Found | null> => {
    const asked =
      asking.get(folder) ??
      measure(folder)
        .catch(() => null)
        .finally(() => asking.delete(folder));
    asking.set(folder, asked);
    return asked;
  };

  const read = async (): Promise<DiskReport> => {
    const disks = new Map<number, Disk>();
    const silent: DiskPlace[] = [];
    const late = sleep(ANSWER_MS, 'late' as const, { ref: false });
    const all = diskPlaces(config).map(async ([place, folder]) => {
      return { place, folder, found: await Promise.race([ask(folder), late]) };
    });
    for (const { place, folder, found } of await Promise.all(all)) {
      if (found === 'late') silent.push(place);
      // A folder that is not there yet is made on the disk of the home; one that is gone is told by who needs it.
      if (found === 'late' || found === null) continue;
      const known = disks.get(found.device);
      if (known) known.places.push(place);
      else {
        const level = levelOf(found, levels.get(found.device) ?? null);
        levels.set(found.device, level);
        const { freeBytes, sizeBytes } = found;
        disks.set(found.device, { folder, places: [place], level, freeBytes, sizeBytes });
      }
    }
    const answering = [...disks.values()];
    for (const disk of answering) for (const place of disk.places) lastSeen.set(place, disk);
    const unanswered = new Set(silent.flatMap((place) => lastSeen.get(place) ?? []));
    const low = [...answering, ...unanswered].filter(({ level }) => level !== null);
    return { disks: answering, silent, low, level: worst(low.map(({ level }) => level)) };
  };

  return {
    look(isFresh = false) {
      const at = performance.now();
      if (isFresh || !last || at - last.at >= GOOD_FOR_MS) last = { at, report: read() };
      return last.report;
    },
  };
}

/** The settings are read again, for `backup schedule --to` changes them while a server runs. */
function diskPlaces(config: Config): [DiskPlace, string][] {
  const { home, databaseUrl } = config;
  const { to } = backupConfigOf(config);
  return [
    ['home', home],
    ...(databaseUrl === undefined ? [['database', join(home, 'postgres')] as [DiskPlace, string]] : []),
    ['images', join(home, 'images')],
    ...(to === null || isAbsolute(to)
      ? [['backups', to ?? join(home, 'backups')] as [DiskPlace, string]]
      : []),
  ];
}

function backupConfigOf({ home, backup }: Config) {
  try {
    return readBackupConfig(home);
  } catch {
    return backup;
  }
}
