import type { Readable } from 'node:stream';
import type { ImageStoreKind } from '../config.ts';

/** A byte range of a file, both ends inclusive. */
export type ByteRange = { start: number; end: number };

export type StoredFile = { sizeBytes: number; modifiedAt: Date };

/** `body` has the requested bytes, `sizeBytes` is the size of the whole file. The caller must read or destroy `body`. */
export type OpenFile = { body: Readable; sizeBytes: number };

/**
 * Stores image files by content-based keys: the content of a key never changes, and a repeated put is harmless. A file exists
 * whole or not at all. All but `close` throw StoreUnavailableError.
 */
export type ImageStore = {
  readonly kind: ImageStoreKind;
  /** Resolves once the file would survive a power cut. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined: no such file. Stream errors are emitted by the body, unconverted. */
  get(key: string, range?: ByteRange): Promise<OpenFile | undefined>;
  /** A whole file in memory; undefined if missing or larger than `mostBytes`. */
  read(key: string, mostBytes: number): Promise<Buffer | undefined>;
  stat(key: string): Promise<StoredFile | undefined>;
  /** A missing file is not an error. */
  delete(key: string): Promise<void>;
  /** Files whose key begins with `prefix`, unordered; skips names that are not image keys. */
  list(prefix?: string): AsyncIterable<StoredFile & { key: string }>;
  /** Deletes what interrupted puts left behind before `before`; returns how many. */
  removeLeftovers(before: Date): Promise<number>;
  close(): void;
};

/** The widths of each image. */
export const imageWidths = [160, 480, 1200] as const;
export type ImageWidth = (typeof imageWidths)[number];

const KEY =
  /^(?<shopId>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(?<hash>[0-9a-f]{64})-(?<width>160|480|1200)\.webp$/;

export const imageKey = (shopId: string, hash: string, width: number) => `${shopId}/${hash}-${width}.webp`;

/** The parts of an image key; undefined for any other path or object name. */
export function readImageKey(key: string): { shopId: string; hash: string; width: number } | undefined {
  const { shopId, hash, width } = KEY.exec(key)?.groups ?? {};
  return shopId && hash ? { shopId, hash, width: Number(width) } : undefined;
}

/** Throws TypeError for an invalid key, which prevents path traversal. */
export function requireImageKey(key: string): void {
  if (!KEY.test(key)) throw new TypeError('This is not the key of a picture.');
}
