import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog, openDatabase } from '../../src/app.ts';
import { drill } from '../../src/backup/drill.ts';
import { BackupRefusedError } from '../../src/backup/errors.ts';
import { localCopy } from '../../src/backup/places.ts';
import type { OnProgress, Phase } from '../../src/backup/progress.ts';
import { restoreBackup } from '../../src/backup/restore/restore-backup.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { systemActor } from '../../src/core/context.ts';
import { openS3 } from '../../src/storage/s3.ts';
import { startTestApp } from '../support/app.ts';
import { type BackedShop, givenBackedShop, soundFigures } from '../support/backed-shop.ts';
import { saleOf, signedIn } from '../support/factories.ts';
import { KILLS, untilNoProcesses } from '../support/kills.ts';
import { backUp, openOn } from '../support/restore-parts.ts';
import { requireS3, startS3 } from '../support/s3.ts';
import { givenSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

/** What a restore is at when the disk is full. */
const PHASES: Phase[] = KILLS > 3 ? ['keeping', 'loading', 'indexing', 'checking'] : ['keeping', 'loading'];

describe('backups and a disk that takes no more', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let shop: BackedShop;
  let around: string;
  let disk: SmallDisk | undefined;

  before(async () => {
    shop = await givenBackedShop({ orders: 3_000 });
  });
  after(() => shop.close());
  beforeEach(() => {
    around = tempFolder();
  });
  afterEach(() => {
    disk?.remove();
    disk = undefined;
    removeFolder(around);
  });

  const small = (test: Mocha.Context, sizeMb: number) => {
    disk = givenSmallDisk(test, join(around, 'disk'), sizeMb);
    return disk;
  };
  /** Fills the disk once, when a work comes to this. */
  const fillAt = (full: SmallDisk, when: Phase): OnProgress => {
    let isFull = false;
    return ({ phase }) => {
      if (phase !== when || isFull) return;
      isFull = true;
      full.fill();
    };
  };
  async function refusalOf(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error, String(error)).to.be.instanceOf(BackupRefusedError);
    return (error as Error).message;
  }
  const filesIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('smoocho-'));

  it('create says how much room there is before it begins, and leaves nothing', async function () {
    const { folder } = small(this, 30);
    const { code, stderr } = await smoocho(['backup', 'create', '--to', folder], shop.env);
    expect([code, filesIn(folder)]).to.deep.equal([6, []]);
    expect(stderr).to.match(
      /^There is too little room for a backup in .*: \d+ MB are free, and about \d+ MB are needed\. Free some, or name another disk: --to FOLDER\.\n$/,
    );
  });

  it('create that fills it says so, and leaves nothing; the tills sell on', async function () {
    const full = small(this, 90);
    const work = backUp(shop, { folder: full.folder, onProgress: fillAt(full, 'reading') });
    expect(await refusalOf(work)).to.include('has no room left. Free some, or name another folder');
    expect(filesIn(full.folder)).to.deep.equal([]);
    full.clear();
    expect((await backUp(shop, { folder: full.folder })).sizeBytes).to.be.above(0);
  });

  it('create says what is wrong with a folder that it can not write to', async function () {
    const { folder, writable } = small(this, 100);
    writable(false);
    const file = join(around, 'file');
    writeFileSync(file, 'x');
    const places: [folder: string, said: RegExp][] = [
      [folder, /can only be read/],
      [file, /is no folder/],
      [
        join(around, 'unplugged'),
        /^There is no folder .* If it is on a disk of its own, see that it is mounted/,
      ],
      ['/proc', /is not there, and can not be made|is not open to this user/],
      ['/sys', /is not open to this user|can only be read/],
    ];
    for (const [place, said] of places) {
      const { code, stderr } = await smoocho(['backup', 'create', '--to', place], shop.env);
      expect([place, code]).to.deep.equal([place, 6]);
      expect(stderr).to.match(said).and.include(place);
    }
    const listed = await smoocho(['backup', 'list', '--to', file], shop.env);
    expect([listed.code, listed.stderr]).to.deep.equal([
      6,
      `${file} is no folder. Move that away, or name another folder: --to FOLDER.\n`,
    ]);
    writable(true);
  });

  it('create on a file system that takes no large files says which do', async function () {
    if (process.platform === 'win32') {
      console.log('    skipped: Windows has no limit on the size of a file');
      this.skip();
    }
    const folder = join(around, 'fat');
    mkdirSync(folder);
    const { code, stderr } = await smoocho(['backup', 'create', '--to', folder], shop.env, '', {
      maxFileKb: 32,
    });
    expect(code, stderr).to.equal(6);
    expect(stderr).to.include('takes no file as large as this one').and.include('exFAT');
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('what is fetched from a bucket fits, or is refused, and leaves nothing', async function () {
    requireS3(this, 'minio');
    const s3 = await startS3('minio');
    try {
      const bucket = await openS3(s3.config);
      await bucket.ensureBucket();
      const name = shop.backup.file.split('/').at(-1) as string;
      await bucket.putFile(name, shop.backup.file);
      bucket.close();
      const location = `s3://${s3.config.bucket}/${name}`;
      const full = small(this, 100);
      full.fill();
      const config = loadConfig({ home: shop.home }, { ...shop.env, ...s3.env });
      const fetch = (onProgress: OnProgress = () => {}) =>
        localCopy(config, location, full.folder, onProgress, new Date());
      expect(await refusalOf(fetch())).to.match(
        /^There is too little room for the copy of it that is read in /,
      );
      full.clear();
      expect(await refusalOf(fetch(fillAt(full, 'downloading')))).to.include('has no room left');
      expect(filesIn(full.folder)).to.deep.equal([]);
      full.clear();
      const { file, release } = await fetch();
      expect((await readBack(file, [shop.identity])).findings).to.deep.equal([]);
      await release();
      expect(filesIn(full.folder)).to.deep.equal([]);
    } finally {
      await s3.close();
    }
  });

  describe('that the embedded database is on', () => {
    let full: SmallDisk;
    let home: string;
    let config: Config;

    // One after the other on the same small box, with its shop.
    before(async function () {
      around = tempFolder();
      full = givenSmallDisk(this, join(around, 'disk'), 300);
      home = full.folder;
      config = loadConfig({ home }, { LOG_LEVEL: 'silent' });
      const { code, stderr } = await restore();
      expect(code, stderr).to.equal(0);
    });
    after(async () => {
      if (!full) return;
      await untilNoProcesses(home);
      full.remove();
    });

    const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: '' });
    const restore = () =>
      smoocho(['restore', shop.backup.file, '--identity', shop.identityFile, '--yes'], env());
    const sell = async () => {
      const test = await startTestApp({ home, database: shop.database, env: { DATABASE_URL: '' } });
      try {
        const [id] = (await test.app.orm.em.getConnection().execute('SELECT id FROM shops')).map(
          (row) => row.id,
        );
        const till = await signedIn(test, 'cashier-back@example.com');
        const { body } = await till.get(`/api/shops/${id}/products?limit=1`);
        const sold = await till.post(`/api/shops/${id}/orders`, saleOf(body.data[0]));
        expect(sold.status, sold.text).to.equal(201);
      } finally {
        await test.close();
      }
    };
    const fillDuring = async (phase: Phase) => {
      const database = await openDatabase(config, createLog(config));
      try {
        await restoreBackup({
          config,
          databaseUrl: database.url,
          isInto: false,
          file: shop.backup.file,
          identities: [shop.identity],
          openApp: openOn(config),
          now: () => new Date(),
          actor: systemActor('test'),
          confirm: async () => true,
          onProgress: fillAt(full, phase),
        });
      } finally {
        full.clear();
        await database.release();
      }
    };

    for (const phase of PHASES) {
      it(`restore that fills it while it is ${phase} says so; the old shop is whole and sells`, async () => {
        const before = await soundFigures(config);
        const drafts = () => readdirSync(join(home, 'backups')).filter((name) => name.endsWith('.tmp'));
        expect(await refusalOf(fillDuring(phase))).to.include('has no room left');
        expect(drafts()).to.deep.equal([]);
        expect(await soundFigures(config)).to.deep.equal(before);
        await sell();
      });
    }

    it('restore that fills it when all rows are there needs no more of it, or says so', async () => {
      const before = await soundFigures(config);
      const error = await fillDuring('books').then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error === null) expect(await soundFigures(config)).to.not.equal(null);
      else {
        expect(error).to.be.instanceOf(BackupRefusedError);
        expect(await soundFigures(config)).to.deep.equal(before);
      }
      await sell();
    });

    it('restore and the trial say how much they need before they begin', async () => {
      const before = await soundFigures(config);
      full.fill(50);
      const [refused, trial] = [
        await restore(),
        await smoocho(
          ['backup', 'verify', shop.backup.file, '--identity', shop.identityFile, '--deep'],
          env(),
        ),
      ];
      full.clear();
      for (const { code, stderr } of [refused, trial]) {
        expect(code).to.equal(6);
        expect(stderr).to.match(/^There is too little room for (a trial|the old data beside the new) in /);
      }
      expect(readdirSync(home).filter((name) => name.startsWith('drill-'))).to.deep.equal([]);
      expect(await soundFigures(config)).to.deep.equal(before);
    });

    it('a trial that fills it says so, and leaves nothing', async function () {
      const other = small(this, 300);
      const { manifest, secrets } = await readBack(shop.backup.file, [shop.identity]);
      if (!manifest) throw new Error('It can not be read.');
      const archive = { file: shop.backup.file, identities: [shop.identity], manifest, secrets };
      const work = drill(archive, {
        home: other.folder,
        openAppIn: () => openOn(config),
        now: new Date(),
        onProgress: fillAt(other, 'loading'),
      });
      expect(await refusalOf(work)).to.include('has no room left');
      expect(readdirSync(other.folder)).to.deep.equal(['ballast']);
      await untilNoProcesses(other.folder);
    });
  });
});
