import {
  closeSync,
  constants,
  copyFileSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import type { ServerUser } from './embedded-run.ts';

/** With the one before it, at most twice this on the disk: months of an ordinary shop. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** Enough of a failed start to find why. */
const TAIL_BYTES = 16 * 1024;

const { O_APPEND, O_CREAT, O_RDWR } = constants;
/** Never through a link, which who owns the folder could lay for root. Windows has no such flag. */
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0;

/** A descriptor that the server writes its log to. Who runs the server owns the log, whoever starts it. */
export function openLog(path: string, user: ServerUser | undefined): number {
  trimLog(path);
  const log = openSync(path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o600);
  if (user && fstatSync(log).uid !== user.uid) fchownSync(log, user.uid, user.gid);
  return log;
}

/** Keeps one log that is full as `.1` and empties the file, which a running server may go on appending to. */
export function trimLog(path: string): void {
  try {
    const log = openSync(path, O_RDWR | O_NOFOLLOW);
    try {
      if (fstatSync(log).size <= LOG_LIMIT_BYTES) return;
      rmSync(`${path}.1`, { force: true });
      copyFileSync(path, `${path}.1`, constants.COPYFILE_EXCL);
      ftruncateSync(log, 0);
    } finally {
      closeSync(log);
    }
  } catch {
    // There is no log yet, or another process trims it now; it is tried again within the hour.
  }
}

/** What was written since the log had `startBytes`, at most its last 16 KiB. */
export function logEndSince(path: string, startBytes: number): string {
  const log = openSync(path, constants.O_RDONLY | O_NOFOLLOW);
  try {
    const { size } = fstatSync(log);
    const from = Math.max(startBytes > size ? 0 : startBytes, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    readSync(log, bytes, 0, bytes.length, from);
    return bytes.toString('utf8');
  } finally {
    closeSync(log);
  }
}
