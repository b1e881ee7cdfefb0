import { join } from 'node:path';
import type { Config, ImageStoreKind } from '../config.ts';
import { StoreUnavailableError } from './errors.ts';
import { openFilesystemStore } from './filesystem-store.ts';
import type { ImageStore } from './image-store.ts';

export type StoreConfig = Pick<Config, 'home' | 's3'>;

export const imagesFolder = ({ home }: Pick<Config, 'home'>) => join(home, 'images');

export const loadMinioStore = () => import('./minio-store.ts');

/** Opens a store without contacting it. Throws StoreUnavailableError if its settings are missing. */
export async function openStore(kind: ImageStoreKind, config: StoreConfig): Promise<ImageStore> {
  if (kind === 'filesystem') return openFilesystemStore(imagesFolder(config));
  if (!config.s3) {
    throw new StoreUnavailableError(
      'NotConfigured',
      'This machine has no settings for the S3 server of the pictures. Set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY, and restart what runs.',
    );
  }
  const { openMinioStore } = await loadMinioStore();
  return await openMinioStore(config.s3);
}
