import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from './store.ts';

const VALUE = '.json';
const TEMPORARY = '.tmp';
const LOCK = '.lock';
/** Most file systems take names of 255 bytes; the ending and a UUID have to fit too. */
const MAX_NAME_BYTES = 200;
/** An update takes milliseconds: whoever holds its lock for longer has crashed. */
const LOCK_IS_STALE_MS = 2_000;
const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 5;
/** So old that nobody is writing it any more. */
const TEMPORARY_IS_STALE_MS = 60_000;

/**
 * For tills that run in Node: one file a value in `folder`, which is made if need be, for this user only. A value is
 * written under another name, brought to the disk and renamed: it is there whole or not at all.
 */
export function fileStore(folder: string): Store {
  const ready = once(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await removeStrays(folder);
  });
  /** Updates of one process wait here, those of others at the lock file. */
  const updates = new Map<string, Promise<unknown>>();

  async function read(key: string): Promise<unknown> {
    await ready();
    return await readValue(join(folder, nameOf(key)));
  }

  async function write(key: string, value: unknown): Promise<void> {
    await ready();
    const path = join(folder, nameOf(key));
    const temporary = `${path}.${randomUUID()}${TEMPORARY}`;
    try {
      await writeThrough(temporary, JSON.stringify(value));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
  }

  async function remove(key: string): Promise<void> {
    await ready();
    await rm(join(folder, nameOf(key)), { force: true });
    await syncFolder(folder);
  }

  async function locked<T>(key: string, work: () => Promise<T>): Promise<T> {
    await ready();
    const lock = join(folder, `${nameOf(key)}${LOCK}`);
    await takeLock(lock);
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  return {
    get: read,
    put: write,
    delete: remove,
    async list(prefix) {
      await ready();
      const start = encode(prefix);
      const names = (await readdir(folder)).filter((name) => name.endsWith(VALUE) && name.startsWith(start));
      const found: [string, unknown][] = [];
      for (const name of names) {
        const value = await readValue(join(folder, name));
        if (value !== undefined) found.push([decode(name), value]);
      }
      return found.sort(([a], [b]) => (a < b ? -1 : 1));
    },
    update(key, change) {
      const before = updates.get(key) ?? Promise.resolve();
      const update = before
        .catch(() => {})
        .then(() =>
          locked(key, async () => {
            const changed = change(await read(key));
            if (changed === undefined) await remove(key);
            else await write(key, changed);
            return changed;
          }),
        );
      updates.set(key, update);
      const forget = () => {
        if (updates.get(key) === update) updates.delete(key);
      };
      update.then(forget, forget);
      return update;
    },
  };
}

const once = (work: () => Promise<void>) => {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work().catch((error) => {
      done = null;
      throw error;
    });
    return done;
  };
};

/** Capitals too are escaped: to some file systems they are the same as small letters. */
const encode = (key: string) =>
  [...new TextEncoder().encode(key)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[a-z0-9_-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');

const decode = (name: string) => decodeURIComponent(name.slice(0, -VALUE.length));

function nameOf(key: string): string {
  const name = encode(key);
  if (name.length > MAX_NAME_BYTES) throw new RangeError(`The key ${key} is too long for a file's name.`);
  return `${name}${VALUE}`;
}

/** Undefined when there is none. What can't be read any more is put aside and not lost, and stands in nobody's way. */
async function readValue(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    await rename(path, `${path}.broken`).catch(() => {});
    return undefined;
  }
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is on the disk only when its folder is. Windows has no such thing, and doesn't need it. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== 'EPERM' && code !== 'EISDIR' && code !== 'EACCES' && code !== 'EINVAL') throw error;
  } finally {
    await handle?.close();
  }
}

async function takeLock(path: string): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      await (await open(path, 'wx', 0o600)).close();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    const age = await ageOf(path);
    if (age !== null && age > LOCK_IS_STALE_MS) await rm(path, { force: true });
    else if (Date.now() > deadline) throw new Error(`${path} is held by another program.`);
    else await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
}

const ageOf = (path: string) =>
  stat(path).then(
    // A clock that was set back makes what is old look new.
    ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
    () => null,
  );

/** What a crash left half written. */
async function removeStrays(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(TEMPORARY)) continue;
    const age = await ageOf(join(folder, name));
    if (age !== null && age > TEMPORARY_IS_STALE_MS) await rm(join(folder, name), { force: true });
  }
}
