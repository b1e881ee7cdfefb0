import { createHash } from 'node:crypto';
import { StoreUnavailableError } from '../../storage/errors.ts';
import type { ImageStore } from '../../storage/image-store.ts';
import type { ImageRowFile } from './sql/image-rows.ts';

type KnownFile = Pick<ImageRowFile, 'key' | 'sizeBytes' | 'sha256'>;

/** What a disk says of one file that it can't read, while it reads others. */
const OF_ONE_FILE = new Set(['EIO', 'EISDIR']);

/** Whether a store has a file just as the database knows it. Throws StoreUnavailableError. */
export const isSound = async (store: ImageStore, file: KnownFile) =>
  (await soundBytes(store, file)) !== undefined;

/** The bytes of a file, read back and held against what the database has of them; undefined for others, or none. */
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
