import { createHash } from 'node:crypto';
import { StoreUnavailableError } from '../../storage/errors.ts';
import type { ImageStore } from '../../storage/image-store.ts';
import type { ImageRowFile } from './sql/image-rows.ts';

type KnownFile = Pick<ImageRowFile, 'key' | 'sizeBytes' | 'sha256'>;

/** Errors of one file on a disk that can still read others. */
const OF_ONE_FILE = new Set(['EIO', 'EISDIR']);

/** Whether the stored file matches the database. Throws StoreUnavailableError. */
export const isSound = async (store: ImageStore, file: KnownFile) =>
  (await soundBytes(store, file)) !== undefined;

/** A stored file's bytes, if they match the database; undefined if they differ or the file is missing. */
export async function soundBytes(
  store: ImageStore,
  { key, sizeBytes, sha256 }: KnownFile,
): Promise<Buffer | undefined> {
  const bytes = await store.read(key, sizeBytes).catch((error) => {
    if (error instanceof StoreUnavailableError && OF_ONE_FILE.has(error.code)) return undefined;
    throw error;
  });
  const isSame = bytes?.length === sizeBytes && createHash('sha256').update(bytes).digest('hex') === sha256;
  return isSame ? bytes : undefined;
}
