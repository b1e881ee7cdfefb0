import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemContext } from '../../../src/app.ts';
import { collectGarbage, type Garbage } from '../../../src/core/images/collect-garbage.ts';
import { shareImages } from '../../../src/database/images-lock.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { beginEpochs } from '../../support/epoch-parts.ts';
import { givenProduct, givenShop, type TestShop } from '../../support/factories.ts';
import { expectWhole, fetchImage, givenPicture, productOf, uploadTo } from '../../support/image-parts.ts';
import { anyPng } from '../../support/pictures.ts';

const DAY_MS = 86_400_000;

describe('the garbage collection of pictures', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;
  let days = 0;
  const start = Date.now();

  beforeEach(async () => {
    days = 0;
    test = await startTestApp({ now: () => new Date(start + days * DAY_MS), seals: false });
    shop = await givenShop(test, 'PICS');
  });
  afterEach(() => test.close());

  const collect = (dryRun = false): Promise<Garbage> =>
    collectGarbage(systemContext(test.app, 'test'), { dryRun, databaseUrl: test.app.databaseUrl });
  const files = () => readdirSync(join(test.home, 'images', shop.id)).length;
  const remove = ({ id }: { id: string }) => shop.manager.delete(`${shop.path}/products/${id}/image`);

  it('takes away what nobody has shown for thirty days, and nothing else', async () => {
    const gone = await givenPicture(shop, anyPng(20));
    const shown = await givenPicture(shop, anyPng(21));
    await remove(gone);
    days = 29;
    expect(await collect()).to.include({ images: 0, files: 0 });
    days = 31;
    // Tokens of a month ago are not good any more: what is shown is asked for without one.
    expect(await collect(true)).to.include({ images: 1, files: 3 });
    expect(files()).to.equal(6);
    const garbage = await collect();
    expect(garbage).to.include({ images: 1, files: 3 });
    expect(garbage.sizeBytes).to.be.above(0);
    expect(garbage.heldBy).to.deep.equal([]);
    expect(files()).to.equal(3);
    expect((await fetchImage(test, gone.imageUrl)).status).to.equal(404);
    await expectWhole(test, shown.imageUrl);
    expect(await collect()).to.include({ images: 0, files: 0 });
  });

  it('takes nothing away for thirty days after a restore or an undo: what was there before may be put back', async () => {
    const gone = await givenPicture(shop, anyPng(26));
    await remove(gone);
    days = 31;
    await beginEpochs(test);
    const held = { images: 0, files: 0, sizeBytes: 0, heldBy: ['restore'] };
    expect(await collect(true)).to.deep.equal(held);
    expect(await collect()).to.deep.equal(held);
    days = 60;
    await beginEpochs(test, { reason: 'undone', backup: null });
    days = 89;
    expect(await collect()).to.deep.equal(held);
    await expectWhole(test, gone.imageUrl);
    days = 91;
    expect(await collect()).to.include({ images: 1, files: 3 });
  });

  it('does nothing where there is no picture yet', async () => {
    expect(await collect()).to.deep.equal({ images: 0, files: 0, sizeBytes: 0, heldBy: [] });
  });

  it('goes by what products show, whatever was noted', async () => {
    const shown = await givenPicture(shop, anyPng(22));
    const hidden = await givenPicture(shop, anyPng(23));
    const db = await test.database.connect();
    // As two changes at once may leave it: one that is shown counts as unused, one that is not counts as used.
    await db.query("UPDATE images SET unused_since = now() - interval '60 days'");
    await db.query('UPDATE products SET image_url = NULL WHERE id = $1', [hidden.id]);
    await db.query('UPDATE images SET unused_since = NULL WHERE hash = $1', [
      /[0-9a-f]{64}/.exec(hidden.imageUrl)?.[0],
    ]);
    expect(await collect()).to.include({ images: 0, files: 0 });
    await expectWhole(test, shown.imageUrl);
    days = 31;
    expect(await collect()).to.include({ images: 1, files: 3 });
    await expectWhole(test, shown.imageUrl);
    expect((await fetchImage(test, hidden.imageUrl)).status).to.equal(404);
  });

  it('takes away old files of no picture, leaves new ones, and those of shops that are not ours', async () => {
    await givenPicture(shop, anyPng(24));
    const folder = join(test.home, 'images');
    const elsewhere = join(folder, randomUUID());
    mkdirSync(elsewhere);
    const put = (place: string, ageDays: number) => {
      const path = join(place, `${randomBytes(32).toString('hex')}-480.webp`);
      writeFileSync(path, 'left behind');
      utimesSync(path, new Date(start - ageDays * DAY_MS), new Date(start - ageDays * DAY_MS));
      return path;
    };
    put(join(folder, shop.id), 40);
    put(join(folder, shop.id), 40);
    put(join(folder, shop.id), 10);
    put(elsewhere, 400);
    writeFileSync(join(folder, shop.id, 'notes.txt'), 'mine');
    expect(await collect()).to.include({ images: 0, files: 2, sizeBytes: 22 });
    expect(files()).to.equal(3 + 1 + 1);
    expect(readdirSync(elsewhere)).to.have.length(1);
  });

  it('takes nothing away while a backup reads the pictures, and says so', async () => {
    const gone = await givenPicture(shop, anyPng(25));
    await remove(gone);
    days = 31;
    const backup = await test.database.connect();
    await shareImages(backup, 'backup');
    const running = collect();
    // It waits for a while; the backup goes on reading.
    const garbage = await running;
    expect(garbage).to.deep.equal({ images: 0, files: 0, sizeBytes: 0, heldBy: ['backup'] });
    expect(files()).to.equal(3);
    await backup.query('SELECT pg_advisory_unlock_all()');
    expect(await collect()).to.include({ images: 1, files: 3 });
  });

  it('never takes a picture from under an upload that brings it back', async () => {
    const product = await givenProduct(shop);
    const pictures = [anyPng(26), anyPng(27)];
    const db = await test.database.connect();
    for (let n = 0; n < 20; n += 1) {
      await db.query(
        "UPDATE images SET unused_since = now() - interval '60 days' WHERE unused_since IS NOT NULL",
      );
      const [upload] = await Promise.all([
        uploadTo(shop.manager, shop, product.id, pictures[n % 2] as Buffer),
        collect(),
        collect(),
      ]);
      expect(upload.status, upload.text).to.equal(200);
      await expectWhole(test, (await productOf(shop, product.id)).imageUrl);
    }
  });

  it('goes on where a run was cut off between files and what is known of them', async () => {
    const gone = await givenPicture(shop, anyPng(28));
    await remove(gone);
    const store = await test.app.images.store('filesystem');
    const hash = /[0-9a-f]{64}/.exec(gone.imageUrl)?.[0];
    await store.delete(`${shop.id}/${hash}-480.webp`);
    days = 31;
    expect(await collect()).to.include({ images: 1 });
    expect(files()).to.equal(0);
    const db = await test.database.connect();
    expect((await db.query('SELECT FROM images')).rowCount).to.equal(0);
  });
});
