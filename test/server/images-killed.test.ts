import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createLog } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { sweepUploads } from '../../src/server/uploads.ts';
import { startTestApp } from '../support/app.ts';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { heaviestPng } from '../support/hostile-pictures.ts';
import { expectWhole, givenPicture, productOf, uploadTo } from '../support/image-parts.ts';
import { anyPng, photo } from '../support/pictures.ts';
import { childrenOf, untilHeavy } from '../support/processes.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** How often the server is killed; the evening's run does it oftener. */
const KILLS = Number(process.env.UPLOAD_KILLS ?? 4);
/** What the server itself may come to, in bytes, while others decode for it. */
const SERVER_BYTES = 300 * 1024 * 1024;

const isDecoder = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('image-child');
  } catch {
    return false;
  }
};
const peakOf = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

describe('pictures and a server that is killed', function () {
  this.timeout(180_000);
  let home: string;
  let database: TestDatabase;
  let server: Server;
  let shop: TestShop;
  let url: string;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    expect((await smoocho(['init', ...initOptions(home)], env())).code).to.equal(0);
    await start();
    const { body } = await clientOf(url).post('/api/auth/login', {
      email: 'asha@example.com',
      password: PASSWORD,
    });
    open(body.shops[0].id, body.accessToken);
  });
  after(async () => {
    await server.stop();
    await database.drop();
    removeFolder(home);
  });

  const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url });

  async function start(): Promise<void> {
    server = await startCli(['--port=0', '--host=127.0.0.1'], env(), 'Stop it with Ctrl-C.');
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.output())?.[0] as string;
    if (shop) open(shop.id, shop.owner.token as string);
  }
  function open(id: string, token: string): void {
    const client = clientOf(url, token);
    shop = { id, path: `/api/shops/${id}`, owner: client, manager: client, cashier: client } as TestShop;
  }
  const decoders = () => childrenOf(server.child.pid as number).filter(isDecoder);
  async function untilDecoding(): Promise<number> {
    for (const late = Date.now() + 20_000; Date.now() < late; await sleep(10)) {
      const [pid] = decoders();
      if (pid !== undefined) return pid;
    }
    throw new Error('Nothing decodes.');
  }

  it('has the old picture or the new one after each kill -9, whole, and goes on', async () => {
    const product = await givenPicture(shop, anyPng(20));
    let known = [product.imageUrl];
    for (let n = 0; n < KILLS; n += 1) {
      const uploading = uploadTo(
        shop.manager,
        shop,
        product.id,
        await photo(1500, 1000, n).jpeg().toBuffer(),
      ).catch(() => null);
      await sleep(Math.random() * 800);
      await server.stop('SIGKILL');
      const answer = await uploading;
      await start();
      const { imageUrl } = await productOf(shop, product.id);
      await expectWhole({ url }, imageUrl);
      if (answer?.status === 200) expect(imageUrl, 'it was answered').to.equal(answer.body.imageUrl);
      known = [...known, imageUrl as string];
    }
    expect((await uploadTo(shop.manager, shop, product.id, anyPng(21))).status).to.equal(200);
    const check = await smoocho(['images', 'check', '--json'], env());
    expect([check.code, check.json().bad]).to.deep.equal([0, []]);
    const { code } = await smoocho(['verify'], env());
    expect(code).to.equal(0);
  });

  it('leaves no process behind that decodes for it', async function () {
    if (process.platform !== 'linux') {
      console.log('    skipped: only Linux tells of processes in /proc');
      this.skip();
    }
    const product = await givenProduct(shop);
    const uploading = uploadTo(shop.manager, shop, product.id, heaviestPng(8_000, 5_000)).catch(() => null);
    const pid = await untilDecoding();
    await server.stop('SIGKILL');
    await uploading;
    for (const late = Date.now() + 20_000; isDecoder(pid) && Date.now() < late; ) await sleep(20);
    expect(isDecoder(pid), 'it goes on without a server').to.equal(false);
    await start();
  });

  it('whose decoder is killed says so, sells on, and reads the next one', async function () {
    if (process.platform !== 'linux') {
      console.log('    skipped: only Linux tells of processes in /proc');
      this.skip();
    }
    const product = await givenPicture(shop, anyPng(22));
    const uploading = uploadTo(shop.manager, shop, product.id, heaviestPng(8_000, 5_000));
    await untilHeavy(await untilDecoding());
    for (const pid of decoders()) process.kill(pid, 'SIGKILL');
    const { status, body } = await uploading;
    expect([status, body.type]).to.deep.equal([415, 'urn:smoocho:problem:image_refused']);
    expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
    expect((await productOf(shop, product.id)).imageUrl).to.equal(product.imageUrl);
    expect((await uploadTo(shop.manager, shop, product.id, anyPng(23))).status).to.equal(200);
  });

  it('stays small while the heaviest pictures are decoded, many at once, and tells those that are too many', async function () {
    if (process.platform !== 'linux') {
      console.log('    skipped: only Linux says how much memory a process took');
      this.skip();
    }
    const product = await givenProduct(shop);
    const heavy = heaviestPng(6_000, 4_000);
    const uploads = Array.from({ length: 8 }, () => uploadTo(shop.manager, shop, product.id, heavy));
    const sale = await shop.cashier.post(`${shop.path}/orders`, saleOf(product));
    expect(sale.status).to.equal(201);
    for (const { status } of await Promise.all(uploads)) expect(status).to.be.oneOf([200, 503]);
    const peak = peakOf(server.child.pid as number);
    console.log(`    the server took ${(peak / 1e6).toFixed(0)} MB at most`);
    expect(peak).to.be.below(SERVER_BYTES);
    // What decodes is never loaded here.
    expect(readFileSync(`/proc/${server.child.pid}/maps`, 'utf8')).to.not.include('libvips');
  });

  it('takes away, when it starts, what uploads left behind that were cut off', async () => {
    const folder = join(home, 'uploads');
    for (const [name, age] of [
      ['u-old', 7_200_000],
      ['u-new', 1_000],
    ] as const) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, 'file'), 'half');
      const at = new Date(Date.now() - age);
      utimesSync(join(folder, name), at, at);
    }
    await sweepUploads(folder);
    expect([existsSync(join(folder, 'u-old')), existsSync(join(folder, 'u-new'))]).to.deep.equal([
      false,
      true,
    ]);
  });
});

describe('pictures on a disk that is full, or that can only be read', function () {
  this.timeout(120_000);

  it('keep no server from starting: it says what it could not take away', async function () {
    const home = tempFolder();
    const uploads = join(home, 'uploads');
    mkdirSync(uploads);
    const mount = (...options: string[]) => spawnSync('mount', [...options, uploads]).status;
    if (process.platform !== 'linux' || mount('-t', 'tmpfs', '-o', 'size=400k', 'tmpfs') !== 0) {
      removeFolder(home);
      console.log('    skipped: only root can make a small disk');
      this.skip();
    }
    mkdirSync(join(uploads, 'u-old'));
    utimesSync(join(uploads, 'u-old'), new Date(0), new Date(0));
    mount('-o', 'remount,ro');
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = createLog(loadConfig({ home }, { LOG_LEVEL: 'warn' }), stream);
    const test = await startTestApp({ home, log });
    try {
      for (const late = Date.now() + 20_000; lines.length === 0 && Date.now() < late; ) await sleep(10);
      expect(lines.join('')).to.include('what uploads left behind could not be taken away');
      const shop = await givenShop(test, 'READ');
      const product = await givenProduct(shop);
      const { status, body } = await uploadTo(shop.manager, shop, product.id, anyPng(20));
      expect([status, body.detail]).to.deep.equal([
        503,
        'The server can not keep the file for the moment that it takes to read it (EROFS).',
      ]);
      expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
    } finally {
      spawnSync('umount', ['-l', uploads]);
      await test.close();
      removeFolder(home);
    }
  });

  it('are refused with a sentence; the shop sells on, and the old ones are whole', async function () {
    const home = tempFolder();
    const images = join(home, 'images');
    mkdirSync(images);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', images], {
      encoding: 'utf8',
    });
    if (process.platform !== 'linux' || mounted.status !== 0) {
      removeFolder(home);
      console.log('    skipped: only root can make a small disk');
      this.skip();
    }
    chmodSync(images, 0o755);
    const test = await startTestApp({ home });
    try {
      const shop = await givenShop(test, 'FULL');
      const product = await givenPicture(shop, await photo(200, 150).jpeg().toBuffer());
      let refused: { status: number; body: { type: string; detail: string } } | undefined;
      for (let n = 0; n < 40 && !refused; n += 1) {
        const other = await givenProduct(shop);
        const answer = await uploadTo(
          shop.manager,
          shop,
          other.id,
          await photo(900, 700, n).jpeg().toBuffer(),
        );
        if (answer.status !== 200) refused = answer;
        else await expectWhole(test, answer.body.imageUrl);
        if (refused) expect((await productOf(shop, other.id)).imageUrl).to.equal(null);
      }
      expect([refused?.status, refused?.body.type]).to.deep.equal([
        503,
        'urn:smoocho:problem:images_unavailable',
      ]);
      expect(refused?.body.detail).to.equal(
        'The folder "images" of the server, where the pictures are, has no room left. Make some, or move the pictures.',
      );
      expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
      await expectWhole(test, product.imageUrl);
      // With room again, it goes on; nothing of what failed is in the way.
      expect(readdirSync(join(images, '.drafts'))).to.deep.equal([]);
      spawnSync('mount', ['-o', 'remount,size=4m', images]);
      const later = await uploadTo(
        shop.manager,
        shop,
        product.id,
        await photo(900, 700, 99).jpeg().toBuffer(),
      );
      expect(later.status, later.text).to.equal(200);
      await expectWhole(test, later.body.imageUrl);
    } finally {
      spawnSync('umount', ['-l', images]);
      await test.close();
    }
  });
});
