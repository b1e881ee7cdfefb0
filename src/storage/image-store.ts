import type { Readable } from 'node:stream';
import type { ImageStoreKind } from '../config.ts';

/** Of a file, both ends included. */
export type ByteRange = { start: number; end: number };

export type StoredFile = { sizeBytes: number; modifiedAt: Date };

/** An open file: `body` has the asked bytes, `sizeBytes` is that of the whole file. Whoever opened it reads or destroys it. */
export type OpenFile = { body: Readable; sizeBytes: number };

/**
 * Where the files of pictures are, by keys that follow from their content: what is under a key never changes, and putting it
 * again does no harm. A file is there whole or not at all. All but `close` throw StoreUnavailableError.
 */
export type ImageStore = {
  readonly kind: ImageStoreKind;
  /** Returns when the file would survive a power cut. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined: there is no such file. Errors of the body come from the body, as they are. */
  get(key: string, range?: ByteRange): Promise<OpenFile | undefined>;
  /** A whole file, in memory; undefined where there is none, or one of more bytes. */
  read(key: string, mostBytes: number): Promise<Buffer | undefined>;
  stat(key: string): Promise<StoredFile | undefined>;
  /** One that is not there is no fault. */
  delete(key: string): Promise<void>;
  /** Files whose key begins with `prefix`, in no order; what is none of ours is passed over. */
  list(prefix?: string): AsyncIterable<StoredFile & { key: string }>;
  /** Takes away what puts that were cut off before that time left behind; gives how many. */
  removeLeftovers(before: Date): Promise<number>;
  close(): void;
};

/** The widths that each picture is kept in. */
export const imageWidths = [160, 480, 1200] as const;
export type ImageWidth = (typeof imageWidths)[number];

const KEY =
  /^(?<shopId>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(?<hash>[0-9a-f]{64})-(?<width>160|480|1200)\.webp$/;

export const imageKey = (shopId: string, hash: string, width: number) => `${shopId}/${hash}-${width}.webp`;

/** The parts of a key; undefined for what is none, which is no path in a folder and no name in a bucket of ours. */
export function readImageKey(key: string): { shopId: string; hash: string; width: number } | undefined {
  const { shopId, hash, width } = KEY.exec(key)?.groups ?? {};
  return shopId && hash ? { shopId, hash, width: Number(width) } : undefined;
}

/** Throws TypeError for what is no key, so that no path gets out of the folder. */
export function requireImageKey(key: string): void {
  if (!KEY.test(key)) throw new TypeError('This is not the key of a picture.');
}
