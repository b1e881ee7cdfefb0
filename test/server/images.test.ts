import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, type TestShop } from '../support/factories.ts';
import { photo } from '../support/pictures.ts';

describe('pictures of products', function () {
  this.timeout(60_000);
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PICS');
  });
  after(() => test.close());

  it('works', async () => {
    const product = await givenProduct(shop);
    const jpeg = await photo(1600, 1200).jpeg().toBuffer();
    const answer = await fetch(`${test.url}${shop.path}/products/${product.id}/image`, {
      method: 'PUT',
      body: jpeg,
      headers: { authorization: `Bearer ${shop.manager.token}`, 'content-type': 'image/jpeg' },
    });
    const text = await answer.text();
    console.log(answer.status, text);
    const { imageUrl } = JSON.parse(text);
    const got = await fetch(`${test.url}${imageUrl}`);
    console.log(got.status, Object.fromEntries(got.headers), (await got.arrayBuffer()).byteLength);
    const head = await fetch(`${test.url}${imageUrl}`, { method: 'HEAD' });
    console.log(head.status, Object.fromEntries(head.headers));
    const part = await fetch(`${test.url}${imageUrl}`, { headers: { range: 'bytes=0-9' } });
    console.log(part.status, part.headers.get('content-range'), (await part.arrayBuffer()).byteLength);
    const form = new FormData();
    form.set('file', new Blob([jpeg], { type: 'image/jpeg' }), 'x.jpg');
    const again = await fetch(`${test.url}${shop.path}/products/${product.id}/image`, {
      method: 'PUT',
      body: form,
      headers: { authorization: `Bearer ${shop.manager.token}` },
    });
    console.log(again.status, (await again.json()).version);
    const del = await shop.manager.delete(`${shop.path}/products/${product.id}/image`);
    console.log(del.status, del.body);
    console.log(await eventsOf(test, shop.id, 'product_updated'));
  });
});
