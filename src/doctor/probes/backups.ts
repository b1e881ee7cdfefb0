import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityManager } from '@mikro-orm/postgresql';
import { scheduleZone } from '../../backup/job-states.ts';
import { backupsFolder, findPlace, listArchives, type Place } from '../../backup/places.ts';
import type { Config } from '../../config.ts';
import type { BackupStatus } from '../../contract/command-answers/doctor.ts';
import { readBackupStatus } from '../backup-status.ts';

export type BackupFacts = {
  status: BackupStatus & { isDrillOverdue: boolean };
  /** Where they go, and why that can't be had, in a sentence. */
  target: { kind: Place['kind'] | 'unknown'; archives: number; problem: string | null };
  /** On the disk of the database, or of the home where that is elsewhere; null for a bucket, or a folder that is not there. */
  isSameDisk: boolean | null;
};

export async function readBackups(em: EntityManager, config: Config, now: Date): Promise<BackupFacts> {
  const timezone = await scheduleZone(em);
  const target = await readTarget(config);
  return {
    status: await readBackupStatus(em, { config, timezone, now }),
    target,
    isSameDisk: target.kind === 'folder' ? sharesDisk(config) : null,
  };
}

async function readTarget(config: Config): Promise<BackupFacts['target']> {
  let kind: BackupFacts['target']['kind'] = 'unknown';
  try {
    const place = findPlace(config, undefined);
    kind = place.kind;
    return { kind, archives: (await listArchives(config, place)).length, problem: null };
  } catch (error) {
    return { kind, archives: 0, problem: (error as Error).message };
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
