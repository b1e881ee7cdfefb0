import type { ImageStoreKind } from '../../config.ts';
import { imageKey } from '../../storage/image-store.ts';
import type { Images } from './images.ts';

/** A key that no picture has: to be told that it is not there, the store has to be reached, and its keys to be right. */
const NO_PICTURE = imageKey('00000000-0000-0000-0000-000000000000', '0'.repeat(64), 160);

/** Whether the store of the pictures answers. Throws what the database throws. */
export async function lookAtStore(images: Images): Promise<{ kind: ImageStoreKind; isUp: boolean }> {
  const { kind } = await images.place();
  const isUp = await images
    .store(kind)
    .then((store) => store.stat(NO_PICTURE))
    .then(
      () => true,
      () => false,
    );
  return { kind, isUp };
}
