import type { ImageStoreKind } from '../../config.ts';
import { ProblemError } from '../../contract/problem.ts';
import { StoreUnavailableError } from '../../storage/errors.ts';
import type { ImageStore } from '../../storage/image-store.ts';
import type { Services } from '../context.ts';
import type { ImageReader, Images } from './images.ts';

/**
 * A store that is away is asked again after so long, by one request alone: a browser has six connections to a server, and
 * pictures that each wait for a store would keep its sales from them.
 */
const PAUSE_MS = 5_000;

const UNAVAILABLE = 'Pictures can not be read now. Everything else goes on; try again in a minute.';

export function createReader(images: Pick<Images, 'place' | 'store'>, log: Services['log']): ImageReader {
  const run = createBreaker(PAUSE_MS, (error) =>
    // Whoever asks for a picture is not told where it is kept.
    log.warn({ code: error.code, reason: error.message }, 'pictures can not be read'),
  );
  const read = async <T>(work: (store: ImageStore) => Promise<T | undefined>): Promise<T | undefined> => {
    const place = await images.place();
    const from = async (kind: ImageStoreKind) => await work(await images.store(kind));
    /** Another process may have moved the pictures in the last seconds. */
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

/** Runs work until a store fails; from then on throws the same at once, and lets one through each `pauseMs`, until it is well. */
function createBreaker(pauseMs: number, onBroken: (error: StoreUnavailableError) => void) {
  let broken: { error: StoreUnavailableError; until: number } | undefined;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (broken) {
      if (performance.now() < broken.until) throw broken.error;
      // The others wait for what this one finds out.
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
