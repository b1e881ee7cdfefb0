import { createHash } from 'node:crypto';
import type { ImageStore } from '../../storage/image-store.ts';
import type { ImageRowFile } from './sql/image-rows.ts';

/** Whether a store has a file just as the database knows it. */
export const isSound = async (store: ImageStore, file: ImageRowFile) =>
  (await soundBytes(store, file)) !== undefined;

/** The bytes of a file, read back and held against what the database has of them; undefined for others, or none. */
export async function soundBytes(
  store: ImageStore,
  { key, sizeBytes, sha256 }: ImageRowFile,
): Promise<Buffer | undefined> {
  const file = await store.get(key);
  if (!file) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of file.body) {
    length += (chunk as Buffer).length;
    if (length > sizeBytes) break;
    chunks.push(chunk as Buffer);
  }
  const bytes = Buffer.concat(chunks);
  const isSame = length === sizeBytes && createHash('sha256').update(bytes).digest('hex') === sha256;
  return isSame ? bytes : undefined;
}
