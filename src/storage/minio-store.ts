import type { S3Config } from '../config.ts';
import { collect } from './collect.ts';
import { type ImageStore, readImageKey, requireImageKey } from './image-store.ts';
import { openS3 } from './s3.ts';

/** Headers for a CDN or browser that reads the object directly from the bucket. */
const HEADERS = { 'Content-Type': 'image/webp', 'Cache-Control': 'public, max-age=31536000, immutable' };

/** Images are small, and a browser has six connections to a server: a slower store counts as unreachable. */
const TIMEOUTS = { connectMs: 3_000, silenceMs: 5_000, bodySilenceMs: 15_000 };

/** Stores images as objects of an existing bucket. */
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
    // An object is put in one request, so an interrupted put leaves nothing.
    removeLeftovers: async () => 0,
    close: s3.close,
  };
}
