import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { fetchImage, givenPicture, productOf, uploadTo } from '../support/image-parts.ts';
import { anyPng, photo } from '../support/pictures.ts';

const PER_SECOND = 50;
const limited = { REQUESTS_PER_SECOND: String(PER_SECOND) };

describe('limits of pictures', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ env: limited });
    shop = await givenShop(test, 'PICS');
  });
  after(() => test.close());

  it('let a menu of two hundred through at once, without a token, and those of all tills behind one address', async () => {
    const { imageUrl } = await givenPicture(shop, anyPng(30));
    for (let till = 0; till < 3; till += 1) {
      const answers = await Promise.all(Array.from({ length: 200 }, () => fetchImage(test, imageUrl)));
      expect(answers.filter(({ status }) => status !== 200).map(({ status }) => status)).to.deep.equal([]);
    }
    const { headers } = await fetchImage(test, imageUrl);
    expect(headers.get('ratelimit-policy')).to.equal(`"pictures";q=${PER_SECOND * 20 * 2};w=2`);
    // None of it counts for what the address may ask else.
    expect((await fetchImage(test, '/api/shops')).status).to.equal(401);
  });

  it('count whoever guesses signatures as any stranger', async () => {
    const { imageUrl } = await givenPicture(shop, anyPng(31));
    const wrong = imageUrl.replace(/s=.*/, `s=${'A'.repeat(22)}`);
    const statuses: number[] = [];
    // A machine at work may need more than one window for them.
    for (let round = 0; round < 8 && !statuses.includes(429); round += 1) {
      const answers = await Promise.all(
        Array.from({ length: PER_SECOND * 2 + 20 }, () => fetchImage(test, wrong)),
      );
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses).to.include(429).and.not.include(200);
    expect((await fetchImage(test, imageUrl)).status, 'a good one goes on').to.equal(200);
  });

  it('count an upload by its size, so that a phone full of pictures goes through', async () => {
    const product = await givenProduct(shop);
    const small = await uploadTo(shop.manager, shop, product.id, anyPng(32));
    const left = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    await sleep(2_100);
    const before = left((await shop.manager.get(`${shop.path}/products/${product.id}`)).headers);
    const bytes = Buffer.concat([await photo(400, 300).jpeg().toBuffer(), Buffer.alloc(2 * 1024 * 1024)]);
    const large = await uploadTo(shop.manager, shop, product.id, bytes);
    expect([small.status, large.status]).to.deep.equal([200, 200]);
    // On a machine that took long, the window is another one.
    const cost = before - left(large.headers);
    if (cost > 0) expect(cost).to.equal(9);
  });

  it('let a session sell while its uploads creep in', async () => {
    const product = await givenProduct(shop);
    const slow = Array.from({ length: 3 }, () => openSlowUpload(product.id));
    await Promise.all(slow.map(({ begun }) => begun));
    for (let n = 0; n < 10; n += 1) {
      expect((await shop.manager.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
    }
    // Nothing of another session waits for them, nor what decodes pictures.
    expect((await uploadTo(shop.owner, shop, product.id, anyPng(33))).status).to.equal(200);
    for (const { end } of slow) end();
    const statuses = await Promise.all(slow.map(({ answered }) => answered));
    expect(statuses).to.deep.equal([200, 200, 200]);
    expect((await productOf(shop, product.id)).imageUrl).to.be.a('string');
  });

  /** Sends half of a picture, and the rest when it is told to. */
  function openSlowUpload(productId: string) {
    const png = anyPng(200);
    const { hostname, port } = new URL(test.url);
    const sent = request({
      hostname,
      port,
      method: 'PUT',
      path: `${shop.path}/products/${productId}/image`,
      headers: {
        authorization: `Bearer ${shop.manager.token}`,
        'content-type': 'image/png',
        'content-length': png.length,
      },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject);
    });
    const begun = new Promise<void>((resolve) => sent.write(png.subarray(0, 100), () => resolve()));
    return { begun, answered, end: () => sent.end(png.subarray(100)) };
  }
});
