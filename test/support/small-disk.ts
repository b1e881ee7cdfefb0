import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A disk small enough to be filled. */
export type SmallDisk = {
  folder: string;
  /** Fills it up to `freeMb` MB, or completely. */
  fill(freeMb?: number): void;
  /** Deletes what filled it. */
  clear(): void;
  /** Remounts it writable or read-only. */
  writable(isWritable: boolean): void;
  remove(): void;
};

const BALLAST = 'ballast';
const CHUNK = Buffer.alloc(64 * 1024);

/** Mounts one at a folder, which it creates; skips the test, with the reason, where it can't. */
export function givenSmallDisk(test: Mocha.Context, folder: string, sizeMb: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' }).status === 0;
  if (process.platform !== 'linux' || !mount('-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder)) {
    console.log('    skipped: only root can make a small disk');
    test.skip();
  }
  // PostgreSQL's user must be able to enter it.
  chmodSync(folder, 0o755);
  return {
    folder,
    fill(freeMb = 0) {
      const file = openSync(join(folder, BALLAST), 'a');
      try {
        for (let size = CHUNK.length; size > 0; ) {
          const wasWritten = tryWrite(file, CHUNK.subarray(0, size));
          if (!wasWritten) size = Math.floor(size / 2);
        }
        ftruncateSync(file, Math.max(0, fstatSync(file).size - freeMb * 1_000_000));
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(join(folder, BALLAST), { force: true }),
    writable: (isWritable) => void mount('-o', `remount,${isWritable ? 'rw' : 'ro'}`, folder),
    remove: () => void spawnSync('umount', ['-l', folder]),
  };
}

function tryWrite(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
