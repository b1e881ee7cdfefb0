import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ArchiveError } from '../../src/backup/errors.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { listArchives, type Place, parsePlace, upload } from '../../src/backup/places.ts';
import { pruneBackups } from '../../src/backup/prune-backups.ts';
import { openS3 } from '../../src/storage/s3.ts';
import { testDatabase } from '../support/database.ts';
import { type Box, backUp, newBox } from '../support/restore-parts.ts';
import { requireS3, startS3 } from '../support/s3.ts';
import { removeFolder } from '../support/temp.ts';

const nameOn = (day: string, id = 'aaaaaaaa') => `smoocho-${day}T213000Z-${id}.smoocho`;
const DAYS = ['20260105', '20260106', '20260107'];

describe('taking old backups away', () => {
  let box: Box;
  let archive: string;
  let identity: string;
  let folder: string;

  before(async () => {
    box = await newBox({}, await testDatabase());
    archive = (await backUp(box)).file;
    identity = (await boxKey(box.home)).identity;
  });
  after(async () => {
    await box.database.drop();
    removeFolder(box.home);
  });
  beforeEach(() => {
    folder = join(box.home, 'place');
    mkdirSync(folder);
    for (const day of DAYS) copyFileSync(archive, join(folder, nameOn(day)));
  });
  afterEach(() => removeFolder(folder));

  const prune = (more: Partial<Parameters<typeof pruneBackups>[0]> = {}) =>
    pruneBackups({
      config: box.config,
      place: { kind: 'folder', folder },
      keep: { daily: 1, weekly: 0, monthly: 0 },
      timezone: 'Asia/Kolkata',
      identities: [identity],
      folder: join(box.home, 'backups'),
      now: new Date(),
      isDryRun: false,
      onProgress: () => {},
      ...more,
    });
  async function faultOf(work: Promise<unknown>): Promise<ArchiveError> {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ArchiveError);
    return error as ArchiveError;
  }
  const spoil = (name: string) => {
    const bytes = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), bytes.subarray(0, bytes.length - 20));
  };

  it('leaves what is kept, and files that are none of ours', async () => {
    writeFileSync(join(folder, 'photo.jpg'), 'x');
    writeFileSync(join(folder, `${nameOn('20200101')}.tmp`), 'x');
    mkdirSync(join(folder, nameOn('20200102')));
    const { kept, removed, verified } = await prune();
    expect(kept.map(({ name }) => name)).to.deep.equal([nameOn('20260107')]);
    expect(removed.map(({ name }) => name)).to.deep.equal([nameOn('20260105'), nameOn('20260106')]);
    expect(verified?.name).to.equal(nameOn('20260107'));
    expect(readdirSync(folder).sort()).to.deep.equal(
      [nameOn('20260107'), nameOn('20200102'), `${nameOn('20200101')}.tmp`, 'photo.jpg'].sort(),
    );
  });

  it('takes nothing while the newest is damaged, or no backup at all', async () => {
    spoil(nameOn('20260107'));
    const damaged = await faultOf(prune());
    expect(damaged).to.include({ fault: 'damaged' });
    expect(damaged.message).to.match(
      /^The newest backup, .*20260107T.*, is not sound .*so no other was taken away\. Make a new one/,
    );
    copyFileSync(archive, join(folder, nameOn('20260107')));
    writeFileSync(join(folder, nameOn('20260108')), 'not a backup at all');
    expect(await faultOf(prune())).to.include({ fault: 'damaged' });
    expect(readdirSync(folder)).to.have.length(4);
  });

  it('never takes the last one that is good, however the others are', async () => {
    for (const name of [nameOn('20260105'), nameOn('20260106')]) spoil(name);
    await prune();
    expect(readdirSync(folder)).to.deep.equal([nameOn('20260107')]);
    const { removed, verified } = await prune();
    expect([removed, verified]).to.deep.equal([[], null]);
  });

  it('takes none for one that a wrong clock dated after it, and none that is dated so', async () => {
    const ahead = ['20310101', '20310102', '20310103'].map((day) => nameOn(day));
    for (const name of ahead) copyFileSync(archive, join(folder, name));
    const { removed } = await prune({ now: new Date('2026-01-08T00:00:00Z') });
    expect(removed.map(({ name }) => name)).to.deep.equal([nameOn('20260105'), nameOn('20260106')]);
    expect(readdirSync(folder).sort()).to.deep.equal([nameOn('20260107'), ...ahead].sort());
    // The clock is years behind: what was just made is the oldest by its name.
    copyFileSync(archive, join(folder, nameOn('20150101')));
    expect((await prune({ now: new Date('2015-01-02T00:00:00Z') })).removed).to.deep.equal([]);
    // A name that is no time stops nothing.
    copyFileSync(archive, join(folder, nameOn('20261399')));
    expect((await listArchives(box.config, { kind: 'folder', folder })).length).to.equal(5);
  });

  it('never takes an encrypted one away for a plain one, which has no master key', async () => {
    const { file } = await backUp(box, { isPlain: true });
    copyFileSync(file, join(folder, nameOn('20260108')));
    copyFileSync(file, join(folder, nameOn('20260109')));
    const { removed, verified } = await prune();
    expect(removed.map(({ name }) => name)).to.deep.equal(
      ['20260105', '20260106', '20260108'].map((day) => nameOn(day)),
    );
    expect(verified?.name).to.equal(nameOn('20260109'));
    expect(readdirSync(folder).sort()).to.deep.equal([nameOn('20260107'), nameOn('20260109')]);
  });

  it('takes nothing while the newest encrypted one is damaged, though a newer plain one is sound', async () => {
    const { file } = await backUp(box, { isPlain: true });
    copyFileSync(file, join(folder, nameOn('20260109')));
    spoil(nameOn('20260107'));
    const damaged = await faultOf(prune());
    expect(damaged.message).to.match(/^The newest backup, .*20260107T.*, is not sound/);
    expect(readdirSync(folder)).to.have.length(4);
  });

  it('does not look at one when nothing is to go, nor take anything for trial', async () => {
    spoil(nameOn('20260107'));
    const { removed } = await prune({ keep: { daily: 3, weekly: 0, monthly: 0 } });
    expect(removed).to.deep.equal([]);
    expect((await prune({ isDryRun: true })).removed).to.have.length(2);
    expect(readdirSync(folder)).to.have.length(3);
  });

  it('does the same in a bucket, and leaves no copy here', async function () {
    requireS3(this, 'versitygw');
    const s3 = await startS3('versitygw');
    try {
      const config = { ...box.config, s3Server: s3.config };
      const bucket = await openS3({ ...s3.config, bucket: 'kulfi-backups' });
      await bucket.ensureBucket();
      bucket.close();
      const place = parsePlace('s3://kulfi-backups/shop') as Extract<Place, { kind: 's3' }>;
      for (const day of DAYS)
        await upload(config, place, join(folder, nameOn(day)), readFileSync(archive).length, () => {});
      const before = readdirSync(join(box.home, 'backups'));
      const { removed } = await prune({ config, place });
      expect(removed.map(({ name }) => name)).to.deep.equal([nameOn('20260105'), nameOn('20260106')]);
      const left = await listArchives(config, place);
      expect(left.map(({ location }) => location)).to.deep.equal([
        `s3://kulfi-backups/shop/${nameOn('20260107')}`,
      ]);
      expect(readdirSync(join(box.home, 'backups'))).to.deep.equal(before);
    } finally {
      await s3.close();
    }
  });
});
