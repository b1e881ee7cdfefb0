import { accessSync, constants, existsSync } from 'node:fs';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Config, ImageStoreKind } from '../../config.ts';
import { lookAtStore } from '../../core/images/look-at-store.ts';
import { readImageStore } from '../../core/images/sql/image-store.ts';
import { queryRow } from '../../database/query.ts';
import { imagesFolder, openStore } from '../../storage/open-store.ts';

export type ImageFacts = {
  store: ImageStoreKind;
  /** IMAGE_STORE, where it names another store than the one that the pictures are in. */
  otherSetting: ImageStoreKind | null;
  pictures: number;
  /** Why the store can't be had, in a sentence. */
  problem: string | null;
  /** Null for a folder, or a server that doesn't say. */
  hasBucket: boolean | null;
  /** Of pictures in a folder: it is gone, or can't be written. */
  isFolderGone: boolean;
  isFolderClosed: boolean;
};

const COUNT = 'SELECT count(*)::int AS pictures FROM images';

export async function readImages(em: EntityManager, config: Config): Promise<ImageFacts> {
  const fixed = await readImageStore(em);
  const kind = fixed ?? config.imageStore ?? 'filesystem';
  const { pictures } = await queryRow<{ pictures: number }>(em, COUNT);
  const { problem } = await lookAtStore({
    place: async () => ({ kind, isFixed: fixed !== null }),
    store: (of) => openStore(of, config),
  });
  const folder = imagesFolder(config);
  const isFolder = kind === 'filesystem';
  return {
    store: kind,
    otherSetting: config.imageStore !== undefined && config.imageStore !== kind ? config.imageStore : null,
    pictures,
    problem,
    hasBucket: kind === 'minio' && problem === null ? await findBucket(config) : null,
    isFolderGone: isFolder && pictures > 0 && !existsSync(folder),
    isFolderClosed: isFolder && existsSync(folder) && !isWritable(folder),
  };
}

/** A key may use a bucket that it may not ask about. */
async function findBucket({ s3 }: Config): Promise<boolean | null> {
  if (!s3) return null;
  const { openS3 } = await import('../../storage/s3.ts');
  const opened = await openS3(s3);
  try {
    return await opened.hasBucket();
  } catch {
    return null;
  } finally {
    opened.close();
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
