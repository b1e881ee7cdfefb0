import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createLog, systemContext } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { moveImages } from '../../src/core/images/move-images.ts';
import { openS3, type S3 } from '../../src/storage/s3.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { expectWhole, fetchImage, givenPicture, productOf, uploadTo } from '../support/image-parts.ts';
import { anyPng, photo } from '../support/pictures.ts';
import { requireS3, s3ServerNames, startS3, type TestS3 } from '../support/s3.ts';

/** What a server logs, and all of it. */
function listen(env: Record<string, string>) {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: createLog(loadConfig({ home: '/nowhere' }, { ...env, LOG_LEVEL: 'trace' }), stream) };
}

for (const name of s3ServerNames) {
  describe(`pictures in a bucket of ${name}`, function () {
    this.timeout(120_000);
    let server: TestS3;
    let bucket: S3;
    let test: TestApp;
    let shop: TestShop;
    let heard: ReturnType<typeof listen>;

    before(async function () {
      requireS3(this, name);
      server = await startS3(name);
      bucket = await openS3(server.config);
      await bucket.ensureBucket();
      const env = { ...server.env, IMAGE_STORE: 'minio' };
      heard = listen(env);
      test = await startTestApp({ env, log: heard.log });
      shop = await givenShop(test, 'PICS');
    });
    after(async () => {
      bucket?.close();
      await test?.close();
      await server?.close();
    });

    const keys = async () => {
      const found: string[] = [];
      for await (const { key } of bucket.list()) found.push(key);
      return found;
    };

    it('are put there, and come from there through the server', async () => {
      const { imageUrl } = await givenPicture(shop, await photo(900, 700).jpeg().toBuffer());
      const hash = /[0-9a-f]{64}/.exec(imageUrl)?.[0];
      expect((await keys()).sort()).to.deep.equal(
        [1200, 160, 480].map((width) => `${shop.id}/${hash}-${width}.webp`),
      );
      await expectWhole(test, imageUrl);
      const { bytes } = await fetchImage(test, imageUrl);
      const part = await fetchImage(test, imageUrl, { range: 'bytes=10-19' });
      expect([part.status, part.headers.get('content-range')]).to.deep.equal([
        206,
        `bytes 10-19/${bytes.length}`,
      ]);
      expect(part.bytes.equals(bytes.subarray(10, 20))).to.equal(true);
      const head = await fetchImage(test, imageUrl, {}, 'HEAD');
      expect([head.status, head.headers.get('content-length')]).to.deep.equal([200, String(bytes.length)]);
    });

    it('wait for no sale while the bucket is away, and come back with it', async () => {
      const product = await givenPicture(shop, anyPng(30));
      await server.kill();
      const upload = await uploadTo(shop.manager, shop, product.id, anyPng(31));
      expect([upload.status, upload.body.type]).to.deep.equal([
        503,
        'urn:smoocho:problem:images_unavailable',
      ]);
      expect(upload.body.detail).to.match(/^The S3 server at http:.* does not answer\. Is it running/);
      expect(upload.headers.get('retry-after')).to.equal('30');
      const shown = await fetchImage(test, product.imageUrl);
      expect(shown.status).to.equal(503);
      expect(shown.bytes.toString()).to.not.include(new URL(server.config.endpoint).host);
      expect((await shop.cashier.get(`${shop.path}/products`)).status).to.equal(200);
      expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
      expect((await productOf(shop, product.id)).imageUrl, 'the old one stays').to.equal(product.imageUrl);
      await server.start();
      await untilShown(test, product.imageUrl);
      expect((await uploadTo(shop.manager, shop, product.id, anyPng(32))).status).to.equal(200);
    });

    it('of which one is refused do not hold up the others: a browser has six connections', async () => {
      const product = await givenPicture(shop, anyPng(33));
      server.pause();
      try {
        const first = fetchImage(test, product.imageUrl);
        expect((await first).status).to.equal(503);
        // It holds its answers still, and nobody waits for that any more.
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => fetchImage(test, product.imageUrl)),
        );
        expect(answers.map(({ status }) => status).filter((status) => status !== 503)).to.deep.equal([]);
      } finally {
        server.resume();
      }
      await untilShown(test, product.imageUrl);
    });

    it('whose server ends in the middle of an upload leave the old one', async () => {
      const product = await givenPicture(shop, anyPng(34));
      server.pause();
      const uploading = uploadTo(shop.manager, shop, product.id, await photo(1300, 900, 9).jpeg().toBuffer());
      await sleep(1_000);
      await server.kill();
      expect((await uploading).status).to.equal(503);
      await server.start();
      expect((await productOf(shop, product.id)).imageUrl).to.equal(product.imageUrl);
      await untilShown(test, product.imageUrl);
      await expectWhole(test, product.imageUrl);
    });

    it('are answered by a redirect where the bucket has an address of its own', async () => {
      const env = { ...server.env, S3_PUBLIC_ENDPOINT: server.config.endpoint };
      const beside = await startTestApp({ beside: test, env });
      try {
        const { imageUrl } = await givenPicture(shop, anyPng(35));
        const { status, headers, bytes } = await fetchImage(beside, imageUrl);
        expect([status, bytes.length, headers.get('cache-control')]).to.deep.equal([
          ...[302, 0],
          'public, max-age=86400',
        ]);
        const address = headers.get('location') as string;
        expect(address).to.match(
          new RegExp(`^${server.config.endpoint}/kulfi-pictures/${shop.id}/[0-9a-f]{64}-480\\.webp\\?X-Amz-`),
        );
        const direct = await fetch(address);
        expect([direct.status, direct.headers.get('content-type')]).to.deep.equal([200, 'image/webp']);
        expect(direct.headers.get('cache-control')).to.equal('public, max-age=31536000, immutable');
        await direct.arrayBuffer();
        expect((await fetchImage(beside, imageUrl)).headers.get('location'), 'the same all day').to.equal(
          address,
        );
        const head = await fetchImage(beside, imageUrl, {}, 'HEAD');
        expect((await fetch(head.headers.get('location') as string, { method: 'HEAD' })).status).to.equal(
          200,
        );
        expect((await fetchImage(beside, imageUrl.replace(/s=.*/, 's=x'))).status).to.equal(404);
        const etag = `"${/[0-9a-f]{64}-480/.exec(imageUrl)?.[0]}"`;
        expect((await fetchImage(beside, imageUrl, { 'if-none-match': etag })).status).to.equal(304);
      } finally {
        await beside.close();
      }
    });

    it('show no key of the bucket to anybody, nor in the log', async () => {
      const text = heard.lines.join('');
      expect(text).to.include('pictures can not be read');
      for (const secret of [server.config.secretKey, server.config.accessKey])
        expect(text).to.not.include(secret);
    });
  });
}

/** A store that was away is asked again after some seconds. */
async function untilShown(test: TestApp, imageUrl: string): Promise<void> {
  for (const late = Date.now() + 30_000; Date.now() < late; await sleep(200)) {
    if ((await fetchImage(test, imageUrl)).status === 200) return;
  }
  throw new Error('The picture did not come back.');
}

describe('where the pictures of an installation are', function () {
  this.timeout(120_000);
  let s3: TestS3;
  let test: TestApp;
  let shop: TestShop;

  before(async function () {
    requireS3(this, 'minio');
    s3 = await startS3('minio');
    const bucket = await openS3(s3.config);
    await bucket.ensureBucket();
    bucket.close();
  });
  after(() => s3?.close());
  beforeEach(async () => {
    // It has the settings of the bucket, and nobody said that pictures go there.
    test = await startTestApp({ env: s3.env });
    shop = await givenShop(test, 'PICS');
  });
  afterEach(() => test.close());

  const placeOf = async () => {
    const client = await test.database.connect();
    const { rows } = await client.query('SELECT image_store AS kind FROM setup');
    return rows[0].kind;
  };
  const managerAt = ({ url }: TestApp) => clientOf(url, shop.manager.token);

  it('is where the first one goes; servers with other settings follow, and say so', async () => {
    expect(await placeOf()).to.equal(null);
    const heard = listen({});
    const other = await startTestApp({
      beside: test,
      env: { ...s3.env, IMAGE_STORE: 'minio' },
      log: heard.log,
    });
    try {
      const first = await givenPicture(shop, anyPng(30));
      expect(await placeOf()).to.equal('filesystem');
      await expectWhole(other, first.imageUrl);
      const product = await givenProduct(shop);
      const { body } = await uploadTo(managerAt(other), shop, product.id, anyPng(31));
      expect(await placeOf()).to.equal('filesystem');
      await expectWhole(test, body.imageUrl);
      expect(heard.lines.join('')).to.include(
        'IMAGE_STORE is minio, but the pictures are in the store filesystem and stay there. Move them: smoocho images move --to minio',
      );
    } finally {
      await other.close();
    }
  });

  it('is one place, when two servers of other settings get the first one at once', async () => {
    const other = await startTestApp({ beside: test, env: { ...s3.env, IMAGE_STORE: 'minio' } });
    try {
      const products = await Promise.all([1, 2, 3, 4].map(() => givenProduct(shop)));
      const answers = await Promise.all(
        products.map(({ id }, n) => uploadTo(managerAt(n % 2 ? other : test), shop, id, anyPng(40 + n))),
      );
      for (const { status, body, text } of answers) {
        expect(status, text).to.equal(200);
        await expectWhole(test, body.imageUrl);
        await expectWhole(other, body.imageUrl);
      }
      expect(await placeOf()).to.be.oneOf(['filesystem', 'minio']);
    } finally {
      await other.close();
    }
  });

  it('is followed by a server that runs, with uploads going on; one without the settings says so until it has them', async () => {
    const poor = await startTestApp({ beside: test });
    try {
      const pictures = [];
      for (let n = 0; n < 6; n += 1) pictures.push(await givenPicture(shop, anyPng(50 + n)));
      const product = await givenProduct(shop);
      let isMoving = true;
      const uploads = (async () => {
        for (let n = 0; isMoving; n += 1) {
          const { status, text } = await uploadTo(shop.manager, shop, product.id, anyPng(60 + (n % 20)));
          expect(status, text).to.equal(200);
        }
      })();
      const options = {
        to: 'minio',
        databaseUrl: test.app.databaseUrl,
        skipBad: false,
        removeSource: true,
      } as const;
      const moved = await moveImages(systemContext(test.app, 'test'), options);
      isMoving = false;
      await uploads;
      expect(moved).to.include({ from: 'filesystem', to: 'minio', isSwitched: true });
      expect(moved.removed).to.be.at.least(18);
      expect(await placeOf()).to.equal('minio');
      for (const { imageUrl } of pictures) await expectWhole(test, imageUrl);
      await expectWhole(test, (await productOf(shop, product.id)).imageUrl);
      const shown = await fetchImage(poor, pictures[0]?.imageUrl as string);
      expect(shown.status).to.equal(503);
      const upload = await uploadTo(managerAt(poor), shop, product.id, anyPng(90));
      expect([upload.status, upload.body.detail]).to.deep.equal([
        503,
        'This machine has no settings for the S3 server of the pictures. Set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY, and restart what runs.',
      ]);
      expect((await managerAt(poor).get(`${shop.path}/products`)).status).to.equal(200);
    } finally {
      await poor.close();
    }
  });
});
