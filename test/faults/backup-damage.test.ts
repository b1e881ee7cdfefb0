import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ArchiveError } from '../../src/backup/errors.ts';
import type { Phase } from '../../src/backup/progress.ts';
import { type BackedShop, dropBeside, givenBackedShop, soundFigures } from '../support/backed-shop.ts';
import { IS_LONG, random, saySeed } from '../support/kills.ts';
import { type Box, backUp, besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

const STEP = 64 * 1024;

describe('a backup of a real shop that was damaged', function () {
  this.timeout(600_000);
  const smoocho = warmCommands();
  let shop: BackedShop;
  let target: Box;
  let folder: string;
  let plain: string;
  let figures: unknown;

  before(async () => {
    saySeed();
    shop = await givenBackedShop({ orders: 1_000, pictures: IS_LONG ? 20 : 2 });
    folder = tempFolder();
    plain = (await backUp(shop, { isPlain: true, folder })).file;
    target = await newBox();
    await restoreOn(target, shop.backup.file, { identities: [shop.identity] });
    figures = await soundFigures(target.config);
  });
  after(async () => {
    await dropBeside(target.database, await besides(target));
    await target.database.drop();
    for (const each of [target.home, folder]) removeFolder(each);
    await shop.close();
  });

  const env = () => ({ SMOOCHO_HOME: target.home, DATABASE_URL: target.database.url });
  const identity = () => ['--identity', shop.identityFile];
  const verify = (file: string) => smoocho(['backup', 'verify', file, ...identity()], env());
  const restore = (file: string) => smoocho(['restore', file, ...identity(), '--yes'], env());

  /** One of each kind when there is little time; all of them in the evening. */
  const some = <T>(all: T[], count: number): T[] =>
    IS_LONG ? all : Array.from({ length: count }, () => all[Math.floor(random() * all.length)] as T);

  async function expectRefused(bytes: Buffer, what: string, isRestored: boolean): Promise<void> {
    const file = join(folder, 'damaged.smoocho');
    writeFileSync(file, bytes);
    const { code, stdout } = await verify(file);
    expect([what, code]).to.deep.equal([what, 4]);
    expect(stdout, what).to.match(/is NOT sound:\n {2}.+: .+\nDo not rely on it\. Make another one/);
    if (!isRestored) return;
    const refused = await restore(file);
    expect([what, refused.code], refused.stderr).to.deep.equal([what, 4]);
    expect(refused.stderr, what).to.match(/is not sound: .* Nothing was changed\. Take another backup/);
    await expectUntouched();
  }
  async function expectUntouched(): Promise<void> {
    expect(await soundFigures(target.config)).to.deep.equal(figures);
    expect(await besides(target)).to.deep.equal([]);
  }

  it('by a byte that is another one is found, wherever, and not restored', async () => {
    for (const file of [shop.backup.file, plain]) {
      const whole = readFileSync(file);
      const regions = Array.from({ length: 24 }, (_, n) => Math.floor((n * (whole.length - 1)) / 23));
      for (const place of some(regions, 1)) {
        const bytes = Buffer.from(whole);
        // The first bytes say what it is: without them it is no backup at all.
        bytes[place] = (whole[place] as number) ^ 0x20;
        await expectRefused(
          bytes,
          `byte ${place} of ${whole.length}`,
          place > 64 && (IS_LONG || file !== plain),
        );
      }
    }
  });

  it('by a cut is found, at any 64 KiB, and not restored', async () => {
    for (const file of [shop.backup.file, plain]) {
      const whole = readFileSync(file);
      const lengths = Array.from({ length: Math.ceil(whole.length / STEP) }, (_, n) => n * STEP);
      for (const length of some(lengths.slice(1), 1))
        await expectRefused(
          whole.subarray(0, length),
          `cut at ${length} of ${whole.length}`,
          IS_LONG || file === plain,
        );
      await expectRefused(whole.subarray(0, -1), 'without its last byte', IS_LONG);
    }
  });

  it('by another one behind it is found, and not restored', async () => {
    const [encrypted, open] = [readFileSync(shop.backup.file), readFileSync(plain)];
    const pairs: [Buffer, Buffer][] = [
      [encrypted, encrypted],
      [open, open],
      [encrypted, open],
      [open, encrypted],
    ];
    for (const [first, second] of pairs.slice(0, IS_LONG ? 4 : 2))
      await expectRefused(Buffer.concat([first, second]), 'two joined', IS_LONG || first === encrypted);
  });

  it('or is no file at all is said at once, in a sentence', async () => {
    const odd = tempFolder();
    const at = (name: string) => join(odd, `smoocho-20260101T000000Z-0000000${name}.smoocho`);
    mkdirSync(at('1'));
    writeFileSync(at('2'), '');
    const hasPipe = process.platform !== 'win32' && spawnSync('mkfifo', [at('3')]).status === 0;
    copyFileSync(shop.backup.file, at('4'));
    const strange: [path: string, code: number, said: RegExp][] = [
      [at('1'), 6, /is a folder, and no backup/],
      [at('2'), 4, /is NOT sound|is not sound/],
      ...(hasPipe ? [[at('3'), 6, /is a device or a pipe, and no backup/] as [string, number, RegExp]] : []),
      ['/dev/zero', 6, /is a device or a pipe, and no backup/],
      [join(odd, 'nothing'), 6, /There is no .*nothing\. See which there are: smoocho backup list/],
      [join(at('2'), 'below'), 6, /There is no .*below/],
      ['s3://x/y', 2, /names no archive: s3:\/\/bucket\/key/],
    ];
    for (const [path, code, said] of strange) {
      // Both begin in the same way: what may hang is tried with both.
      const runs = path === at('3') ? [verify(path), restore(path)] : [verify(path)];
      for (const ran of await Promise.all(runs)) {
        expect([path, ran.code]).to.deep.equal([path, code]);
        expect(ran.stdout + ran.stderr).to.match(said);
      }
    }
    const { json } = await smoocho(['backup', 'list', '--to', odd, '--json'], {
      ...env(),
      SMOOCHO_HOME: shop.home,
    });
    const listed = json().backups as { file: string; opensHere: boolean; fault: string | null }[];
    expect(listed.map(({ file, opensHere, fault }) => [file, opensHere, fault])).to.deep.equal([
      [at('4'), true, null],
      [at('2'), false, 'foreign'],
    ]);
    await expectUntouched();
    removeFolder(odd);
  });

  it('or changes between the moment it was checked and the moment it is read is not restored', async () => {
    const file = join(folder, 'changing.smoocho');
    const whole = readFileSync(shop.backup.file);
    const flipped = Buffer.from(whole);
    flipped[Math.floor(whole.length / 2)] = (whole[Math.floor(whole.length / 2)] as number) ^ 1;
    const other = readFileSync((await backUp(shop, { folder })).file);
    for (const bytes of [flipped, other, whole.subarray(0, whole.length - 10_000)].slice(IS_LONG ? 0 : 1)) {
      writeFileSync(file, whole);
      let isChanged = false;
      const work = restoreOn(target, file, {
        identities: [shop.identity],
        onProgress({ phase }: { phase: Phase }) {
          if (phase !== 'keeping' || isChanged) return;
          isChanged = true;
          writeFileSync(file, bytes);
        },
      });
      const error = await work.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(ArchiveError);
      expect(error).to.include({ fault: 'damaged' });
      await expectUntouched();
    }
  });
});
