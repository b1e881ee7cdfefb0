import type { Product } from '../../src/contract/products.ts';
import { clientOf } from './client.ts';
import { anyPng } from './pictures.ts';
import { inShop } from './request-parts.ts';
import type { Builder } from './valid-requests.ts';
import { givenSundae, type World } from './world.ts';

const PNG = 'image/png';

/** Creates a product that has a picture. */
export async function givenPictured(world: World): Promise<Product> {
  const { shop, test } = world;
  const { id } = await givenSundae(world);
  const { status, body, text } = await clientOf(test.url, shop.manager.token).send(
    'PUT',
    `${shop.path}/products/${id}/image`,
    { body: anyPng(), headers: { 'content-type': PNG } },
  );
  if (status !== 200) throw new Error(`The picture was refused: ${text}`);
  return body;
}

/** One per world is enough: nothing changes it. */
const pictured = new WeakMap<World, Promise<Product>>();

export const imageRequests: Record<string, Builder[]> = {
  setProductImage: [
    async (world) => ({
      params: { ...inShop(world), productId: (await givenSundae(world)).id },
      file: { bytes: anyPng(), type: PNG },
    }),
  ],
  removeProductImage: [
    async (world) => ({ params: { ...inShop(world), productId: (await givenPictured(world)).id } }),
  ],
  getImage: [
    async (world) => {
      const product = pictured.get(world) ?? givenPictured(world);
      pictured.set(world, product);
      const { pathname, searchParams } = new URL((await product).imageUrl as string, 'http://shop');
      const [shopId = '', key = ''] = pathname.split('/').slice(-2);
      return { params: { shopId, key }, query: { s: searchParams.get('s') as string } };
    },
  ],
};
