import { statSync } from 'node:fs';
import { join } from 'node:path';
import { backupsFolder, findPlace, listArchives, type Place } from '../../backup/places.ts';
import type { Config } from '../../config.ts';

export type BackupFacts = {
  /** Where they go, and why that can't be had, in a sentence; the newest archive there by its path or address. */
  target: {
    kind: Place['kind'] | 'unknown';
    archives: number;
    newest: string | null;
    problem: string | null;
  };
  /** On the disk of the database, or of the home where that is elsewhere; null for a bucket, or a folder that is not there. */
  isSameDisk: boolean | null;
};

export async function readBackups(config: Config): Promise<BackupFacts> {
  const target = await readTarget(config);
  return { target, isSameDisk: target.kind === 'folder' ? sharesDisk(config) : null };
}

async function readTarget(config: Config): Promise<BackupFacts['target']> {
  let kind: BackupFacts['target']['kind'] = 'unknown';
  try {
    const place = findPlace(config, undefined);
    kind = place.kind;
    const archives = await listArchives(config, place);
    return { kind, archives: archives.length, newest: archives[0]?.location ?? null, problem: null };
  } catch (error) {
    return { kind, archives: 0, newest: null, problem: (error as Error).message };
  }
}

function sharesDisk({ home, backup: { to }, databaseUrl }: Config): boolean | null {
  const diskOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.dev;
  const data = diskOf(databaseUrl ? home : join(home, 'postgres')) ?? diskOf(home);
  const own = diskOf(to ?? backupsFolder(home));
  // The usual folder is made in the home with the first backup.
  if (own === undefined) return to === null ? true : null;
  return own === data;
}
