import { createReadStream } from 'node:fs';
import { stat as statFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientOptions } from 'minio';
import type { S3Config } from '../config.ts';
import type { StoreUnavailableError } from './errors.ts';
import type { ByteRange, OpenFile, StoredFile } from './image-store.ts';
import { isMissing, isWorthRetrying, s3Error } from './s3-errors.ts';
import { createTransport, type S3Call, type S3Timeouts, watchCall } from './s3-transport.ts';

/** S3's minimum part is 5 MiB; one part is held in memory at a time. */
const PART_BYTES = 8 * 1024 * 1024;
/** S3 allows 10,000 parts, and the library numbers them from 2. */
const MAX_PARTS = 9_000;
const MIB = 1024 * 1024;
const RETRY_MS = 250;
const PAGE = 1_000;
/** S3's longest validity of a presigned URL. */
const SIGNED_SECONDS = 7 * 24 * 3600;

export type S3Headers = { 'Content-Type'?: string; 'Cache-Control'?: string };

/** A bucket and its credentials. `publicEndpoint` is only for presigned URLs. */
export type S3Target = Omit<S3Config, 'publicEndpoint'>;

/** One bucket. Calls time out and throw StoreUnavailableError; all but `putFile` retry a transient failure once. */
export type S3 = {
  putBytes(key: string, bytes: Uint8Array, headers?: S3Headers): Promise<void>;
  /** Uploads a file of any size in parts. On failure removes its parts, if the server can still be reached. */
  putFile(key: string, path: string, options?: { headers?: S3Headers; signal?: AbortSignal }): Promise<void>;
  /** Undefined: no such object. Stream errors are emitted by the body. */
  getStream(key: string, range?: ByteRange): Promise<OpenFile | undefined>;
  /** Like `getStream`, but stream errors become StoreUnavailableError. */
  read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>;
  stat(key: string): Promise<StoredFile | undefined>;
  remove(key: string): Promise<void>;
  list(prefix?: string): AsyncIterable<StoredFile & { key: string }>;
  /** Aborts multipart uploads begun before `before`: nothing else removes their parts, which cost. Returns how many. */
  dropParts(prefix: string, before: Date, isOurs: (key: string) => boolean): Promise<number>;
  hasBucket(): Promise<boolean>;
  /** Creates the bucket if missing, with the server's default access. */
  ensureBucket(): Promise<'made' | 'there'>;
  /** Server clock minus ours in seconds, as of the last response; undefined before the first. */
  clockDifference(): number | undefined;
  close(): void;
};

/** Opens a bucket on any S3 server. Loads the library on first use; sends nothing. */
export async function openS3(target: S3Target, timeouts?: S3Timeouts): Promise<S3> {
  const { createClient, close } = await clientsOf(target, timeouts);
  const { bucket } = target;
  const client = createClient(PART_BYTES);
  const place = `at ${target.endpoint}`;
  let clock: number | undefined;

  const once = async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const call: S3Call = signal ? { signal } : {};
    try {
      return await watchCall(call, work);
    } catch (error) {
      throw isMissing(error) ? error : s3Error(error, place, call);
    } finally {
      if (call.date) clock = Math.round((Date.parse(call.date) - Date.now()) / 1000);
    }
  };
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await once(work);
    } catch (error) {
      if (isMissing(error) || !isWorthRetrying(error as StoreUnavailableError)) throw error;
      await sleep(RETRY_MS);
      return await once(work);
    }
  };
  const unlessMissing = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await attempt(work);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  /** For a write or a list, 'missing' means the bucket. */
  const inBucket = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await attempt(work);
    } catch (error) {
      throw isMissing(error) ? s3Error({ code: 'NoSuchBucket' }, place, {}) : error;
    }
  };

  const stat = (key: string) =>
    unlessMissing(async () => {
      const { size, lastModified } = await client.statObject(bucket, key);
      return { sizeBytes: size, modifiedAt: lastModified };
    });

  const hasBucket = () => attempt(() => client.bucketExists(bucket));

  const getStream = (key: string, range?: ByteRange) =>
    unlessMissing(async () => {
      const { start = 0, end } = range ?? {};
      const length = end === undefined ? 0 : end - start + 1;
      return openFile(await client.getPartialObject(bucket, key, start, length));
    });

  return {
    async putBytes(key, bytes, headers = {}) {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await inBucket(() => client.putObject(bucket, key, body, body.length, { ...headers }));
    },
    async putFile(key, path, { headers = {}, signal } = {}) {
      const { size } = await statFile(path);
      const parts = createClient(Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB));
      try {
        await once(() => sendFile(parts, bucket, key, path, size, headers), signal);
        const kept = await stat(key);
        if (kept?.sizeBytes !== size) throw s3Error({ code: 'Incomplete' }, place, {});
      } catch (error) {
        await once(() => client.removeIncompleteUpload(bucket, key)).catch(() => {});
        throw isMissing(error) ? s3Error({ code: 'NoSuchBucket' }, place, {}) : error;
      }
    },
    getStream,
    async read(key, range) {
      const found = await getStream(key, range);
      return found && explained(found.body, place);
    },
    stat,
    remove: (key) => unlessMissing(() => client.removeObject(bucket, key)),
    async *list(prefix = '') {
      for (let next: string | undefined = ''; next !== undefined; ) {
        const from: string = next;
        const page = await inBucket(() => client.listObjectsV2Query(bucket, prefix, from, '', PAGE, ''));
        for (const { name, size, lastModified } of page.objects) {
          if (name !== undefined) yield { key: name, sizeBytes: size, modifiedAt: new Date(lastModified) };
        }
        next = page.isTruncated ? page.nextContinuationToken : undefined;
      }
    },
    async dropParts(prefix, before, isOurs) {
      let count = 0;
      for (let [key, id] = ['', '']; ; ) {
        const from = [key, id] as const;
        const page = await inBucket(() => client.listIncompleteUploadsQuery(bucket, prefix, ...from, ''));
        for (const upload of page.uploads) {
          if (!isOurs(upload.key) || upload.initiated >= before) continue;
          await unlessMissing(() => client.abortMultipartUpload(bucket, upload.key, upload.uploadId));
          count += 1;
        }
        if (!page.isTruncated) return count;
        [key, id] = [page.nextKeyMarker, page.nextUploadIdMarker];
      }
    },
    hasBucket,
    async ensureBucket() {
      if (await hasBucket()) return 'there';
      await attempt(() => client.makeBucket(bucket, target.region));
      return 'made';
    },
    clockDifference: () => clock,
    close,
  };
}

/** Reads the object's size from the headers of a GET response. */
function openFile(body: Readable): OpenFile {
  const { headers } = body as Readable & { headers: Record<string, string | undefined> };
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? headers['content-length'];
  return { body, sizeBytes: Number(total) };
}

/** Adds the server's address to stream errors. */
async function* explained(body: AsyncIterable<Uint8Array>, place: string) {
  try {
    yield* body;
  } catch (error) {
    throw s3Error(error, place, {});
  }
}

/** The library ignores read errors of the file and would wait forever, so the upload races against them. */
async function sendFile(
  client: Client,
  bucket: string,
  key: string,
  path: string,
  size: number,
  headers: S3Headers,
): Promise<void> {
  const file = createReadStream(path);
  const failed = new Promise<never>((_, reject) => file.once('error', reject));
  try {
    await Promise.race([client.putObject(bucket, key, file, size, { ...headers }), failed]);
  } finally {
    file.destroy();
  }
}

export const loadLibrary = () => import('minio');

async function clientsOf({ endpoint, accessKey, secretKey, region }: S3Target, timeouts?: S3Timeouts) {
  const { Client } = await loadLibrary();
  const { hostname, port, protocol } = new URL(endpoint);
  const { transport, agent } = createTransport(protocol === 'https:', timeouts);
  const options: ClientOptions = {
    endPoint: hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
    region,
    pathStyle: true,
    transport,
    transportAgent: agent,
    // The library's own retries write to the console.
    retryOptions: { disableRetry: true },
  };
  return {
    createClient: (partSize: number): Client => new Client({ ...options, partSize }),
    close: () => agent.destroy(),
  };
}

export type SignAddress = (method: 'GET' | 'HEAD', key: string, now: Date) => Promise<string>;

/**
 * Presigns URLs at `endpoint`, `/<bucket>/<key>?X-Amz-…`, valid for six to seven days. A URL stays the same for a UTC day, so
 * that caches can reuse it. Sends nothing.
 */
export async function openSigner(target: S3Target): Promise<SignAddress> {
  const { createClient } = await clientsOf(target);
  const client = createClient(PART_BYTES);
  return async (method, key, now) => {
    const day = new Date(now);
    day.setUTCHours(0, 0, 0, 0);
    return await client.presignedUrl(method, target.bucket, key, SIGNED_SECONDS, {}, day);
  };
}
