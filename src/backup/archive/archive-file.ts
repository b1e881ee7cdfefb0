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
/** Whoever uses a draft touches it so often; what nobody has touched for so long was left by one that was killed. */
const TOUCH_MS = 30_000;
const STALE_DRAFT_MS = 10 * 60_000;
const READ_BYTES = 256 * 1024;

const NAME = /^smoocho-(\d{8}T\d{6}Z)-([0-9a-f]{8})\.smoocho$/;

/** `smoocho-20261129T223000Z-1f2e3d4c.smoocho`: when it was made, in UTC, and the beginning of its id. */
export function archiveName(at: Date, id: string): string {
  const time = at.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  // The end of a v7 id is random, its beginning the time once more.
  return `smoocho-${time}-${id.replaceAll('-', '').slice(-8)}${ENDING}`;
}

/** When an archive was made, by its name; undefined for another file. */
export function archiveTime(name: string): Date | undefined {
  const [, time] = NAME.exec(name) ?? [];
  if (!time) return undefined;
  const at = new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  // A 31st of February: named by hand.
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Bytes that may still be written where this folder is, or will be. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error;
    return await freeBytes(dirname(folder));
  }
}

/** For its owner alone: an archive has everything in it, and a plain one shows it to whoever reads it. */
export async function prepareFolder(folder: string): Promise<void> {
  if (!(await makeFolder(folder))) return;
  ownAsAround(folder);
  // What the umask of a system took away or left is not what counts here. FAT, as USB sticks have it, knows no such thing.
  await chmod(folder, 0o700).catch((error) => {
    if (error.code !== 'EPERM') throw error;
  });
}

/** True when it was made. By hand: Node's own way goes round for ever where a parent is there and takes nothing. */
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
 * Removes drafts that killed backups and downloads left in a folder. In one where nobody else can be making a backup, each draft
 * of one was left.
 */
export async function removeStaleDrafts(folder: string, now: Date, isOwn = false): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, archive, kind] = /^(.+?)((?:\.fetched)?\.tmp)$/.exec(name) ?? [];
    if (!archive || !NAME.test(archive)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now.getTime() }));
    const isLeft = isOwn && kind === DRAFT_ENDING;
    if (isLeft || now.getTime() - mtimeMs > STALE_DRAFT_MS) await rm(path, { force: true });
  }
}

export type Draft = {
  path: string;
  sink: Sink;
  sizeBytes(): number;
  /** On the disk under its name; it was verified before. */
  publish(): Promise<void>;
  discard(): Promise<void>;
};

/** A file beside its place, that gets its name when it is whole. */
export const openDraft = (file: string): Promise<Draft> => openAs(file, DRAFT_ENDING);

/** A file for what is fetched from elsewhere to be read here: no list shows it, and it is never published. */
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

/** FAT knows no owners. */
function ownIfPossible(path: string): void {
  try {
    ownAsAround(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EINVAL') throw error;
  }
}

/** Some disks of the network know no such thing; the file itself is on them. */
function syncEntry(folder: string): void {
  try {
    syncFolder(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EPERM') throw error;
  }
}

/** A disk that is nearly full takes less than it was given, without an error. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await handle.write(bytes, at)).bytesWritten;
}

/** The bytes of a file, with `onBytes` for a progress bar. Throws ArchiveError where it can't be read. */
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

/** The first bytes of a file, as many as there are. Throws ArchiveError where it can't be read. */
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

/** The archives in a folder, the newest first. */
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
