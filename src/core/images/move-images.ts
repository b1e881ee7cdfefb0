import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageStoreKind } from '../../config.ts';
import { asOnlyMove, imageHolders, withLockedImages } from '../../database/images-lock.ts';
import { StoreUnavailableError } from '../../storage/errors.ts';
import type { ImageStore } from '../../storage/image-store.ts';
import type { Context } from '../context.ts';
import { wasJustRestored } from './collect-garbage.ts';
import { FOLLOW_MS } from './images.ts';
import { isSound, soundBytes } from './sound-files.ts';
import { allImages, countImages, filesOf, type ImageRowFile, shownFiles } from './sql/image-rows.ts';
import { switchImageStore } from './sql/image-store.ts';

export type Moved = {
  from: ImageStoreKind | null;
  to: ImageStoreKind;
  images: number;
  /** Files copied now; those that an earlier run copied are only verified. */
  copied: number;
  /** Whether the new store is in use now. */
  isSwitched: boolean;
  /** Keys of files that products show and that are damaged or missing in the source. */
  bad: string[];
  /** Files deleted from the old store. */
  removed: number;
  /** Whether all were left there, since after a restore in the last thirty days undoing it needs them. */
  isHeld: boolean;
};

/** Another move is running, a backup didn't end, or files are damaged: nothing was switched. The message says which. */
export class MoveRefusedError extends Error {
  override name = 'MoveRefusedError';
}

type Options = {
  to: ImageStoreKind;
  databaseUrl: string;
  /** Continue without damaged or missing files, which are then lost. */
  skipBad: boolean;
  /** Delete the files from the old store after the switch. */
  removeSource: boolean;
  onProgress?: (done: number, total: number) => void;
};

/** A backup may take long; the operator sees that the move waits for it. */
const WAIT_MS = 15 * 60_000;
/** Servers re-read the store's kind every few seconds, and may just have begun to send a file. */
const BEFORE_REMOVAL_MS = 2 * FOLLOW_MS;
/** Limit of the list; a store with more bad files has another problem. */
const BAD_MAX = 1_000;

/**
 * Copies all images to another store while tills keep working, and verifies each copy. Then, holding the images lock for a
 * moment, copies what was added meanwhile and switches. If interrupted, the images are complete in the old store or in the new
 * one; a second run continues. Throws MoveRefusedError, StoreUnavailableError.
 */
export async function moveImages(context: Context, options: Options): Promise<Moved> {
  const moved = await asOnlyMove(options.databaseUrl, () => move(context, options));
  if (moved) return moved;
  throw new MoveRefusedError('Pictures are being moved by another process. Wait for it to end.');
}

async function move(context: Context, options: Options): Promise<Moved> {
  const { images } = context.app;
  const { to, databaseUrl } = options;
  const { kind: from, isFixed } = await images.place(true);
  const moved: Moved = {
    from,
    to,
    images: 0,
    copied: 0,
    isSwitched: false,
    bad: [],
    removed: 0,
    isHeld: false,
  };
  if (!isFixed) return { ...moved, from: null };
  const target = await images.store(to);
  if (from === to) {
    if (!options.removeSource) return moved;
    const other = await images.store(to === 'minio' ? 'filesystem' : 'minio');
    return { ...moved, ...(await removeFiles(context, other, target)) };
  }
  const source = await images.store(from);
  const { files: total } = await countImages(context.em);
  const copier = createCopier(source, target);
  const copyAll = async (onFile?: (done: number) => void): Promise<boolean> => {
    const bad: ImageRowFile[] = [];
    let done = 0;
    moved.images = 0;
    for await (const row of allImages(context.em.fork())) {
      moved.images += 1;
      for (const file of filesOf(row)) {
        if (!(await copier.copy(file)) && bad.length < BAD_MAX) bad.push(file);
        done += 1;
        onFile?.(done);
      }
    }
    // Unused images are no loss: a restore brings back their rows, but not their files.
    moved.bad = (await shownFiles(context.em.fork(), bad)).map(({ key }) => key);
    return moved.bad.length === 0 || options.skipBad;
  };
  if (!(await copyAll((done) => options.onProgress?.(done, total)))) return moved;
  const isSwitched = await withLockedImages(databaseUrl, WAIT_MS, async (client) => {
    if (!(await copyAll())) return false;
    // Uses the lock's connection: if it broke, nothing is switched.
    await switchImageStore(client, to);
    return true;
  });
  if (isSwitched === null) throw new MoveRefusedError(await waitedFor(databaseUrl));
  moved.copied = copier.copied();
  if (!isSwitched || !options.removeSource) return { ...moved, isSwitched };
  await sleep(BEFORE_REMOVAL_MS);
  return { ...moved, isSwitched, ...(await removeFiles(context, source, target)) };
}

const waitedFor = async (url: string) =>
  `All pictures are copied, but ${(await imageHolders(url)).includes('backup') ? 'a backup is still being made' : 'pictures are being uploaded on and on'}. Run the same again later: it goes on from here.`;

/** Copies missing files and remembers verified ones, so that the last pass only checks new ones. */
function createCopier(source: ImageStore, target: ImageStore) {
  const seen = new Set<string>();
  let copied = 0;
  return {
    copied: () => copied,
    /** False: damaged or missing in the source, and not in the target either. */
    async copy(file: ImageRowFile): Promise<boolean> {
      if (seen.has(file.key)) return true;
      if (!(await isSound(target, file))) {
        const bytes = await soundBytes(source, file);
        if (!bytes) return false;
        await target.put(file.key, bytes);
        if (!(await isSound(target, file))) {
          throw new StoreUnavailableError(
            'Unfaithful',
            `The store does not give back what was put into it (${file.key}). Nothing was switched.`,
          );
        }
        copied += 1;
      }
      seen.add(file.key);
      return true;
    },
  };
}

/** Deletes files from the old store, each only if it is intact in the new one. */
async function removeFiles(
  context: Context,
  from: ImageStore,
  to: ImageStore,
): Promise<Pick<Moved, 'removed' | 'isHeld'>> {
  let removed = 0;
  // The replaced database has its pictures there.
  if (await wasJustRestored(context)) return { removed, isHeld: true };
  for await (const row of allImages(context.em.fork())) {
    for (const file of filesOf(row)) {
      if (!(await from.stat(file.key)) || !(await isSound(to, file))) continue;
      await from.delete(file.key);
      removed += 1;
    }
  }
  return { removed, isHeld: false };
}
