import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { clearOnSignal } from '../../backup/clear-on-signal.ts';
import type { Sink } from '../../core/export/export-data.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Runs `work` on a file that has its name only once it is whole: until then it is a hidden one beside it, which is gone when the
 * work fails or is ended by a signal. For its owner alone, since it may hold personal data. Throws UsageError for a folder
 * that isn't there, RefusedError for a file that is, unless `force`, and for a full disk.
 */
export async function writeOutFile<T>(
  file: string,
  force: boolean,
  work: (sink: Sink) => Promise<T>,
): Promise<T & { file: string; sizeBytes: number }> {
  const path = resolve(file);
  checkPlace(path, force);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const remove = () => rm(temporary, { force: true });
  return await clearOnSignal(remove, async () => {
    let handle: FileHandle | undefined;
    try {
      handle = await openNew(temporary);
      const { sink, written } = sinkOf(handle);
      const result = await work(sink);
      await handle.sync();
      await handle.close();
      handle = undefined;
      checkPlace(path, force);
      await rename(temporary, path);
      return { ...result, file: path, sizeBytes: written() };
    } catch (error) {
      if (!NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      throw new RefusedError(
        `There is no room for it in ${dirname(path)}: free some, or name another place.`,
      );
    } finally {
      await handle?.close().catch(() => {});
      await remove();
    }
  });
}

function checkPlace(path: string, force: boolean): void {
  if (!existsSync(path)) return;
  const found = statSync(path);
  if (found.isDirectory()) throw new UsageError(`${path} is a folder. Name a file in it.`);
  if (!found.isFile()) throw new UsageError(`${path} is no file. Leave --out away for stdout.`);
  if (!force)
    throw new RefusedError(`${path} is there already. Name another file, or add --force to replace it.`);
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const folder = dirname(path);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UsageError(`There is no folder ${folder}.`);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new UsageError(`Nothing may be written into ${folder}: choose another folder for --out.`);
    throw error;
  }
}

function sinkOf(handle: FileHandle): { sink: Sink; written: () => number } {
  let bytes = 0;
  const sink: Sink = {
    async begin() {
      await handle.truncate(0);
      bytes = 0;
    },
    async write(text) {
      const data = Buffer.from(text);
      // With a position: after `begin` the handle's own would be behind the end.
      await handle.write(data, 0, data.length, bytes);
      bytes += data.length;
    },
  };
  return { sink, written: () => bytes };
}

/** What the reader of stdout had seen can't be taken back. */
const BROKEN_OFF =
  'The database replica broke off in the middle: what was written is not whole. Run it again, or write into a file with --out.';

/** Thrown when whoever read stdout stopped, such as `| head`: that is no failure. */
export class ReaderGoneError extends Error {
  override name = 'ReaderGoneError';
}

/** Writes to stdout as fast as it is read. */
export function stdoutSink(): Sink {
  let hasWritten = false;
  let broken: Error | undefined;
  return {
    async begin() {
      if (broken) throw broken;
      if (hasWritten) throw new Error(BROKEN_OFF);
    },
    async write(text) {
      if (text === '') return;
      hasWritten = true;
      await new Promise<void>((done, fail) => {
        process.stdout.write(text, (error) => (error ? fail(error) : done()));
      }).catch((error: NodeJS.ErrnoException) => {
        broken = error.code === 'EPIPE' ? new ReaderGoneError('Nobody reads any more.') : error;
        throw broken;
      });
    },
  };
}
