import type { S3Config } from '../config.ts';
import { collect } from './collect.ts';
import { type ImageStore, readImageKey, requireImageKey } from './image-store.ts';
import { openS3 } from './s3.ts';

/** Where a CDN or a browser gets a file from the bucket itself, this goes with it. */
const HEADERS = { 'Content-Type': 'image/webp', 'Cache-Control': 'public, max-age=31536000, immutable' };

/** A picture is small, and a browser has six connections to wait with: a store that is slower than this counts as away. */
const TIMEOUTS = { connectMs: 3_000, silenceMs: 5_000, bodySilenceMs: 15_000 };

/** Pictures as objects of a bucket, which has to be there. */
export async function openMinioStore(config: S3Config): Promise<ImageStore> {
  const s3 = await openS3(config, TIMEOUTS);
  const checked = (key: string) => {
    requireImageKey(key);
    return key;
  };
  return {
    kind: 'minio',
    put: async (key, bytes) => await s3.putBytes(checked(key), bytes, HEADERS),
    get: async (key, range) => await s3.getStream(checked(key), range),
    async read(key, mostBytes) {
      const body = await s3.read(checked(key));
      return body && (await collect(body, mostBytes));
    },
    stat: async (key) => await s3.stat(checked(key)),
    delete: async (key) => await s3.remove(checked(key)),
    async *list(prefix = '') {
      for await (const file of s3.list(prefix)) if (readImageKey(file.key)) yield file;
    },
    // An object is put by one request: there is it, or nothing.
    removeLeftovers: async () => 0,
    close: s3.close,
  };
}
