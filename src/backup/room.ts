import { freeBytes } from './archive/archive-file.ts';
import { BackupRefusedError } from './errors.ts';

/** Space left free for the tills: PostgreSQL stops when its disk is full. */
const RESERVE_BYTES = 64 * 1024 * 1024;

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000)} MB`;

/** Throws BackupRefusedError if the disk has too little space; `what` and `mend` complete the message. */
export async function requireRoom(
  folder: string,
  neededBytes: number,
  { what, mend }: { what: string; mend: string },
): Promise<void> {
  const free = await freeBytes(folder);
  const needed = neededBytes + RESERVE_BYTES;
  if (free >= needed) return;
  throw new BackupRefusedError(
    `There is too little room for ${what} in ${folder}: ${megabytes(free)} are free, and about ${megabytes(needed)} are needed. ${mend}`,
  );
}
