import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { openS3 } from '../../src/storage/s3.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { initOptions, launcher, type Ran, unlimited } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { eventsOf, givenProduct, givenShop, type TestShop } from '../support/factories.ts';
import { expectWhole, productOf, uploadTo } from '../support/image-parts.ts';
import { anyPng, photo } from '../support/pictures.ts';
import { requireS3, startS3, type TestS3 } from '../support/s3.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

/** How often a move is killed; the evening's run does it oftener. */
const KILLS = Number(process.env.MOVE_KILLS ?? 2);

describe('pictures by command', function () {
  this.timeout(180_000);
  const smoocho = warmCommands();
  let test: TestApp;
  let shop: TestShop;
  let folder: string;

  beforeEach(async () => {
    folder = tempFolder();
  });
  afterEach(async () => {
    removeFolder(folder);
    await test.close();
  });

  const run = (args: string[], env: Record<string, string> = {}): Promise<Ran> =>
    smoocho(args, { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url, ...env });

  describe('from a folder', () => {
    beforeEach(async () => {
      test = await startTestApp({ seals: false });
      shop = await givenShop(test, 'PICS');
    });
    const write = (name: string, bytes: Buffer | string) => writeFileSync(join(folder, name), bytes);

    it('go to the products that their files are called by, once, and what can not be used is named', async () => {
      const kulfi = await givenProduct(shop, { name: 'Malai Kulfi', sku: 'KUL' });
      const sundae = await givenProduct(shop, {
        name: 'Sundae',
        sku: 'SUN',
        variants: [
          { name: 'L', price: 1, sku: 'SUN-L' },
          { name: 'S', price: 1, sku: 'SUN-S' },
        ],
      });
      const tea = await givenProduct(shop, { name: 'Tea', sku: 'TEA' });
      write('KUL.jpg', await photo(600, 400).jpeg().toBuffer());
      // In small letters, of a variant, and of another variant of the same product.
      write('sun-l.png', anyPng(30));
      write('SUN-S.png', anyPng(31));
      write('TEA.jpg', '<html>not a picture</html>');
      write('NOBODY.gif', anyPng(32));
      write('.DS_Store', 'hidden');
      mkdirSync(join(folder, 'old'));

      const dry = await run(['import', 'images', folder, '--shop=PICS', '--dry-run', '--json']);
      expect(dry.json()).to.include({ dryRun: true, files: 5, changed: 2, unchanged: 0 });
      expect((await productOf(shop, kulfi.id)).imageUrl).to.equal(null);

      const { code, stdout, stderr } = await run(['import', 'images', folder, '--shop=PICS']);
      expect([code, stderr]).to.deep.equal([1, '']);
      expect(stdout.split('\n')).to.deep.equal([
        'Gave 2 products of Shop PICS a picture.',
        '1 file fits no product by sku:',
        '  NOBODY.gif',
        '1 file can not be used:',
        '  TEA.jpg: This is a page of text, not a picture. JPEG, PNG, WebP, AVIF and GIF work.',
        '1 file left out, for another one is of the same product:',
        '  sun-l.png (used: SUN-S.png)',
        '1 product has no picture.',
        '',
      ]);
      for (const { id } of [kulfi, sundae]) await expectWhole(test, (await productOf(shop, id)).imageUrl);
      expect((await productOf(shop, tea.id)).imageUrl).to.equal(null);
      const events = await eventsOf(test, shop.id, 'product_updated');
      expect(events.map(({ actor }) => actor.name)).to.deep.equal(['cli', 'cli']);

      const again = await run(['import', 'images', folder, '--shop=PICS', '--json']);
      expect(again.json()).to.deep.include({
        ...{ files: 5, changed: 0, unchanged: 2, unmatched: ['NOBODY.gif'], without: 1 },
        repeated: [{ file: 'sun-l.png', usedInstead: 'SUN-S.png' }],
      });
      expect(await eventsOf(test, shop.id, 'product_updated')).to.have.length(2);
    });

    it('are found by name, however it is written, and by barcode', async () => {
      const malai = await givenProduct(shop, { name: 'Malai Kulfi', barcode: '8901234567890' });
      const cafe = await givenProduct(shop, { name: 'Café frappé' });
      const [one, two] = [
        await givenProduct(shop, { name: 'Tea' }),
        await givenProduct(shop, { name: 'tea' }),
      ];
      write('malai_kulfi.png', anyPng(33));
      // macOS writes é as e and an accent.
      write(`${'Café-Frappé'.normalize('NFD')}.png`, anyPng(34));
      write('TEA.png', anyPng(35));
      const { code, json } = await run(['import', 'images', folder, '--shop=PICS', '--match=name', '--json']);
      expect(code).to.equal(1);
      expect(json().changed).to.equal(2);
      expect(json().bad).to.deep.equal([
        { file: 'TEA.png', reason: 'Several products are called so: Tea, tea.' },
      ]);
      for (const { id } of [malai, cafe]) await expectWhole(test, (await productOf(shop, id)).imageUrl);
      for (const { id } of [one, two]) expect((await productOf(shop, id)).imageUrl).to.equal(null);
      for (const name of readdirSync(folder)) removeFolder(join(folder, name));
      write('8901234567890.jpeg', anyPng(36));
      const byCode = await run(['import', 'images', folder, '--shop=PICS', '--match=barcode', '--json']);
      expect([byCode.code, byCode.json().changed]).to.deep.equal([0, 1]);
    });

    it('are not looked for where there is no folder, nor by what is no mark', async () => {
      expect((await run(['import', 'images', join(folder, 'none'), '--shop=PICS'])).code).to.equal(2);
      const wrong = await run(['import', 'images', folder, '--shop=PICS', '--match=colour']);
      expect([wrong.code, wrong.stderr]).to.deep.equal([2, '--match is sku, barcode, name.\n']);
      expect((await run(['import', 'images', folder, '--shop=NOPE'])).code).to.equal(1);
      const empty = await run(['import', 'images', folder, '--shop=PICS']);
      expect([empty.code, empty.stdout]).to.deep.equal([0, 'There are no files in the folder.\n']);
    });

    it('are checked: a file that is damaged or gone is named, with what shows it', async () => {
      const kulfi = await givenProduct(shop, { name: 'Kulfi', sku: 'KUL' });
      write('KUL.png', anyPng(37));
      await run(['import', 'images', folder, '--shop=PICS']);
      const sound = await run(['images', 'check']);
      expect([sound.code, sound.stdout]).to.deep.equal([0, '1 picture (3 files): all are whole.\n']);
      const [first, second] = readdirSync(join(test.home, 'images', shop.id));
      removeFolder(join(test.home, 'images', shop.id, first as string));
      writeFileSync(join(test.home, 'images', shop.id, second as string), 'damaged');
      const { code, json } = await run(['images', 'check', '--json']);
      expect(code).to.equal(4);
      expect(json()).to.deep.include({ isSound: false, images: 1, files: 3 });
      expect(json().bad.map(({ products }: { products: string[] }) => products)).to.deep.equal([
        ['PICS: Kulfi'],
        ['PICS: Kulfi'],
      ]);
      // The same file again mends it, and is no change.
      const mended = await run(['import', 'images', folder, '--shop=PICS', '--json']);
      expect(mended.json()).to.include({ changed: 0, unchanged: 1 });
      expect((await run(['images', 'check'])).code).to.equal(0);
      expect((await productOf(shop, kulfi.id)).version).to.equal(2);
      // What no product shows is missed by nobody: a restore brings its row, and not its files.
      await shop.manager.delete(`${shop.path}/products/${kulfi.id}/image`);
      removeFolder(join(test.home, 'images', shop.id, first as string));
      expect((await run(['images', 'check'])).code).to.equal(0);
    });
  });

  describe('to another store', () => {
    let s3: TestS3;
    before(async function () {
      requireS3(this, 'minio');
      s3 = await startS3('minio');
    });
    after(() => s3?.close());
    beforeEach(async () => {
      test = await startTestApp({ env: s3.env, seals: false });
      shop = await givenShop(test, 'PICS');
    });

    async function givenPictures(count: number) {
      const products = [];
      for (let n = 0; n < count; n += 1) {
        const product = await givenProduct(shop, { sku: `P${n}` });
        writeFileSync(join(folder, `P${n}.png`), anyPng(16 + n));
        products.push(product);
      }
      await run(['import', 'images', folder, '--shop=PICS']);
      return products as { id: string }[];
    }
    const expectAllWhole = async (products: { id: string }[]) => {
      for (const { id } of products) await expectWhole(test, (await productOf(shop, id)).imageUrl);
    };

    it('are moved there and back, each read back, and taken away where they were when told so', async () => {
      const products = await givenPictures(5);
      const there = await run(['images', 'move', '--to=minio'], s3.env);
      expect([there.code, there.stderr]).to.deep.equal([0, '']);
      expect(there.stdout).to.include(
        '5 pictures: copied 15 files, each read back. The pictures are in the store minio now.',
      );
      expect(there.stdout).to.include(
        'The files in the store filesystem stay there until you run it again with --remove-source.',
      );
      expect(readdirSync(join(test.home, 'images', shop.id))).to.have.length(15);
      const again = await run(['images', 'move', '--to=minio', '--remove-source', '--json'], s3.env);
      expect(again.json()).to.include({ from: 'minio', to: 'minio', removed: 15 });
      expect(readdirSync(join(test.home, 'images', shop.id))).to.deep.equal([]);
      await expectAllWhole(products);
      const back = await run(['images', 'move', '--to=filesystem', '--remove-source', '--json'], s3.env);
      expect(back.json()).to.include({
        from: 'minio',
        to: 'filesystem',
        copied: 15,
        removed: 15,
        isSwitched: true,
      });
      const bucket = await openS3(s3.config);
      for await (const { key } of bucket.list(`${shop.id}/`)) throw new Error(`${key} is still there`);
      bucket.close();
      await expectAllWhole(products);
    });

    it('stay where they were after a restore that may be undone, for the data of before has its own there', async () => {
      await givenPictures(1);
      const db = await test.database.connect();
      await db.query(
        `INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason)
         SELECT id, gen_random_uuid(), 2, now(), 'restored' FROM shops`,
      );
      const move = ['images', 'move', '--to=minio', '--remove-source'];
      const moved = await run([...move, '--json'], s3.env);
      expect(moved.json()).to.include({ isSwitched: true, removed: 0, isHeld: true });
      expect((await run(move, s3.env)).stdout).to.include('was restored less than 30 days ago');
      expect(readdirSync(join(test.home, 'images', shop.id))).to.have.length(3);
      await db.query("DELETE FROM shop_epochs WHERE reason = 'restored'");
      expect((await run([...move, '--json'], s3.env)).json()).to.include({ removed: 3, isHeld: false });
      expect((await run(['images', 'move', '--to=filesystem'], s3.env)).code).to.equal(0);
    });

    it('are refused while one of them is damaged, unless it is left behind', async () => {
      await givenPictures(3);
      const files = readdirSync(join(test.home, 'images', shop.id));
      writeFileSync(join(test.home, 'images', shop.id, files[0] as string), 'damaged');
      const refused = await run(['images', 'move', '--to=minio'], s3.env);
      expect(refused.code).to.equal(6);
      expect(refused.stdout).to.include(
        `  ${shop.id}/${files[0]}\nNothing was switched: the pictures are still in the store filesystem.`,
      );
      const { id } = await givenProduct(shop);
      expect((await uploadTo(shop.manager, shop, id, anyPng(50))).status).to.equal(200);
      const moved = await run(['images', 'move', '--to=minio', '--skip-bad', '--json'], s3.env);
      expect([moved.code, moved.json().isSwitched, moved.json().bad.length]).to.deep.equal([0, true, 1]);
    });

    it('are looked after by init: it makes the bucket, or says what is wrong and goes on', async () => {
      const database = await testDatabase({ migrated: false });
      const init = (env: Record<string, string>) =>
        smoocho(['init', ...initOptions(folder), '--json'], {
          ...{ SMOOCHO_HOME: folder, DATABASE_URL: database.url, IMAGE_STORE: 'minio' },
          ...s3.env,
          ...env,
        });
      const away = await init({ S3_ENDPOINT: 'http://127.0.0.1:1' });
      expect([away.code, away.json().created]).to.deep.equal([0, true]);
      expect(away.json().storeFindings).to.deep.equal([
        {
          code: 'ECONNREFUSED',
          detail:
            'The S3 server at http://127.0.0.1:1 does not answer. Is it running, and is S3_ENDPOINT right?',
        },
      ]);
      const there = await init({ S3_BUCKET: 'made-by-init' });
      expect([there.code, there.json().storeFindings]).to.deep.equal([0, []]);
      const bucket = await openS3({ ...s3.config, bucket: 'made-by-init' });
      expect(await bucket.ensureBucket()).to.equal('there');
      bucket.close();
      await database.drop();
    });

    it('are not moved to what is not there', async () => {
      await givenPictures(1);
      const away = await run(['images', 'move', '--to=minio'], {
        ...s3.env,
        S3_ENDPOINT: 'http://127.0.0.1:1',
      });
      expect([away.code, away.stderr]).to.deep.equal([
        1,
        'The S3 server at http://127.0.0.1:1 does not answer. Is it running, and is S3_ENDPOINT right?\n',
      ]);
      const unset = await run(['images', 'move', '--to=minio']);
      expect(unset.code).to.equal(1);
      expect(unset.stderr).to.match(/^This machine has no settings/);
      expect((await run(['images', 'move', '--to=shelf'], s3.env)).code).to.equal(2);
    });

    it(`are whole somewhere after a kill -9 of the move at any moment (${KILLS} of them), while tills upload`, async () => {
      const products = await givenPictures(12);
      const [busy] = products as [{ id: string }];
      let isDone = false;
      const uploads = (async () => {
        for (let n = 0; !isDone; n += 1) {
          const { status, text } = await uploadTo(shop.manager, shop, busy.id, anyPng(50 + (n % 40)));
          expect(status, text).to.equal(200);
        }
      })();
      let to = 'minio';
      const fates: string[] = [];
      const kills = () => fates.filter((fate) => fate === 'killed').length;
      while (kills() < KILLS && fates.length < 3 * KILLS) {
        const child = spawn(process.execPath, [launcher, 'images', 'move', `--to=${to}`], {
          env: {
            ...process.env,
            ...unlimited,
            ...s3.env,
            SMOOCHO_HOME: test.home,
            DATABASE_URL: test.database.url,
          },
          stdio: 'ignore',
        });
        const ended = once(child, 'exit');
        const killed = await Promise.race([
          ended.then(() => false),
          sleep(400 + Math.random() * 2_500).then(() => true),
        ]);
        if (killed) child.kill('SIGKILL');
        const [code] = await ended;
        fates.push(killed ? 'killed' : `ended with ${code}`);
        await expectAllWhole(products.slice(1));
        // One that came to its end goes the other way next time.
        if (!killed) to = to === 'minio' ? 'filesystem' : 'minio';
      }
      isDone = true;
      await uploads;
      console.log(`    moves: ${fates.join(', ')}`);
      const last = await run(['images', 'move', '--to=minio', '--remove-source', '--json'], s3.env);
      expect(last.code, last.stderr).to.equal(0);
      expect((await run(['images', 'check'], s3.env)).code).to.equal(0);
      await expectAllWhole(products);
    });
  });
});
