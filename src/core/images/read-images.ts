import type { ImageStoreKind } from '../../config.ts';
import { ProblemError } from '../../contract/problem.ts';
import { StoreUnavailableError } from '../../storage/errors.ts';
import type { ImageStore } from '../../storage/image-store.ts';
import type { Services } from '../context.ts';
import type { ImageReader, Images } from './images.ts';

/**
 * After a failure, retry the store at this interval with a single request: a browser has six connections to a server, and image
 * requests that wait for the store would leave none for its orders.
 */
const PAUSE_MS = 5_000;

const UNAVAILABLE = 'Pictures can not be read now. Everything else goes on; try again in a minute.';

export function createReader(images: Pick<Images, 'place' | 'store'>, log: Services['log']): ImageReader {
  const run = createBreaker(PAUSE_MS, (error) =>
    // Logged only: the client must not learn where images are stored.
    log.warn({ code: error.code, reason: error.message }, 'pictures can not be read'),
  );
  const read = async <T>(work: (store: ImageStore) => Promise<T | undefined>): Promise<T | undefined> => {
    const place = await images.place();
    const from = async (kind: ImageStoreKind) => await work(await images.store(kind));
    /** Another process may have moved the images within the last seconds. */
    const elsewhere = async (): Promise<T | undefined> => {
      const { kind } = await images.place(true);
      return kind === place.kind ? undefined : await from(kind);
    };
    try {
      return await run(async () => {
        try {
          return (await from(place.kind)) ?? (await elsewhere());
        } catch (error) {
          const found = await elsewhere();
          if (found === undefined) throw error;
          return found;
        }
      });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      throw new ProblemError('images_unavailable', { detail: UNAVAILABLE });
    }
  };
  return {
    get: (key, range) => read((store) => store.get(key, range)),
    stat: (key) => read((store) => store.stat(key)),
  };
}

/** Circuit breaker: after a store failure rethrows it at once, and lets one call through every `pauseMs` until one succeeds. */
function createBreaker(pauseMs: number, onBroken: (error: StoreUnavailableError) => void) {
  let broken: { error: StoreUnavailableError; until: number } | undefined;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (broken) {
      if (performance.now() < broken.until) throw broken.error;
      // Half-open: calls fail fast until this one has settled.
      broken.until = Number.POSITIVE_INFINITY;
    }
    try {
      const result = await work();
      broken = undefined;
      return result;
    } catch (error) {
      if (error instanceof StoreUnavailableError) {
        if (!broken) onBroken(error);
        broken = { error, until: performance.now() + pauseMs };
      } else if (broken) {
        broken.until = performance.now() + pauseMs;
      }
      throw error;
    }
  };
}
