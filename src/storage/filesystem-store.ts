import { randomBytes } from 'node:crypto';
import { mkdir, open, opendir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ownAsAround } from '../config.ts';
import { collect } from './collect.ts';
import { StoreUnavailableError } from './errors.ts';
import {
  type ByteRange,
  type ImageStore,
  type OpenFile,
  readImageKey,
  requireImageKey,
} from './image-store.ts';

/** Temporary files, on the same file system so that they can be renamed. No key begins with a dot. */
const DRAFTS = '.drafts';
export const draftsFolder = (folder: string) => join(folder, DRAFTS);

/** Read size; most images are smaller. */
const CHUNK_BYTES = 64 * 1024;

/** Stores images as files in `folder`, created with the first one. */
export function openFilesystemStore(folder: string): ImageStore {
  const pathOf = (key: string) => {
    requireImageKey(key);
    return join(folder, key);
  };
  const guard = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error) => Promise.reject(storeError(error)));
  return {
    kind: 'filesystem',
    put: (key, bytes) => guard(() => putFile(folder, pathOf(key), bytes)),
    get: (key, range) => guard(() => getFile(pathOf(key), range)),
    read: (key, mostBytes) =>
      guard(async () => {
        const file = await getFile(pathOf(key));
        return file && (await collect(file.body, mostBytes));
      }),
    stat: (key) =>
      guard(async () => {
        const found = await unlessMissing(stat(pathOf(key)));
        return found && { sizeBytes: found.size, modifiedAt: found.mtime };
      }),
    delete: (key) => guard(async () => void (await unlessMissing(unlink(pathOf(key))))),
    list: (prefix = '') => listFiles(folder, prefix),
    removeLeftovers: (before) => guard(() => removeDrafts(draftsFolder(folder), before)),
    close() {},
  };
}

async function getFile(path: string, range?: ByteRange): Promise<OpenFile | undefined> {
  const file = await unlessMissing(open(path, 'r'));
  if (!file) return undefined;
  const { size: sizeBytes } = await file.stat();
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  // Buffer no more than the range, and do not read past its end.
  const highWaterMark = Math.max(1, Math.min(CHUNK_BYTES, end - start + 1));
  return { body: file.createReadStream({ start, end: Math.max(start, end), highWaterMark }), sizeBytes };
}

/** Writes and fsyncs a temporary file, then renames it: a file exists whole or not at all. */
async function putFile(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const draft = join(draftsFolder(folder), randomBytes(12).toString('hex'));
  await makeFolder(dirname(draft));
  await makeFolder(dirname(path));
  const file = await open(draft, 'wx', 0o644);
  try {
    ownAsAround(draft);
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(draft).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Any user of the machine may read images, only the owner may write. */
const FOLDER_MODE = 0o755;

async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  const made = [path];
  while (made[0] !== first) made.unshift(dirname(made[0] as string));
  for (const folder of made) ownAsAround(folder);
  // A new folder survives a power cut only once its parent is fsynced.
  await syncFolder(dirname(first));
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot fsync a folder.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function* listFiles(folder: string, prefix: string): ReturnType<ImageStore['list']> {
  for await (const shopId of namesIn(folder)) {
    if (shopId === DRAFTS) continue;
    for await (const name of namesIn(join(folder, shopId))) {
      const key = `${shopId}/${name}`;
      if (!key.startsWith(prefix) || !readImageKey(key)) continue;
      const found = await unlessMissing(stat(join(folder, key)));
      if (found?.isFile()) yield { key, sizeBytes: found.size, modifiedAt: found.mtime };
    }
  }
}

/** Yields nothing if the path is missing or not a folder. */
async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    const entries = await unlessMissing(opendir(folder));
    if (entries) for await (const { name } of entries) yield name;
  } catch (error) {
    throw storeError(error);
  }
}

async function removeDrafts(folder: string, before: Date): Promise<number> {
  let count = 0;
  for await (const name of namesIn(folder)) {
    const path = join(folder, name);
    const found = await unlessMissing(stat(path));
    if (!found?.isFile() || found.mtime >= before) continue;
    await unlessMissing(unlink(path));
    count += 1;
  }
  return count;
}

const reasons: Record<string, string> = {
  ENOSPC: 'has no room left. Make some, or move the pictures',
  EDQUOT: 'is as full as it may be. Raise the quota, or make room',
  EROFS: 'can only be read',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  EIO: 'has a fault: look at the disk',
};

/** Leaves out the path: the client that uploads an image need not know it. */
function storeError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || error instanceof StoreUnavailableError) return error;
  const message = `The folder "images" of the server, where the pictures are, ${reasons[code] ?? `fails (${code})`}.`;
  return new StoreUnavailableError(code, message);
}
