import type { ImageStoreKind } from '../../config.ts';
import type { ImageUser, SharedImages } from '../../database/images-lock.ts';
import type { ProcessedImage } from '../../storage/image-processor.ts';
import type { ByteRange, ImageStore, OpenFile, StoredFile } from '../../storage/image-store.ts';

/** Reads files of pictures for whoever shows them. Undefined: there is no such file. Throws `images_unavailable`. */
export type ImageReader = {
  get(key: string, range?: ByteRange): Promise<OpenFile | undefined>;
  stat(key: string): Promise<StoredFile | undefined>;
};

/** Where the pictures are. Before the first one it is only where it would go. */
export type ImagePlace = { kind: ImageStoreKind; isFixed: boolean };

/** The pictures of the installation. Nothing of it is loaded, opened or started before it is needed. */
export type Images = {
  /** As the database has it, asked again every few seconds; with `isFresh`, asked now. */
  place(isFresh?: boolean): Promise<ImagePlace>;
  /** Throws StoreUnavailableError where this machine has no settings for it. */
  store(kind: ImageStoreKind): Promise<ImageStore>;
  /** Makes the files of a picture, in a process of its own. Throws `image_refused`, `images_unavailable`. */
  process(path: string): Promise<ProcessedImage>;
  /** An upload's turn: a few at a time, a bounded number in line. Throws `too_busy`. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` while no picture is taken away or moved. Throws ImagesLockedError. */
  share<T>(user: ImageUser, work: (lock: SharedImages) => Promise<T>): Promise<T>;
  /** Files for whoever shows them. */
  reader: ImageReader;
  /**
   * Where a browser gets a file from the bucket itself: an address that is good for days. Undefined where the pictures are not
   * in one, or no address of it is set.
   */
  addressOf(method: 'GET' | 'HEAD', key: string): Promise<string | undefined>;
  close(): void;
};

/** How soon a server follows when another process has moved the pictures. */
export const FOLLOW_MS = 3_000;
