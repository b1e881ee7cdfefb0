import type { ImageStoreKind } from '../../config.ts';
import { imageKey } from '../../storage/image-store.ts';
import type { Images } from './images.ts';

/** A key that no picture has: to be told that it is not there, the store has to be reached, and its keys to be right. */
const NO_PICTURE = imageKey('00000000-0000-0000-0000-000000000000', '0'.repeat(64), 160);

/** Whether the store of the pictures answers, and if not, why. Throws what the database throws. */
export async function lookAtStore(
  images: Pick<Images, 'place' | 'store'>,
): Promise<{ kind: ImageStoreKind; isFixed: boolean; isUp: boolean; problem: string | null }> {
  const place = await images.place();
  const problem = await images
    .store(place.kind)
    .then((store) => store.stat(NO_PICTURE))
    .then(
      () => null,
      (error: Error) => error.message,
    );
  return { ...place, isUp: problem === null, problem };
}
