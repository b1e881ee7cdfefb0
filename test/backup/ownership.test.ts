import { chownSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { setHeadsAside } from '../../src/core/audit/kept-heads.ts';
import { type BackedShop, dropBeside, givenBackedShop } from '../support/backed-shop.ts';
import { smoocho } from '../support/cli.ts';
import { type Box, backUp, besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';

describe('what backups and restores make in a home', function () {
  this.timeout(120_000);
  let shop: BackedShop;
  let box: Box;

  before(async () => {
    shop = await givenBackedShop({ orders: 2, pictures: 1 });
  });
  after(() => shop.close());
  beforeEach(async () => {
    box = await newBox();
  });
  afterEach(async () => {
    await dropBeside(box.database, await besides(box));
    await box.database.drop();
    removeFolder(box.home);
  });

  const all = () =>
    [
      box.home,
      ...(readdirSync(box.home, { recursive: true }) as string[]).map((name) => join(box.home, name)),
    ].map((path) => ({ path, ...statSync(path) }));
  /** Everything that a person does in a home, twice: over nothing, and over what is there. */
  const work = async () => {
    for (let n = 0; n < 2; n += 1) await restoreOn(box, shop.backup.file, { identities: [shop.identity] });
    await backUp(box);
    const env = { SMOOCHO_HOME: box.home, DATABASE_URL: box.database.url };
    expect((await smoocho(['audit', 'verify', '--json'], env)).code).to.equal(0);
    await setHeadsAside(box.home, new Date());
    expect(readdirSync(box.home)).to.include.members(['backups', 'images', 'secrets']);
  };

  it('belongs to whom the home belongs to, also when root does it', async function () {
    if (process.getuid?.() !== 0) {
      console.log('      (not run: only root can work for somebody else)');
      return this.skip();
    }
    rmSync(box.home, { recursive: true });
    mkdirSync(box.home);
    chownSync(box.home, 1234, 1235);
    await work();
    const others = all().filter(({ uid, gid }) => uid !== 1234 || gid !== 1235);
    expect(others.map(({ path }) => path)).to.deep.equal([]);
  });

  it('is not for others to write, whatever the umask is', async () => {
    const before = process.umask(0);
    try {
      rmSync(box.home, { recursive: true });
      await work();
    } finally {
      process.umask(before);
    }
    const open = all().filter(({ mode }) => (mode & 0o022) !== 0);
    expect(open.map(({ path }) => path)).to.deep.equal([]);
  });
});
