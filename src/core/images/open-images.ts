import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Config, ImageStoreKind, S3Config } from '../../config.ts';
import { ProblemError } from '../../contract/problem.ts';
import { withSharedImages } from '../../database/images-lock.ts';
import type { ImageProcessor } from '../../storage/image-processor.ts';
import type { ImageStore } from '../../storage/image-store.ts';
import type { SignAddress } from '../../storage/s3.ts';
import type { Services } from '../context.ts';
import { createQueue } from '../queue.ts';
import { imageProblem } from './image-problems.ts';
import { FOLLOW_MS, type ImagePlace, type Images } from './images.ts';
import { createReader } from './read-images.ts';
import { readImageStore } from './sql/image-store.ts';

/** Repeat the warning at most this often. */
const SAY_EVERY_MS = 3_600_000;

const stopping = () =>
  new ProblemError('too_busy', { detail: 'The server is stopping. Try again in a minute.' });

const loadStores = () => import('../../storage/open-store.ts');
const loadProcessor = () => import('../../storage/image-processor.ts');
const loadS3 = () => import('../../storage/s3.ts');

type Options = { orm: MikroORM; config: Config; databaseUrl: string } & Pick<Services, 'log' | 'now'>;

export function openImages({ orm, config, databaseUrl, log, now }: Options): Images {
  const stores = new Map<ImageStoreKind, Promise<ImageStore>>();
  const uploads = createQueue({
    // One image is decoded while another is being stored.
    atOnce: 2,
    waiting: 20,
    longestMs: 30_000,
    busy: 'Many pictures are being made. Try again in half a minute.',
  });
  const places = followPlace(() => orm.em.fork(), config, log);
  let processor: Promise<ImageProcessor> | undefined;
  let signer: Promise<SignAddress> | undefined;
  let isClosed = false;

  const openSigner = async (target: S3Config): Promise<SignAddress> => (await loadS3()).openSigner(target);
  const openProcessor = async (): Promise<ImageProcessor> => (await loadProcessor()).openImageProcessor();
  const store = (kind: ImageStoreKind): Promise<ImageStore> => {
    const known = stores.get(kind);
    if (known) return known;
    const opening = loadStores().then(({ openStore }) => openStore(kind, config));
    stores.set(kind, opening);
    opening.catch(() => stores.delete(kind));
    return opening;
  };
  return {
    place: places,
    async load() {
      const [stores] = await Promise.all([loadStores(), loadProcessor()]);
      if (config.s3) await Promise.all([stores.loadMinioStore(), loadS3().then((s3) => s3.loadLibrary())]);
    },
    store,
    reader: createReader({ place: places, store }, log),
    async process(path) {
      if (isClosed) throw stopping();
      processor ??= openProcessor();
      try {
        return await (await processor).process(path);
      } catch (error) {
        // Closing killed the decoder, so the error says nothing about the image.
        throw isClosed ? stopping() : imageProblem(error);
      }
    },
    async addressOf(method, key) {
      const { s3 } = config;
      if (!s3?.publicEndpoint || (await places()).kind !== 'minio') return undefined;
      signer ??= openSigner({ ...s3, endpoint: s3.publicEndpoint });
      return await (await signer)(method, key, now());
    },
    inTurn: uploads.run,
    share: (user, work) => withSharedImages(databaseUrl, user, work),
    close() {
      isClosed = true;
      void processor?.then((opened) => opened.close());
      for (const store of stores.values()) store.then((opened) => opened.close()).catch(() => {});
    },
  };
}

/** Caches which store the images are in, and warns when IMAGE_STORE names another one. */
function followPlace(
  em: () => EntityManager,
  { imageStore }: Config,
  log: Services['log'],
): (isFresh?: boolean) => Promise<ImagePlace> {
  let known: { place: ImagePlace; at: number } | undefined;
  let asking: Promise<ImagePlace> | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;

  const say = (kind: ImageStoreKind) => {
    if (imageStore === undefined || imageStore === kind || performance.now() - saidAt < SAY_EVERY_MS) return;
    saidAt = performance.now();
    log.warn(
      { imageStore, pictures: kind },
      `IMAGE_STORE is ${imageStore}, but the pictures are in the store ${kind} and stay there. Move them: smoocho images move --to ${imageStore}`,
    );
  };
  const ask = async (): Promise<ImagePlace> => {
    const fixed = await readImageStore(em());
    if (fixed) say(fixed);
    const place = { kind: fixed ?? imageStore ?? 'filesystem', isFixed: fixed !== null };
    known = { place, at: performance.now() };
    return place;
  };
  const askOnce = () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return async (isFresh = false) => {
    if (isFresh) return await ask();
    if (!known) return await askOnce();
    // Don't make a request wait for the database: refresh in the background for the next one.
    if (performance.now() - known.at > FOLLOW_MS) askOnce().catch(() => {});
    return known.place;
  };
}
