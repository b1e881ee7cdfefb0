import { expect } from 'chai';
import sharp from 'sharp';
import type { TestApp } from './app.ts';
import { type Answer, type Client, clientOf } from './client.ts';
import { givenProduct, type TestShop } from './factories.ts';

/** Uploads a picture as a raw body, as a browser does that has the file itself. */
export const uploadTo = (
  client: Client,
  shop: Pick<TestShop, 'path'>,
  productId: string,
  bytes: Buffer,
  type = 'image/jpeg',
): Promise<Answer> =>
  client.send('PUT', `${shop.path}/products/${productId}/image`, {
    body: bytes,
    headers: { 'content-type': type },
    // Waits for others to be decoded: the heaviest take seconds each, on a busy machine many.
    timeoutMs: 120_000,
  });

/** Uploads it as a form. `file` is the sender's file name. */
export function uploadForm(
  client: Client,
  shop: TestShop,
  productId: string,
  bytes: Buffer,
  file = 'x.jpg',
): Promise<Answer> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), file);
  return client.send('PUT', `${shop.path}/products/${productId}/image`, { body: form });
}

/** Creates a product with this picture. */
export async function givenPicture(shop: TestShop, bytes: Buffer, fields: Record<string, unknown> = {}) {
  const product = await givenProduct(shop, fields);
  const { status, body, text } = await uploadTo(shop.manager, shop, product.id, bytes);
  expect(status, text).to.equal(200);
  return body as { id: string; imageUrl: string; version: number };
}

export type Fetched = { status: number; headers: Headers; bytes: Buffer };

/** Fetches a picture without a token, as a browser does; doesn't follow redirects. */
export async function fetchImage(
  { url }: Pick<TestApp, 'url'>,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Fetched> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

/** Expects a picture in all its widths, each a readable WebP. */
export async function expectWhole(test: Pick<TestApp, 'url'>, imageUrl: string | null): Promise<void> {
  for (const width of [160, 480, 1200]) {
    const address = (imageUrl ?? '').replace('-480.', `-${width}.`);
    const { status, bytes } = await fetchImage(test, address);
    expect(status, `${address}: ${bytes.toString('utf8', 0, 200)}`).to.equal(200);
    const { format } = await sharp(bytes).metadata();
    expect(format).to.equal('webp');
    await sharp(bytes).stats();
  }
}

/** The current state of a product. */
export async function productOf(shop: TestShop, id: string) {
  const { body } = await shop.cashier.get(`${shop.path}/products/${id}`);
  return body as { imageUrl: string | null; version: number };
}

/** A client that is not signed in. */
export const stranger = ({ url }: Pick<TestApp, 'url'>) => clientOf(url);
