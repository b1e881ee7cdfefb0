import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { type BackedShop, dropBeside, givenBackedShop } from '../support/backed-shop.ts';
import { launcher } from '../support/cli.ts';
import { type Box, besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

describe('what a restore put aside', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let shop: BackedShop;
  let box: Box;

  before(async () => {
    shop = await givenBackedShop({ orders: 3, pictures: 0 });
  });
  after(() => shop.close());
  beforeEach(async () => {
    box = await newBox();
    await restore();
  });
  afterEach(async () => {
    await dropBeside(box.database, await besides(box));
    await box.database.drop();
    removeFolder(box.home);
  });

  const restore = () => restoreOn(box, shop.backup.file, { identities: [shop.identity] });
  const run = (...args: string[]) =>
    smoocho([...args, '--json'], { SMOOCHO_HOME: box.home, DATABASE_URL: box.database.url });
  const undo = (...args: string[]) => run('restore', '--undo', ...args);
  /** A mark that tells one database from another. */
  const mark = async (name: string) => {
    const db = await box.database.connect();
    await db.query('UPDATE shops SET name = $1', [name]);
    await db.end();
  };
  const marked = async (): Promise<string> => {
    const db = await box.database.connect();
    const { rows } = await db.query('SELECT name FROM shops');
    await db.end();
    return rows[0].name;
  };

  it('is there to go back to after a second restore, too', async () => {
    await mark('as it was');
    await restore();
    await mark('after the first');
    await restore();
    const { kept } = (await undo('--dry-run')).json();
    expect(kept.map(({ reason }: { reason: string }) => reason)).to.deep.equal(['restored', 'restored']);
    expect((await undo('--yes', '--replaced-at', kept[1].replacedAt)).code).to.equal(0);
    expect(await marked()).to.equal('as it was');
    const text = await smoocho(['restore', '--undo', '--dry-run'], {
      SMOOCHO_HOME: box.home,
      DATABASE_URL: box.database.url,
    });
    expect(text.stdout).to.include(`--replaced-at ${kept[0].replacedAt}`);
    const wrong = await undo('--yes', '--replaced-at', 'yesterday');
    expect([wrong.code, wrong.json().error.title]).to.deep.equal([
      6,
      wrong.json().error.title.match(/^Nothing was replaced at yesterday\. .*20\d\d-.*/)?.[0],
    ]);
    expect((await run('restore', shop.backup.file, '--replaced-at', 'x')).code).to.equal(2);
  });

  it('is brought back to the end, also when nobody listens any more', async () => {
    await mark('as it was');
    await restore();
    const child = spawn(process.execPath, [launcher, 'restore', '--undo', '--yes'], {
      env: { ...process.env, SMOOCHO_HOME: box.home, DATABASE_URL: box.database.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    child.stderr.destroy();
    const [code] = await once(child, 'exit');
    expect([code, await marked()]).to.deep.equal([0, 'as it was']);
  });

  it('opens after the master key was replaced', async () => {
    await restore();
    const rotated = await run('secrets', 'rotate', '--replace-master-key');
    expect([rotated.code, rotated.json().masterKeyFile]).to.not.include(null);
    const undone = await undo('--yes');
    expect(undone.code, undone.stdout).to.equal(0);
    const { isSound } = (await run('verify')).json();
    expect(isSound).to.equal(true);
  });
});
