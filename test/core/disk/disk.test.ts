import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog, systemContext } from '../../../src/app.ts';
import { changeConfigFile, loadConfig } from '../../../src/config.ts';
import { listAttention, raiseAttention } from '../../../src/core/attention/attention.ts';
import { type DiskReader, openDiskReader } from '../../../src/core/disk/disk-reader.ts';
import { watchDisk } from '../../../src/core/disk/watch-disk.ts';
import type { Watch } from '../../../src/core/watch-every.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import { givenShop, type TestShop } from '../../support/factories.ts';
import { connectEar, type Ear, until } from '../../support/feed-ear.ts';
import { givenSmallDisk, type SmallDisk } from '../../support/small-disk.ts';
import { removeFolder, tempFolder } from '../../support/temp.ts';

const SIZE_MB = 100;
const LOOK_MS = 20;

describe('a disk that fills up', function () {
  this.timeout(120_000);
  let around: string;
  let disk: SmallDisk | undefined;
  let test: TestApp | undefined;
  let shop: TestShop;
  const lines: string[] = [];
  const watches: Watch[] = [];

  before(async function () {
    around = tempFolder();
    disk = givenSmallDisk(this, join(around, 'home'), SIZE_MB);
    const log = createLog(loadConfig({ home: around }, {}), { write: (line) => void lines.push(line) });
    test = await startTestApp({ home: disk.folder, log });
    shop = await givenShop(test, 'DISK');
  });
  afterEach(async () => {
    disk?.clear();
    for (const one of watches.splice(0)) await one.close();
  });
  after(async () => {
    await test?.close();
    disk?.remove();
    removeFolder(around);
  });

  const app = () => (test as TestApp).app;
  let looks = 0;
  const counted: DiskReader = {
    look(isFresh) {
      looks += 1;
      return app().disk.look(isFresh);
    },
  };
  const watch = () => {
    const one = watchDisk(() => systemContext(app(), 'disk'), counted, LOOK_MS);
    watches.push(one);
    return one;
  };
  /** Until it has looked once more, and has acted on that: the one after has begun. */
  const untilLooked = async () => {
    const before = looks;
    await until(() => looks >= before + 2);
  };
  const open = async () => {
    const all = await listAttention(app().orm.em.fork());
    return all
      .filter(({ code }) => code === 'disk_low')
      .map(({ severity, detail }) => ({ severity, detail }));
  };
  const untilOpen = (severity: string | null) =>
    until(async () => ((await open())[0]?.severity ?? null) === severity);
  const ready = async () => {
    const { status, body } = await clientOf((test as TestApp).url).get('/readyz');
    return [status, body.details.disk];
  };

  it('is told to owners, in the log and at /readyz before it is full, until there is room again', async () => {
    const ear: Ear = await connectEar((test as TestApp).url, { token: shop.owner.token, shopId: shop.id });
    const last = () => ear.attention.at(-1)?.data;
    watch();
    expect(await ready()).to.deep.equal([200, 'ok']);

    disk?.fill(8);
    await untilOpen('warning');
    expect(await ready()).to.deep.equal([200, 'warning']);
    await until(() => last()?.severity === 'warning' && last()?.endedAt === null);
    expect(last()?.detail).to.match(
      /^On \S+, \d+(\.\d)? MB of 104\.8 MB are left on the disk of the home.* \(.*home\)\. .*smoocho backup prune/,
    );

    disk?.fill(1);
    await untilOpen('problem');
    expect(await ready()).to.deep.equal([200, 'problem']);

    // Between where it began and where it ends.
    disk?.clear();
    disk?.fill(12);
    await untilOpen('warning');
    expect(await ready()).to.deep.equal([200, 'warning']);

    disk?.clear();
    await untilOpen(null);
    expect(await ready()).to.deep.equal([200, 'ok']);
    await until(() => last()?.endedAt !== null);
    ear.socket.disconnect();

    const logged = lines.map((line) => JSON.parse(line));
    const low = logged.filter(({ msg }) => msg === 'a disk has little room left');
    expect(low.map(({ level }) => level)).to.include.members([40, 50]);
    expect(low[0].disks[0]).to.include.keys('folder', 'places', 'freeBytes', 'sizeBytes');
    expect(logged.filter(({ msg }) => msg === 'there is room on the disk again')).to.have.length(1);
  });

  it('of another machine is left to that one, and at a start taken over from one that is gone', async () => {
    const detail = 'On another, 1 MB of 10 GB are left.';
    const others = () =>
      raiseAttention(systemContext(app(), 'test'), { code: 'disk_low', severity: 'problem', detail });
    const mine = watch();
    // A start takes over what is open: the other one raises it after that.
    await untilLooked();
    await others();
    disk?.fill(8);
    await until(async () => (await app().disk.look()).level === 'warning');
    await untilLooked();
    expect(await open()).to.deep.equal([{ severity: 'problem', detail }]);
    disk?.clear();
    await until(async () => (await app().disk.look()).level === null);
    await untilLooked();
    expect(await open()).to.deep.equal([{ severity: 'problem', detail }]);
    await mine.close();
    watch();
    await untilOpen(null);
  });
});

describe('the reader of disks', () => {
  let home: string;
  before(() => {
    home = tempFolder();
  });
  after(() => removeFolder(home));

  it('puts together what lies on one disk, and follows backups to where they go', async () => {
    mkdirSync(join(home, 'images'));
    const config = loadConfig({ home }, {});
    const { disks, silent, level } = await openDiskReader(config).look();
    expect([disks.map(({ places }) => places), silent, level]).to.deep.equal([
      [['home', 'images']],
      [],
      disks[0]?.level,
    ]);
    const to = join(home, 'elsewhere');
    mkdirSync(to);
    changeConfigFile(home, () => ({ backup: { to } }));
    expect((await openDiskReader(config).look()).disks[0]?.places).to.deep.equal([
      'home',
      'images',
      'backups',
    ]);
    changeConfigFile(home, () => ({ backup: { to: 's3://bucket/prefix' } }));
    expect((await openDiskReader(config).look()).disks[0]?.places).to.deep.equal(['home', 'images']);
  });

  it('takes a low disk that says nothing any more for as low as it was', async () => {
    mkdirSync(join(home, 'images'), { recursive: true });
    let isSilent = false;
    let homeFree = 900_000;
    const reader = openDiskReader(loadConfig({ home }, {}), async (folder) => {
      if (!folder.endsWith('images')) return { device: 1, freeBytes: homeFree, sizeBytes: 1_000_000 };
      if (isSilent) return await new Promise<never>(() => {});
      return { device: 2, freeBytes: 1, sizeBytes: 1_000_000 };
    });
    const seen = async () => {
      const { level, low, silent } = await reader.look(true);
      return [level, low.map(({ places }) => places), silent];
    };
    expect(await seen()).to.deep.equal(['problem', [['images']], []]);
    isSilent = true;
    expect(await seen()).to.deep.equal(['problem', [['images']], ['images']]);
    homeFree = 1;
    expect(await seen()).to.deep.equal(['problem', [['home', 'database'], ['images']], ['images']]);
  }).timeout(120_000);

  it('waits for a disk that says nothing no longer than two seconds, and asks it once', async () => {
    let asked = 0;
    const config = loadConfig({ home }, {});
    const reader = openDiskReader(config, async (folder) => {
      if (!folder.endsWith('images')) return { device: 1, freeBytes: 1, sizeBytes: 1_000_000 };
      asked += 1;
      return await new Promise<never>(() => {});
    });
    const startedAt = performance.now();
    for (let n = 0; n < 2; n += 1) {
      const { disks, silent, level } = await reader.look(true);
      expect([disks[0]?.places, silent, level]).to.deep.equal([['home', 'database'], ['images'], 'problem']);
    }
    expect(asked).to.equal(1);
    expect(performance.now() - startedAt).to.be.below(10_000);
  }).timeout(120_000);
});
