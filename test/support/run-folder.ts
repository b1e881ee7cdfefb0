import { chmodSync, mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeFolder } from './temp.ts';

/** Linux keeps a file system in memory here. */
const IN_MEMORY = '/dev/shm';

/** A run takes at most 1.5 GiB at a time; a container often has 64 MiB. */
const ROOM_BYTES = 6 * 1024 ** 3;

const NAME = /^smoocho-tests-(\d+)$/;

/**
 * The folder for all temporary files of a run, in memory where there is room: databases by the hundred are created, filled and
 * dropped, and a disk takes a third of the run for it. Nothing here has to survive a power cut; processes that are killed
 * leave the same files behind either way. `TMPDIR` names another place.
 */
export function makeRunFolder(): string {
  const parent = process.env.TMPDIR === undefined && hasRoom(IN_MEMORY) ? IN_MEMORY : tmpdir();
  removeOrphans(parent);
  const folder = join(parent, `smoocho-tests-${process.pid}`);
  mkdirSync(folder);
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o1777);
  return folder;
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

/** A run that was killed leaves its folder behind. */
function removeOrphans(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) removeFolder(join(parent, name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}
