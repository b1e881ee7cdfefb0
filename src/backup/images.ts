import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import type { Config, ImageStoreKind } from '../config.ts';
import { shareImages } from '../database/images-lock.ts';
import { type ImageStore, imageKey } from '../storage/image-store.ts';
import { openStore } from '../storage/open-store.ts';
import type { ArchivedImage } from './archive/format.ts';

type StoreConfig = Pick<Config, 'home' | 's3' | 'imageStore'>;

/** The images of a snapshot. */
export type SnapshotImages = {
  list: ArchivedImage[];
  /** The bytes of an image; null if it is missing, incomplete or can't be read. */
  read(image: ArchivedImage): Promise<Uint8Array | null>;
  close(): void;
};

/** Keeps images from being deleted or moved while the connection lives. Call it before the snapshot. */
export const holdImages = (client: Client) => shareImages(client, 'backup');

const HAS_IMAGES = `SELECT to_regclass('public.images') IS NOT NULL AS has`;

// Skip images that no product uses: they are due for deletion within thirty days, and nobody would miss them.
const IMAGES = `
  SELECT i.shop_id AS "shopId", i.hash, f."sizeBytes", f.width, f.sha256
  FROM images i, jsonb_to_recordset(i.files) AS f (width int, "sizeBytes" int, sha256 text)
  WHERE i.unused_since IS NULL ORDER BY i.shop_id, i.hash, f.width`;

/** After this many failures in a row, no more images are read. */
const MAX_FAILED = 3;

/** Null if it is missing, or differs from the one that was stored. */
async function readWhole(
  store: ImageStore,
  { key, sizeBytes, sha256 }: ArchivedImage,
): Promise<Uint8Array | null> {
  const bytes = await store.read(key, sizeBytes);
  return bytes && createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : null;
}

type Row = { shopId: string; hash: string; width: number; sizeBytes: number; sha256: string };

/** Finds the images that a snapshot refers to. A schema from before images has none. */
export async function openSnapshotImages(client: Client, config: StoreConfig): Promise<SnapshotImages> {
  if (!(await client.query(HAS_IMAGES)).rows[0].has)
    return { list: [], read: async () => null, close: () => {} };
  const { rows } = await client.query<Row>(IMAGES);
  const { rows: places } = await client.query<{ kind: ImageStoreKind | null }>(
    'SELECT image_store AS kind FROM setup',
  );
  let store: Promise<ImageStore> | undefined;
  let failed = 0;
  return {
    list: rows.map(({ shopId, hash, width, sizeBytes, sha256 }) => ({
      key: imageKey(shopId, hash, width),
      sizeBytes,
      sha256,
    })),
    async read(image) {
      if (failed >= MAX_FAILED) return null;
      try {
        store ??= openStore(places[0]?.kind ?? 'filesystem', config);
        const bytes = await readWhole(await store, image);
        failed = 0;
        return bytes;
      } catch {
        // Orders matter more; the manifest lists missing images. An unreachable bucket takes seconds a read.
        failed += places[0]?.kind === 'minio' ? MAX_FAILED : 1;
        return null;
      }
    },
    close() {
      store?.then((opened) => opened.close()).catch(() => {});
    },
  };
}

/** Store for a restored database's images: as configured here, as the machine may be another one. */
export type ImageTarget = {
  kind: ImageStoreKind;
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Disk space for those that are missing; 0 for a bucket, whose space is not ours. */
  missingBytes(images: readonly ArchivedImage[]): Promise<number>;
  close(): void;
};

/** Throws StoreUnavailableError if its settings are missing. */
export async function openImageTarget(config: StoreConfig): Promise<ImageTarget> {
  const kind = config.imageStore ?? 'filesystem';
  const store = await openStore(kind, config);
  return {
    kind,
    put: store.put,
    async missingBytes(images) {
      if (kind !== 'filesystem') return 0;
      let missing = 0;
      for (const { key, sizeBytes } of images)
        if ((await store.stat(key))?.sizeBytes !== sizeBytes) missing += sizeBytes;
      return missing;
    },
    close: store.close,
  };
}

/** Records in a restored database where its images are now. */
export async function setImageStore(client: Client, kind: ImageStoreKind): Promise<void> {
  if (!(await client.query(HAS_IMAGES)).rows[0].has) return;
  await client.query('UPDATE setup SET image_store = CASE WHEN EXISTS (SELECT FROM images) THEN $1 END', [
    kind,
  ]);
}
