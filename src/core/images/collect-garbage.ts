import type { Client } from 'pg';
import { imageHolders, withLockedImages } from '../../database/images-lock.ts';
import { withClient } from '../../database/migrate.ts';
import { type ImageStore, readImageKey, type StoredFile } from '../../storage/image-store.ts';
import type { Context } from '../context.ts';
import { findLastRestore } from '../epochs/find-epoch.ts';
import { filesOf, type ImageRow } from './sql/image-rows.ts';
import { forgetImage, reckonUnused, unknownFiles, unusedImages } from './sql/unused-images.ts';

/** Somebody may put a picture back, a till may show a menu of weeks ago, and a backup of last month may be restored. */
export const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;
/** Uploads wait for a batch; one of so many takes a second at most, on S3 too. */
const BATCH = 50;
/** For an upload to be done. A backup takes longer: then nothing is taken away, and the next run does. */
const WAIT_MS = 5_000;

export type Garbage = {
  /** Pictures that no product shows since thirty days or more. */
  images: number;
  /** All files that were taken away, those of no picture included. */
  files: number;
  sizeBytes: number;
  /** Who held the pictures, so that not all, or nothing, was taken away: `upload`, `backup`, or `restore`, of these days. */
  heldBy: string[];
};

type Options = { dryRun: boolean; databaseUrl: string; onProgress?: (files: number) => void };

type Found = { key: string; sizeBytes: number };

/**
 * Takes away what nobody shows since thirty days: pictures by batches, each while no upload and no backup is at work, then
 * files that belong to no picture, such as those of an upload that was cut off. Files go before what is known of them, so that a
 * run that is cut off is made up for by the next. For thirty days after a restore nothing goes: what it replaced may be put back,
 * and shows pictures that these books don't know. Throws StoreUnavailableError.
 */
export async function collectGarbage(context: Context, options: Options): Promise<Garbage> {
  const { images, now } = context.app;
  const garbage: Garbage = { images: 0, files: 0, sizeBytes: 0, heldBy: [] };
  const before = new Date(now().getTime() - KEPT_DAYS * DAY_MS);
  const { kind, isFixed } = await images.place(true);
  if (!isFixed) return garbage;
  const restoredAt = await findLastRestore(context.em);
  if (restoredAt && restoredAt >= before) return { ...garbage, heldBy: ['restore'] };
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

/** Whoever it was may be gone by now; it was one of these. */
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
 * The files, then the row, by the connection that holds the lock: if it broke, the row can't be locked, and nothing is taken
 * away that somebody may have referred to since.
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

/** Files that were put before that time, some hundred at a time. */
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
