import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  chmod,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  utimes,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ownAsAround, syncFolder } from '../../config.ts';
import { inFolder, unreadable } from '../file-faults.ts';
import type { Sink } from './archive-writer.ts';

const ENDING = '.smoocho';
const DRAFT_ENDING = '.tmp';
const FETCHED_ENDING = '.fetched.tmp';
/** Temporary files in use are touched every TOUCH_MS; those idle for STALE_DRAFT_MS are left over. */
const TOUCH_MS = 30_000;
const STALE_DRAFT_MS = 10 * 60_000;
const READ_BYTES = 256 * 1024;

const NAME = /^smoocho-(\d{8}T\d{6}Z)-([0-9a-f]{8})\.smoocho$/;

/** `smoocho-20261129T223000Z-1f2e3d4c.smoocho`: creation time in UTC, and a part of the archive's id. */
export function archiveName(at: Date, id: string): string {
  const time = at.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  // The end of a UUIDv7 is random; its beginning is the time again.
  return `smoocho-${time}-${id.replaceAll('-', '').slice(-8)}${ENDING}`;
}

/** The creation time in an archive's name; undefined for other files. */
export function archiveTime(name: string): Date | undefined {
  const [, time] = NAME.exec(name) ?? [];
  if (!time) return undefined;
  const at = new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  // Such as 31 February: named by hand.
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Bytes free on the disk where this folder is, or will be. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error;
    return await freeBytes(dirname(folder));
  }
}

/** Creates a folder for its owner only: archives hold everything, and anybody can read a plain one. */
export async function prepareFolder(folder: string): Promise<void> {
  if (!(await makeFolder(folder))) return;
  ownAsAround(folder);
  // Override the umask. FAT, as on USB sticks, has no permissions.
  await chmod(folder, 0o700).catch((error) => {
    if (error.code !== 'EPERM') throw error;
  });
}

/**
 * Creates a folder with parents; true if it was missing. Node's recursive mkdir loops for ever if a parent
 * accepts no entries.
 */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, 0o700);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory()) return false;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, 0o700);
    return true;
  }
}

/**
 * Lists temporary files that killed backups and downloads left, as paths. `isOwn`: nobody else can be making a backup in
 * this folder, so each one of a backup is stale.
 */
export async function listStaleDrafts(folder: string, now: Date, isOwn = false): Promise<string[]> {
  const stale: string[] = [];
  for (const name of await readdir(folder)) {
    const [, archive, kind] = /^(.+?)((?:\.fetched)?\.tmp)$/.exec(name) ?? [];
    if (!archive || !NAME.test(archive)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now.getTime() }));
    const isLeft = isOwn && kind === DRAFT_ENDING;
    if (isLeft || now.getTime() - mtimeMs > STALE_DRAFT_MS) stale.push(path);
  }
  return stale;
}

/** Deletes what `listStaleDrafts` lists. */
export async function removeStaleDrafts(folder: string, now: Date, isOwn = false): Promise<void> {
  for (const path of await listStaleDrafts(folder, now, isOwn)) await rm(path, { force: true });
}

export type Draft = {
  path: string;
  sink: Sink;
  sizeBytes(): number;
  /** Syncs the file and gives it its final name; verify it before. */
  publish(): Promise<void>;
  discard(): Promise<void>;
};

/** Opens a temporary file beside its final place, which `publish` renames. */
export const openDraft = (file: string): Promise<Draft> => openAs(file, DRAFT_ENDING);

/** Opens a temporary file for a download; it is never listed nor published. */
export const openFetched = (folder: string, now: Date): Promise<Draft> =>
  openAs(join(folder, archiveName(now, randomUUID())), FETCHED_ENDING);

async function openAs(file: string, ending: string): Promise<Draft> {
  const path = `${file}${ending}`;
  const handle = await open(path, 'wx', 0o600);
  ownIfPossible(path);
  let sizeBytes = 0;
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, TOUCH_MS).unref();
  return {
    path,
    sizeBytes: () => sizeBytes,
    sink: {
      async write(bytes) {
        await writeAll(handle, bytes);
        sizeBytes += bytes.byteLength;
      },
      datasync: () => handle.datasync(),
    },
    async publish() {
      clearInterval(touching);
      await handle.sync();
      await handle.close();
      await rename(path, file);
      syncEntry(dirname(file));
    },
    async discard() {
      clearInterval(touching);
      await handle.close().catch(() => {});
      await rm(path, { force: true });
    },
  };
}

/** Sets the file's owner, except on file systems without owners, such as FAT. */
const ownIfPossible = (path: string): void => ifSupported(() => ownAsAround(path));

/** Syncs the folder's entry. Some network disks can't; the file itself is synced. */
const syncEntry = (folder: string): void => ifSupported(() => syncFolder(folder));

const UNSUPPORTED = new Set<unknown>(['EPERM', 'ENOTSUP', 'EINVAL']);

/** Ignores that a file system doesn't support the call. */
function ifSupported(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!UNSUPPORTED.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

/** Writes all bytes: a nearly full disk writes fewer than given, without an error. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await handle.write(bytes, at)).bytesWritten;
}

/** Reads a file; `onBytes` is for a progress bar. Throws ArchiveError if it can't be read. */
export async function* readFileBytes(path: string, onBytes: (sizeBytes: number) => void = () => {}) {
  const pieces = createReadStream(path, { highWaterMark: READ_BYTES })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await pieces.next().catch((error) => Promise.reject(unreadable(path, error)));
      if (done) return;
      onBytes(value.length);
      yield value as Buffer;
    }
  } finally {
    await pieces.return?.();
  }
}

/** Reads up to `sizeBytes` from the start of a file. Throws ArchiveError if it can't be read. */
export async function readStart(path: string, sizeBytes: number): Promise<Uint8Array> {
  const handle = await open(path).catch((error) => Promise.reject(unreadable(path, error)));
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sizeBytes), 0, sizeBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await handle.close();
  }
}

/** Lists the archives in a folder, newest first. */
export async function listArchiveFiles(
  folder: string,
): Promise<{ name: string; path: string; sizeBytes: number; madeAt: Date }[]> {
  const names = await inFolder(folder, true, () =>
    readdir(folder).catch((error) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    }),
  );
  const found = [];
  for (const name of names) {
    const madeAt = archiveTime(name);
    const path = join(folder, basename(name));
    const size = madeAt && (await stat(path).catch(() => undefined));
    if (madeAt && size?.isFile()) found.push({ name, path, sizeBytes: size.size, madeAt });
  }
  return found.sort((a, b) => b.madeAt.getTime() - a.madeAt.getTime() || (a.name < b.name ? 1 : -1));
}
