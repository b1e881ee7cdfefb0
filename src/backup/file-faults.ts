import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArchiveError, BackupRefusedError } from './errors.ts';

/** What is wrong with a folder, as a sentence goes on after its path, with what to do about it. */
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

/**
 * Runs work in a folder; what the system refuses there becomes a sentence. `canChoose`: the command takes another folder. Throws
 * BackupRefusedError.
 */
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

/** On a new machine the folder has to be named: none is set yet. */
const listOf = (folder: string) =>
  `See which there are: smoocho backup list --to ${/\s/.test(folder) ? JSON.stringify(folder) : folder}`;

/** Throws ArchiveError for what can't be read from its beginning to its end: a folder, a pipe, a device, or nothing. */
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

/** What the system says of a file that is read, as a sentence. */
export function unreadable(path: string, error: unknown): unknown {
  if (!isOfSystem(error)) return error;
  const { code } = error;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ArchiveError('foreign', `There is no ${path}. ${listOf(dirname(path))}`, error);
  if (code === 'EACCES' || code === 'EPERM')
    return new ArchiveError('foreign', `${path} is not open to this user.`, error);
  return new ArchiveError('damaged', `${path} can't be read to its end (${code}): look at the disk.`, error);
}

/** Another user's file, who keeps it to himself, or one that was removed meanwhile; of our own, neither is so. */
export const isClosedOrGone = (error: unknown): boolean =>
  error instanceof ArchiveError &&
  isOfSystem(error.cause) &&
  ['EACCES', 'EPERM', 'ENOENT'].includes(error.cause.code ?? '');
