import { chmodSync, copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { BackupRefusedError } from '../../src/backup/errors.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { archivesOfOurs, listArchives, parsePlace } from '../../src/backup/places.ts';
import { pruneBackups } from '../../src/backup/prune-backups.ts';
import { lookAt } from '../../src/cli/commands/backup-list.ts';
import {
  type BackedShop,
  copiesOfDays,
  dropBeside,
  givenBackedShop,
  soundFigures,
} from '../support/backed-shop.ts';
import { smoocho } from '../support/cli.ts';
import { besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('backups of several shops in one place', function () {
  this.timeout(120_000);
  let shop: BackedShop;
  let folder: string;

  before(async () => {
    shop = await givenBackedShop({ orders: 10, pictures: 0 });
    folder = tempFolder();
  });
  after(async () => {
    removeFolder(folder);
    await shop.close();
  });

  it('are pruned each by the box that made them, and the last one of each is that of its drill', async () => {
    const box = await newBox();
    await restoreOn(box, shop.backup.file, { identities: [shop.identity] });
    const env = { SMOOCHO_HOME: box.home, DATABASE_URL: box.database.url };
    const ours = (await smoocho(['backup', 'create', '--to', folder, '--json'], env)).json().file;
    // Of the other box, and newer than ours.
    const [last] = copiesOfDays(shop.backup.file, folder, 5) as [string];
    const late = join(folder, 'smoocho-29991231T000000Z-00000000.smoocho');
    copyFileSync(last, late);
    const pruned = await pruneBackups({
      config: box.config,
      place: parsePlace(folder),
      keep: { daily: 1, weekly: 0, monthly: 0 },
      timezone: 'Asia/Kolkata',
      identities: [(await boxKey(box.home)).identity],
      folder: box.home,
      now: new Date(),
      isDryRun: false,
      onProgress: () => {},
    });
    expect([pruned.removed, pruned.others.length]).to.deep.equal([[], 6]);
    expect(readdirSync(folder)).to.have.length(7);
    expect((await smoocho(['backup', 'schedule', '--to', folder], env)).code).to.equal(0);
    const { code, json, stdout } = await smoocho(['backup', 'verify', '--latest', '--json'], env);
    expect(code, stdout).to.equal(0);
    expect(json().file).to.equal(ours);
    await dropBeside(box.database, await besides(box));
    await box.database.drop();
    removeFolder(box.home);
  });

  it('that another user keeps to himself are passed over', async () => {
    const shared = tempFolder();
    chmodSync(shared, 0o755);
    const [newest, ours] = copiesOfDays(shop.backup.file, shared, 2) as [string, string];
    chmodSync(newest, 0o000);
    chmodSync(ours, 0o644);
    const place = parsePlace(shared);
    const found: string[] = [];
    await asAnother(async () => {
      const all = await listArchives(shop.config, place);
      for await (const { location } of archivesOfOurs(shop.config, place, all, [shop.identity]))
        found.push(location);
      expect(
        (await Promise.all(all.map((each) => lookAt(each, [])))).map(({ fault }) => fault),
      ).to.deep.equal(['foreign', 'locked']);
    });
    expect(found).to.deep.equal([ours]);
    removeFolder(shared);
  });

  /** As somebody who may not read what root may. */
  async function asAnother(work: () => Promise<void>): Promise<void> {
    if (process.getuid?.() !== 0) return await work();
    process.seteuid?.(65_534);
    await work().finally(() => process.seteuid?.(0));
  }

  it('of before an upgrade are restored over what a later version made of the shop', async () => {
    const box = await newBox();
    await restoreOn(box, shop.backup.file, { identities: [shop.identity] });
    const before = await soundFigures(box.config);
    const db = await box.database.connect();
    await db.query("INSERT INTO pgmigrations (name, run_on) VALUES ('0999_tomorrow', now())");
    await db.query('CREATE TABLE loyalty_points (id uuid)');
    await db.end();
    const restored = await restoreOn(box, shop.backup.file, { identities: [shop.identity] });
    expect(restored?.safetyCopy).to.equal(null);
    expect(await besides(box)).to.deep.equal([restored?.keptDatabase]);
    expect(await soundFigures(box.config)).to.deep.equal(before);
    await dropBeside(box.database, await besides(box));
    await box.database.drop();
    removeFolder(box.home);
  });

  it('take no database away in which somebody else has tables, nor mix with them', async () => {
    for (const sql of [
      'CREATE TABLE invoices (id int)',
      'CREATE SCHEMA other; CREATE TABLE other.x (id int)',
    ]) {
      const box = await newBox();
      const db = await box.database.connect();
      await db.query(sql);
      await db.end();
      for (const isInto of [false, true]) {
        const error = await restoreOn(box, shop.backup.file, { identities: [shop.identity], isInto }).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error).to.be.instanceOf(BackupRefusedError);
        expect((error as Error).message).to.match(
          /not Smoocho’s, (public\.invoices|other\.x), .*Nothing was changed/,
        );
      }
      const again = await box.database.connect();
      const { rows } = await again.query(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND nspname !~ '^pg_|^info'",
      );
      await again.end();
      expect(rows).to.have.length(1);
      expect(await besides(box)).to.deep.equal([]);
      await box.database.drop();
      removeFolder(box.home);
    }
  });
});
