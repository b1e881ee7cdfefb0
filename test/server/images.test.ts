import { createHash } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import sharp from 'sharp';
import { imageUrlIn, imageWidths } from '../../src/contract/images.ts';
import { imageWidths as storedWidths } from '../../src/storage/image-store.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, type TestShop } from '../support/factories.ts';
import {
  expectWhole,
  fetchImage,
  givenPicture,
  productOf,
  uploadForm,
  uploadTo,
} from '../support/image-parts.ts';
import { anyPng, photo, pngOf } from '../support/pictures.ts';

describe('pictures of products', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;
  let other: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PICS');
    other = await givenShop(test, 'ELSE');
  });
  after(() => test.close());

  const filesOf = (owner: TestShop) => readdirSync(join(test.home, 'images', owner.id)).sort();

  describe('given', () => {
    it('as the file itself: the product has three widths of it, and everybody hears of it', async () => {
      const product = await givenProduct(shop, { name: 'Kulfi' });
      const jpeg = await photo(1600, 1200).jpeg().toBuffer();
      const { status, body, text } = await uploadTo(shop.manager, shop, product.id, jpeg);
      expect(status, text).to.equal(200);
      expect(body).to.deep.equal({
        ...product,
        imageUrl: body.imageUrl,
        version: 2,
        updatedAt: body.updatedAt,
      });
      expect(body.imageUrl).to.match(
        new RegExp(`^/api/images/${shop.id}/[0-9a-f]{64}-480\\.webp\\?s=[\\w-]{22}$`),
      );
      expect((await shop.cashier.get(`${shop.path}/products/${product.id}`)).body).to.deep.equal(body);
      const { body: menu } = await shop.cashier.get(`${shop.path}/products`);
      expect(menu.data).to.deep.include(body);
      const [event] = (await eventsOf(test, shop.id, 'product_updated')).slice(-1);
      expect(event?.data).to.deep.equal(body);
      const sizes: (number | undefined)[][] = [];
      const hash = createHash('sha256');
      for (const width of imageWidths) {
        const { bytes } = await fetchImage(test, imageUrlIn(body.imageUrl, width));
        const { width: w, height: h, format } = await sharp(bytes).metadata();
        expect(format).to.equal('webp');
        sizes.push([w, h]);
        hash.update(bytes);
      }
      expect(sizes).to.deep.equal([
        [160, 120],
        [480, 360],
        [1200, 900],
      ]);
      expect(body.imageUrl, 'named by what is in it').to.include(hash.digest('hex'));
      expect(storedWidths).to.deep.equal(imageWidths);
    });

    it('as a form, whatever it is called there', async () => {
      const jpeg = await photo(600, 400, 2).jpeg().toBuffer();
      for (const name of [
        '../../etc/passwd',
        'a\0b.jpg',
        'x\r\nSet-Cookie: y=1.jpg',
        '..%2f..%2fx.svg',
        'क.png',
        '',
      ]) {
        const product = await givenProduct(shop);
        const { status, body, text } = await uploadForm(shop.manager, shop, product.id, jpeg, name);
        expect(status, `${JSON.stringify(name)}: ${text}`).to.equal(200);
        await expectWhole(test, body.imageUrl);
      }
      expect(readdirSync(join(test.home, 'uploads')), 'nothing is left of them').to.deep.equal([]);
    });

    for (const [format, make] of [
      ['PNG', () => photo(500, 300, 3).png().toBuffer()],
      ['WebP', () => photo(500, 300, 4).webp().toBuffer()],
      ['AVIF', () => photo(500, 300, 5).avif({ effort: 0 }).toBuffer()],
      ['GIF', () => photo(500, 300, 6).gif().toBuffer()],
      ['JPEG', () => photo(500, 300, 7).jpeg({ progressive: true }).toBuffer()],
    ] as const) {
      it(`in ${format}, whatever its Content-Type says`, async () => {
        const product = await givenProduct(shop);
        const { status, body, text } = await uploadTo(
          shop.manager,
          shop,
          product.id,
          await make(),
          'image/x-thing',
        );
        expect(status, text).to.equal(200);
        const { bytes } = await fetchImage(test, body.imageUrl);
        expect(await sharp(bytes).metadata()).to.include({ width: 480, height: 288 });
      });
    }

    it('smaller than a width: it is not blown up', async () => {
      const { imageUrl } = await givenPicture(shop, anyPng(100));
      for (const width of imageWidths) {
        const { bytes } = await fetchImage(test, imageUrlIn(imageUrl, width));
        expect(await sharp(bytes).metadata()).to.include({ width: 100, height: 100 });
      }
    });

    it('as a strip of paper: it is at most four times as high as wide', async () => {
      const { imageUrl } = await givenPicture(shop, pngOf({ width: 50, height: 30_000 }));
      const { bytes } = await fetchImage(test, imageUrlIn(imageUrl, 1200));
      expect((await sharp(bytes).metadata()).height).to.equal(4_800);
    });

    it('again, it changes nothing', async () => {
      const png = anyPng(40);
      const product = await givenPicture(shop, png);
      const before = await eventsOf(test, shop.id, 'product_updated');
      const again = await uploadTo(shop.manager, shop, product.id, png);
      expect(again.body).to.deep.equal(product);
      expect(await eventsOf(test, shop.id, 'product_updated')).to.have.length(before.length);
    });

    it('in place of another one, which stays where it was for those who still show it', async () => {
      const first = await givenPicture(shop, anyPng(41));
      const { body: second } = await uploadTo(shop.manager, shop, first.id, anyPng(42));
      expect(second.imageUrl).to.not.equal(first.imageUrl);
      expect(second.version).to.equal(first.version + 1);
      await expectWhole(test, first.imageUrl);
      await expectWhole(test, second.imageUrl);
      expect(await unusedOf(first.imageUrl)).to.equal(true);
      expect(await unusedOf(second.imageUrl)).to.equal(false);
    });

    it('to two products, it is kept once, and stays while one of them shows it', async () => {
      const png = anyPng(43);
      const one = await givenPicture(shop, png);
      const before = filesOf(shop).length;
      const two = await givenPicture(shop, png);
      expect(filesOf(shop)).to.have.length(before);
      expect(two.imageUrl).to.equal(one.imageUrl);
      await shop.manager.delete(`${shop.path}/products/${one.id}/image`);
      expect(await unusedOf(two.imageUrl)).to.equal(false);
      await shop.manager.delete(`${shop.path}/products/${two.id}`);
      expect(await unusedOf(two.imageUrl)).to.equal(true);
      await givenPicture(shop, png);
      expect(await unusedOf(two.imageUrl)).to.equal(false);
    });

    it('to a product while another lets go of it, it counts as shown: a backup would leave it out', async () => {
      const one = await givenPicture(shop, anyPng(48));
      const two = await givenProduct(shop);
      const hash = /[0-9a-f]{64}/.exec(one.imageUrl)?.[0];
      const [giver, watcher] = [await test.database.connect(), await test.database.connect()];
      // As an upload does it, up to its commit.
      await giver.query('BEGIN');
      await giver.query('UPDATE images SET unused_since = NULL WHERE shop_id = $1 AND hash = $2', [
        shop.id,
        hash,
      ]);
      await giver.query('UPDATE products SET image_url = $2 WHERE id = $1', [two.id, hash]);
      const removing = shop.manager.delete(`${shop.path}/products/${one.id}/image`);
      const isWaiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      for (const late = Date.now() + 20_000; Date.now() < late; await sleep(5))
        if ((await watcher.query(isWaiting)).rows.length > 0) break;
      await giver.query('COMMIT');
      expect((await removing).status).to.equal(200);
      expect(await unusedOf(one.imageUrl)).to.equal(false);
    });

    it('by two people at once, one of them is the picture, and it is whole', async () => {
      const product = await givenProduct(shop);
      const pictures = await Promise.all(
        [44, 45, 46, 47].map((size) =>
          photo(size * 20, 600, size)
            .jpeg()
            .toBuffer(),
        ),
      );
      const answers = await Promise.all(
        pictures.map((bytes) => uploadTo(shop.manager, shop, product.id, bytes)),
      );
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
      const { imageUrl, version } = await productOf(shop, product.id);
      expect(version).to.equal(5);
      expect(answers.map(({ body }) => body.imageUrl)).to.include(imageUrl);
      await expectWhole(test, imageUrl);
      for (const { body } of answers)
        expect(await unusedOf(body.imageUrl)).to.equal(body.imageUrl !== imageUrl);
    });
  });

  describe('taken away', () => {
    it('are gone from the product, and the address goes on for those who have it', async () => {
      const product = await givenPicture(shop, anyPng(50));
      const { status, body } = await shop.manager.delete(`${shop.path}/products/${product.id}/image`);
      expect(status).to.equal(200);
      expect(body).to.include({ imageUrl: null, version: product.version + 1 });
      await expectWhole(test, product.imageUrl);
      expect(await unusedOf(product.imageUrl)).to.equal(true);
      const again = await shop.manager.delete(`${shop.path}/products/${product.id}/image`);
      expect([again.status, again.body.version]).to.deep.equal([200, body.version]);
      const [event] = (await eventsOf(test, shop.id, 'product_updated')).slice(-1);
      expect(event?.data).to.deep.equal(body);
    });

    it('with their product', async () => {
      const product = await givenPicture(shop, anyPng(51));
      expect((await shop.manager.delete(`${shop.path}/products/${product.id}`)).status).to.equal(204);
      expect(await unusedOf(product.imageUrl)).to.equal(true);
      const late = await uploadTo(shop.manager, shop, product.id, anyPng(52));
      expect([late.status, late.body.detail]).to.deep.equal([404, 'There is no such product.']);
    });
  });

  describe('are refused', () => {
    it('from whoever may not, before a byte of them is kept', async () => {
      const product = await givenProduct(shop);
      const path = `${shop.path}/products/${product.id}/image`;
      const png = anyPng();
      const send = async (client: TestShop['owner'], at = path) =>
        (await client.send('PUT', at, { body: png, headers: { 'content-type': 'image/png' } })).status;
      expect(await send(shop.cashier)).to.equal(403);
      expect(await send(other.manager)).to.equal(404);
      expect(await send(other.manager, path.replace(shop.id, other.id)), "another shop's product").to.equal(
        404,
      );
      expect(
        (await fetch(`${test.url}${path}`, { method: 'PUT', body: new Uint8Array(png) })).status,
      ).to.equal(401);
      expect((await productOf(shop, product.id)).imageUrl).to.equal(null);
    });

    it('while the server has nowhere to keep them for the moment', async () => {
      const product = await givenProduct(shop);
      const folder = join(test.home, 'uploads');
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, 'a file where the folder should be');
      const { status, body } = await uploadTo(shop.manager, shop, product.id, anyPng());
      rmSync(folder);
      expect([status, body.detail]).to.deep.equal([
        503,
        'The server can not keep the file for the moment that it takes to read it (EEXIST).',
      ]);
    });

    it('with a sentence that says what works', async () => {
      const product = await givenProduct(shop);
      const detailOf = async (bytes: Buffer | string, type?: string) => {
        const { status, body } = await uploadTo(shop.manager, shop, product.id, Buffer.from(bytes), type);
        return [status, body.type.replace('urn:smoocho:problem:', ''), body.detail];
      };
      const works = 'JPEG, PNG, WebP, AVIF and GIF work.';
      expect(await detailOf('<svg xmlns="http://www.w3.org/2000/svg"/>')).to.deep.equal([
        ...[415, 'image_refused'],
        `SVG can not be taken. ${works}`,
      ]);
      const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
      expect((await detailOf(heic))[2]).to.match(/^This is a HEIC picture, .* Most Compatible; .*work\.$/);
      expect((await detailOf('%PDF-1.7'))[2]).to.equal(`This is a PDF, not a picture. ${works}`);
      expect((await detailOf('MZ\x90\0'))[2]).to.equal(`This is no picture that is known here. ${works}`);
      expect(await detailOf('{}', 'application/json')).to.deep.equal([
        ...[415, 'unsupported_media_type'],
        'Send the file itself with its Content-Type, such as image/jpeg, or a form (multipart/form-data) with one file in the field file.',
      ]);
      expect(await detailOf(Buffer.alloc(8 * 1024 * 1024 + 1, 'x'))).to.deep.equal([
        ...[413, 'body_too_large'],
        'The file is larger than 8 MiB. Make the picture smaller.',
      ]);
      expect(await detailOf('')).to.deep.equal([422, 'invalid_request', 'The file is empty.']);
    });
  });

  describe('shown', () => {
    let imageUrl: string;
    let bytes: Buffer;

    before(async () => {
      ({ imageUrl } = await givenPicture(shop, await photo(900, 700, 60).jpeg().toBuffer()));
      ({ bytes } = await fetchImage(test, imageUrl));
    });

    it('to anybody who has the address, for ever, and to no other', async () => {
      const { status, headers } = await fetchImage(test, imageUrl);
      expect(status).to.equal(200);
      expect(Object.fromEntries(headers)).to.include({
        'content-type': 'image/webp',
        'content-length': String(bytes.length),
        'cache-control': 'public, max-age=31536000, immutable',
        'cross-origin-resource-policy': 'cross-origin',
        'x-content-type-options': 'nosniff',
        'accept-ranges': 'bytes',
        etag: `"${/[0-9a-f]{64}-480/.exec(imageUrl)?.[0]}"`,
      });
      const [path = '', signature = ''] = imageUrl.split('?s=');
      const foreign = await givenPicture(other, await photo(900, 700, 60).jpeg().toBuffer());
      expect(foreign.imageUrl.split('?')[0]?.replace(other.id, shop.id), 'the same picture').to.equal(path);
      for (const wrong of [
        path,
        `${path}?s=`,
        `${path}?s=${signature.slice(0, -1)}`,
        `${path}?s=${signature}A`,
        `${path}?s=${signature}=`,
        `${path}?s=${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
        foreign.imageUrl.replace(other.id, shop.id),
        imageUrl.replace(shop.id, other.id),
        imageUrl.replace(/[0-9a-f]{64}/, '0'.repeat(64)),
        imageUrl.replace('-480.', '-481.'),
        imageUrl.replace('.webp', '.png'),
        imageUrl.replace('/api/images/', '/api/images/..%2f..%2f'),
      ]) {
        const answer = await fetchImage(test, wrong);
        expect(answer.status, wrong).to.equal(404);
        expect(answer.headers.get('cache-control')).to.equal('no-store');
      }
    });

    it('not again to whoever has it', async () => {
      const etag = (await fetchImage(test, imageUrl)).headers.get('etag') as string;
      for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const { status, headers, bytes: none } = await fetchImage(test, imageUrl, { 'if-none-match': known });
        expect([status, headers.get('etag'), none.length], known).to.deep.equal([304, etag, 0]);
        expect(headers.get('cache-control')).to.include('immutable');
      }
      expect((await fetchImage(test, imageUrl, { 'if-none-match': '"x"' })).status).to.equal(200);
      const unsigned = imageUrl.replace(/s=.*/, `s=${'A'.repeat(22)}`);
      expect(
        (await fetchImage(test, unsigned, { 'if-none-match': etag })).status,
        'without telling',
      ).to.equal(404);
    });

    it('in parts', async () => {
      const size = bytes.length;
      const part = async (range: string, more = {}) => {
        const got = await fetchImage(test, imageUrl, { range, ...more });
        return [got.status, got.headers.get('content-range'), got.bytes] as const;
      };
      for (const [range, start, end] of [
        ['bytes=0-0', 0, 0],
        ['bytes=10-19', 10, 19],
        ['bytes=100-', 100, size - 1],
        ['bytes=-7', size - 7, size - 1],
        [`bytes=-${size * 2}`, 0, size - 1],
        [`bytes=5-${size * 2}`, 5, size - 1],
      ] as const) {
        const [status, said, got] = await part(range);
        expect([status, said], range).to.deep.equal([206, `bytes ${start}-${end}/${size}`]);
        expect(got.equals(bytes.subarray(start, end + 1)), range).to.equal(true);
      }
      for (const range of [`bytes=${size}-`, `bytes=${size + 5}-${size + 9}`, 'bytes=-0']) {
        const [status, said] = await part(range);
        expect([status, said], range).to.deep.equal([416, `bytes */${size}`]);
      }
      for (const range of [
        'bytes=0-1,3-4',
        'bytes=9-3',
        'bytes=x-',
        'items=0-1',
        'bytes=-',
        `bytes=0-${'9'.repeat(30)}`,
      ]) {
        const [status, , got] = await part(range);
        expect([status, got.length], range).to.deep.equal([200, size]);
      }
      expect((await part('bytes=0-1', { 'if-range': '"another"' }))[0]).to.equal(200);
      const etag = (await fetchImage(test, imageUrl)).headers.get('etag') as string;
      expect((await part('bytes=0-1', { 'if-range': etag }))[0]).to.equal(206);
    });

    it('by their head alone', async () => {
      const { status, headers, bytes: none } = await fetchImage(test, imageUrl, {}, 'HEAD');
      expect([status, none.length, headers.get('content-length')]).to.deep.equal([
        200,
        0,
        String(bytes.length),
      ]);
      expect(headers.get('content-type')).to.equal('image/webp');
      expect((await fetchImage(test, imageUrl.replace(/s=.*/, 's=x'), {}, 'HEAD')).status).to.equal(404);
    });

    it('not at all, once their file is gone: that is no fault of the server', async () => {
      const gone = await givenPicture(shop, anyPng(61));
      const [, key = ''] = /([0-9a-f]{64})/.exec(gone.imageUrl) ?? [];
      await (await test.app.images.store('filesystem')).delete(`${shop.id}/${key}-480.webp`);
      expect((await fetchImage(test, gone.imageUrl)).status).to.equal(404);
      expect((await fetchImage(test, imageUrlIn(gone.imageUrl, 160))).status).to.equal(200);
    });
  });

  async function unusedOf(imageUrl: string): Promise<boolean> {
    const hash = /[0-9a-f]{64}/.exec(imageUrl)?.[0];
    const client = await test.database.connect();
    const { rows } = await client.query(
      'SELECT unused_since IS NOT NULL AS unused FROM images WHERE shop_id = $1 AND hash = $2',
      [shop.id, hash],
    );
    return rows[0]?.unused;
  }
});
