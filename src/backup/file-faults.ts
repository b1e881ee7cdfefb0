import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArchiveError, BackupRefusedError } from './errors.ts';

/** System error code → what is wrong with a folder and what to do; the message begins with its path. */
const reasons: Record<string, string> = {
  ENOSPC: 'has no room left. Free some',
  EDQUOT: 'is as full as it may be. Free some',
  EFBIG: 'takes no file as large as this one, as FAT takes none above 4 GB. Format the disk as exFAT or ext4',
  EROFS: 'can only be read. Make it writable',
  EACCES: 'is not open to this user. Open it',
  EPERM: 'is not open to this user. Open it',
  ENOTDIR: 'is no folder. Move that away',
  EEXIST: 'is no folder. Move that away',
  ENOENT: 'is not there, and can not be made. Connect its disk',
  ENAMETOOLONG: 'has a name that is too long. Shorten it',
  EIO: 'has a fault. Look at the disk',
  ENODEV: 'is on a disk that is gone. Connect it again',
  ENXIO: 'is on a disk that is gone. Connect it again',
  ESTALE: 'is on a disk of the network that is gone. Connect it again',
};

/** Runs work in a folder. Throws BackupRefusedError for system errors. `canChoose`: --to can name another. */
export async function inFolder<T>(folder: string, canChoose: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = isOfSystem(error) && reasons[error.code ?? ''];
    if (!reason) throw error;
    const otherwise = canChoose ? ', or name another folder: --to FOLDER.' : ', and try again.';
    throw new BackupRefusedError(`${folder} ${reason}${otherwise}`, { cause: error });
  }
}

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;

/** Name the folder: on a new machine, none is set yet. */
const listOf = (folder: string) =>
  `See which there are: smoocho backup list --to ${/\s/.test(folder) ? JSON.stringify(folder) : folder}`;

/** Throws ArchiveError if the path is not a regular file: a folder, a pipe, a device, or missing. */
export async function requireFile(path: string): Promise<void> {
  if (path.trim() === '')
    throw new ArchiveError('foreign', 'No backup is named. See which there are: smoocho backup list');
  try {
    const found = await stat(path);
    if (found.isFile()) return;
    const what = found.isDirectory() ? 'a folder' : 'a device or a pipe';
    throw new ArchiveError(
      'foreign',
      `${path} is ${what}, and no backup. ${listOf(found.isDirectory() ? path : dirname(path))}`,
    );
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Turns a system error on reading a file into an ArchiveError. */
export function unreadable(path: string, error: unknown): unknown {
  if (!isOfSystem(error)) return error;
  const { code } = error;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ArchiveError('foreign', `There is no ${path}. ${listOf(dirname(path))}`, error);
  if (code === 'EACCES' || code === 'EPERM')
    return new ArchiveError('foreign', `${path} is not open to this user.`, error);
  return new ArchiveError('damaged', `${path} can't be read to its end (${code}): look at the disk.`, error);
}

/** Whether a file is closed to us, as another user's, or deleted meanwhile; never so for our own files. */
export const isClosedOrGone = (error: unknown): boolean =>
  error instanceof ArchiveError &&
  isOfSystem(error.cause) &&
  ['EACCES', 'EPERM', 'ENOENT'].includes(error.cause.code ?? '');
