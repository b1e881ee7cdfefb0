import type { Client } from 'pg';
import { imageHolders, withLockedImages } from '../../database/images-lock.ts';
import { withClient } from '../../database/migrate.ts';
import { type ImageStore, readImageKey, type StoredFile } from '../../storage/image-store.ts';
import type { Context } from '../context.ts';
import { findLastRestore } from '../epochs/find-epoch.ts';
import { filesOf, type ImageRow } from './sql/image-rows.ts';
import { forgetImage, reckonUnused, unknownFiles, unusedImages } from './sql/unused-images.ts';

/** An image may be set again, a till may show a menu weeks old, and a backup a month old may be restored. */
export const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;
/** Uploads wait for a batch; one of this size takes a second at most, on S3 too. */
const BATCH = 50;
/** Long enough for an upload to finish. A backup takes longer: then nothing is deleted until the next run. */
const WAIT_MS = 5_000;

export type Garbage = {
  /** Images that no product has shown for thirty days or more. */
  images: number;
  /** All deleted files, including those of no image. */
  files: number;
  sizeBytes: number;
  /** What kept all or some images from being deleted: `upload`, `backup`, or a `restore` in the last thirty days. */
  heldBy: string[];
};

type Options = { dryRun: boolean; databaseUrl: string; onProgress?: (files: number) => void };

type Found = { key: string; sizeBytes: number };

/**
 * Deletes images unused for thirty days, in batches under the images lock (no upload, no backup), then files of no image, such
 * as those of an interrupted upload. Files go before their row, so that the next run completes an interrupted one. Deletes
 * nothing for thirty days after a restore: it may be undone, and the replaced database refers to images that this one doesn't
 * know. Throws StoreUnavailableError.
 */
export async function collectGarbage(context: Context, options: Options): Promise<Garbage> {
  const { images, now } = context.app;
  const garbage: Garbage = { images: 0, files: 0, sizeBytes: 0, heldBy: [] };
  const before = new Date(now().getTime() - KEPT_DAYS * DAY_MS);
  const { kind, isFixed } = await images.place(true);
  if (!isFixed) return garbage;
  if (await wasJustRestored(context)) return { ...garbage, heldBy: ['restore'] };
  const store = await images.store(kind);
  const count = (files: Found[]) => {
    garbage.files += files.length;
    garbage.sizeBytes += files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    options.onProgress?.(garbage.files);
  };
  const batches = options.dryRun ? lookOnly(options.databaseUrl) : locked(options.databaseUrl);

  await batches.run((client) => (options.dryRun ? Promise.resolve() : reckonUnused(client, now())));
  for (let last: ImageRow | undefined; ; ) {
    const rows = await batches.run(async (client) => {
      const found = await unusedImages(client, before, BATCH, last);
      for (const row of found) {
        if (!options.dryRun) await removeImage(client, store, row);
        count(filesOf(row));
      }
      garbage.images += found.length;
      return found;
    });
    last = rows?.at(-1);
    if (!last || batches.isHeld()) break;
  }
  for await (const files of oldFiles(store, before)) {
    if (batches.isHeld()) break;
    await batches.run(async (client) => {
      const unknown = await unknownFiles(client, files);
      for (const { key } of unknown) if (!options.dryRun) await store.delete(key);
      count(unknown);
    });
  }
  if (!options.dryRun) await store.removeLeftovers(new Date(now().getTime() - DAY_MS));
  return batches.isHeld() ? { ...garbage, heldBy: await holders(options.databaseUrl) } : garbage;
}

/** Whether a restore of the last thirty days may be undone: the replaced database shows files that this one may not know. */
export async function wasJustRestored({ app, em }: Context): Promise<boolean> {
  const restoredAt = await findLastRestore(em);
  return restoredAt !== null && app.now().getTime() - restoredAt.getTime() <= KEPT_DAYS * DAY_MS;
}

/** The holder may be gone by now; then assume an upload. */
async function holders(url: string): Promise<string[]> {
  const names = await imageHolders(url);
  return names.length > 0 ? names : ['upload'];
}

type Batches = { run<T>(work: (client: Client) => Promise<T>): Promise<T | null>; isHeld(): boolean };

function locked(url: string): Batches {
  let isHeld = false;
  return {
    isHeld: () => isHeld,
    async run(work) {
      if (isHeld) return null;
      let isRun = false;
      const result = await withLockedImages(url, WAIT_MS, (client) => {
        isRun = true;
        return work(client);
      });
      isHeld = !isRun;
      return result;
    },
  };
}

const lookOnly = (url: string): Batches => ({ run: (work) => withClient(url, work), isHeld: () => false });

/**
 * Deletes the files before the row's deletion commits, on the connection that holds the images lock: if that broke, the row
 * can't be locked and no file is deleted that may be in use again.
 */
async function removeImage(client: Client, store: ImageStore, row: ImageRow): Promise<void> {
  await client.query('BEGIN');
  try {
    await forgetImage(client, row);
    for (const { key } of filesOf(row)) await store.delete(key);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be what failed
    throw error;
  }
}

type OldFile = StoredFile & { key: string; shopId: string; hash: string };

/** Files put before `before`, 500 at a time. */
async function* oldFiles(store: ImageStore, before: Date): AsyncGenerator<OldFile[]> {
  let files: OldFile[] = [];
  for await (const file of store.list()) {
    const parts = readImageKey(file.key);
    if (!parts || file.modifiedAt >= before) continue;
    files.push({ ...file, ...parts });
    if (files.length < BATCH * 10) continue;
    yield files;
    files = [];
  }
  if (files.length > 0) yield files;
}
