import type { ImageStoreKind } from '../../config.ts';
import type { ImageUser, SharedImages } from '../../database/images-lock.ts';
import type { ProcessedImage } from '../../storage/image-processor.ts';
import type { ByteRange, ImageStore, OpenFile, StoredFile } from '../../storage/image-store.ts';

/** Reads image files for clients. Undefined: no such file. Throws `images_unavailable`. */
export type ImageReader = {
  get(key: string, range?: ByteRange): Promise<OpenFile | undefined>;
  stat(key: string): Promise<StoredFile | undefined>;
};

/** The store of the images; until the first one (`isFixed` false), the store that it would go to. */
export type ImagePlace = { kind: ImageStoreKind; isFixed: boolean };

/** The images of the installation. Loads, opens and starts everything lazily. */
export type Images = {
  /** Read from the database, cached for a few seconds; `isFresh` bypasses the cache. */
  place(isFresh?: boolean): Promise<ImagePlace>;
  /** Loads at once all code that is loaded lazily otherwise, that of S3 where a bucket is set. */
  load(): Promise<void>;
  /** Throws StoreUnavailableError if this machine has no settings for it. */
  store(kind: ImageStoreKind): Promise<ImageStore>;
  /** Makes the files of an image in a child process. Throws `image_refused`, `images_unavailable`. */
  process(path: string): Promise<ProcessedImage>;
  /** Queues an upload: a few run at once, a bounded number waits. Throws `too_busy`. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` while no image is deleted or moved. Throws ImagesLockedError. */
  share<T>(user: ImageUser, work: (lock: SharedImages) => Promise<T>): Promise<T>;
  /** Reads files for clients. */
  reader: ImageReader;
  /**
   * A presigned URL in the bucket, valid for days. Undefined if the images are not in a bucket, or no public endpoint is set.
   */
  addressOf(method: 'GET' | 'HEAD', key: string): Promise<string | undefined>;
  close(): void;
};

/** How soon a server notices that another process moved the images. */
export const FOLLOW_MS = 3_000;
