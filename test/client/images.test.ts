import { expect } from 'chai';
import sharp from 'sharp';
import { isProblem } from '../../src/client/errors.ts';
import * as contract from '../../src/contract/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { anyPng, photo } from '../support/pictures.ts';
import { closeTills, tillOf } from './support.ts';

describe('pictures by the typed client', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PICS');
  });
  after(async () => {
    closeTills();
    await test.close();
  });

  it('are sent as a file or as bytes, and got as a file', async () => {
    const till = tillOf(test.url, { timeoutMs: 20_000 });
    await till.signIn({ email: shop.emails.manager, password: PASSWORD });
    const { id: productId } = await givenProduct(shop);
    const params = { shopId: shop.id, productId };
    const jpeg = new Uint8Array(await photo(600, 400).jpeg().toBuffer());
    const asFile = await till.call(contract.setProductImage, {
      params,
      body: new Blob([jpeg], { type: 'image/jpeg' }),
    });
    const asBytes = await till.call(contract.setProductImage, { params, body: jpeg });
    expect(asBytes).to.deep.equal(asFile);
    expect(asFile.imageUrl).to.be.a('string');

    const address = new URL(contract.imageUrlIn(asFile.imageUrl as string, 160), test.url);
    const key = address.pathname.split('/').at(-1) as string;
    const s = address.searchParams.get('s') as string;
    const image = await till.call(contract.getImage, { params: { shopId: shop.id, key }, query: { s } });
    expect([image.type, image.size > 0]).to.deep.equal(['image/webp', true]);
    expect((await sharp(Buffer.from(await image.arrayBuffer())).metadata()).width).to.equal(160);
    const unsigned = till.call(contract.getImage, { params: { shopId: shop.id, key } });
    expect(await unsigned.catch((error) => isProblem(error, 'not_found'))).to.equal(true);

    const removed = await till.call(contract.removeProductImage, { params });
    expect(removed).to.include({ imageUrl: null, version: asFile.version + 1 });
  });

  it('that are none are refused with a sentence to show', async () => {
    const till = tillOf(test.url, { timeoutMs: 20_000 });
    await till.signIn({ email: shop.emails.manager, password: PASSWORD });
    const { id: productId } = await givenProduct(shop);
    const params = { shopId: shop.id, productId };
    const refused = till.call(contract.setProductImage, { params, body: new Uint8Array([1, 2, 3]) });
    const error = await refused.catch((thrown) => thrown);
    expect(isProblem(error, 'image_refused')).to.equal(true);
    expect(error.message).to.match(/JPEG, PNG, WebP, AVIF and GIF work\.$/);
    await till.call(contract.setProductImage, { params, body: new Uint8Array(anyPng()) });
  });
});
