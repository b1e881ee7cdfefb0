import { createReadStream } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../config.ts';
import type { Sink } from './archive-writer.ts';

const ENDING = '.smoocho';
const DRAFT_ENDING = '.tmp';
/** A backup writes all the time: a draft that nobody has touched for so long was left by one that was killed. */
const STALE_DRAFT_MS = 3_600_000;
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
  return new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** Bytes that may still be written where this folder is. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** For its owner alone: an archive has everything in it, and a plain one shows it to whoever reads it. */
export async function prepareFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  // What the umask of a system took away or left is not what counts here.
  if (made !== undefined) await chmod(folder, 0o700);
}

/** Removes drafts that killed backups left in the folder. */
export async function removeStaleDrafts(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(DRAFT_ENDING) || !NAME.test(name.slice(0, -DRAFT_ENDING.length))) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now.getTime() }));
    if (now.getTime() - mtimeMs > STALE_DRAFT_MS) await rm(path, { force: true });
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
export async function openDraft(file: string): Promise<Draft> {
  const path = `${file}${DRAFT_ENDING}`;
  const handle = await open(path, 'wx', 0o600);
  let sizeBytes = 0;
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
      await handle.sync();
      await handle.close();
      await rename(path, file);
      syncFolder(dirname(file));
    },
    async discard() {
      await handle.close().catch(() => {});
      await rm(path, { force: true });
    },
  };
}

/** A disk that is nearly full takes less than it was given, without an error. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await handle.write(bytes, at)).bytesWritten;
}

/** The bytes of a file, with `onBytes` for a progress bar. */
export async function* readFileBytes(path: string, onBytes: (sizeBytes: number) => void = () => {}) {
  for await (const piece of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    onBytes(piece.length);
    yield piece;
  }
}

/** The archives in a folder, the newest first. */
export async function listArchiveFiles(
  folder: string,
): Promise<{ name: string; path: string; sizeBytes: number; madeAt: Date }[]> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = [];
  for (const name of names) {
    const madeAt = archiveTime(name);
    const path = join(folder, basename(name));
    const size = madeAt && (await stat(path).catch(() => undefined));
    if (madeAt && size?.isFile()) found.push({ name, path, sizeBytes: size.size, madeAt });
  }
  return found.sort((a, b) => b.madeAt.getTime() - a.madeAt.getTime() || (a.name < b.name ? 1 : -1));
}
