import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { listArchiveFiles } from '../../src/backup/archive/archive-file.ts';
import { backupsFolder, listArchives, localCopy, type Place } from '../../src/backup/places.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { withClient } from '../../src/database/migrate.ts';
import { openS3 } from '../../src/storage/s3.ts';
import {
  type BackedShop,
  copiesOfDays,
  dropBeside,
  givenBackedShop,
  soundFigures,
} from '../support/backed-shop.ts';
import { type Ran, smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import {
  IS_LONG,
  KILLS,
  momentsIn,
  onlyInLongRuns,
  processesOn,
  random,
  runKilled,
  saySeed,
  untilNoProcesses,
} from '../support/kills.ts';
import { besides } from '../support/restore-parts.ts';
import { requireS3, startS3, type TestS3 } from '../support/s3.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

type Env = Record<string, string>;
type Figures = Record<string, unknown> | null;

/** Commands by what they take, as many times as a backup of a small shop. */
const TIMES = { create: 1, verify: 0.9, undo: 1.2, restore: 3.5, trial: 5, 'embedded restore': 6 } as const;
type Kind = keyof typeof TIMES;

/** A command that is killed, what has to hold after each kill, and after the next run of it. */
type Victim = {
  kind: Kind;
  args: () => string[];
  env: () => Env;
  prepare?: () => Promise<unknown>;
  afterKill: () => Promise<unknown>;
  afterNext: (next: Ran) => Promise<unknown>;
};

/** A command runs so long, on a machine that is at work at other things. */
const RUN_MS = 60_000;

describe('a command that is killed', function () {
  this.timeout((KILLS + 1) * 3 * RUN_MS);
  let shop: BackedShop;
  let old: Figures;
  /** What a backup takes here and now: of a large shop each command is measured by itself. */
  let createMs: number;

  before(async () => {
    saySeed();
    shop = await givenBackedShop({ orders: IS_LONG ? 5_000 : 100, pictures: IS_LONG ? 40 : 1 });
    old = await soundFigures(shop.config);
    createMs = await measure({
      args: () => ['backup', 'create'],
      env: () => shop.env,
      afterNext: async () => {},
    });
  });
  after(() => shop.close());

  async function measure({
    args,
    env,
    prepare,
    afterNext,
  }: Omit<Victim, 'kind' | 'afterKill'>): Promise<number> {
    await prepare?.();
    const start = Date.now();
    const ran = await finish(args(), env());
    const ms = Date.now() - start;
    await afterNext(ran);
    return ms;
  }

  /**
   * Kills it at random moments of the time that it usually takes, each time followed by one that is not killed. Some end before
   * their moment: then as many moments are tried again.
   */
  async function killOften(victim: Victim): Promise<void> {
    const { kind, args, env, prepare, afterKill, afterNext } = victim;
    const ms = IS_LONG ? await measure(victim) : createMs * TIMES[kind];
    let killed = 0;
    for (const at of [...momentsIn(ms), ...Array.from({ length: KILLS }, () => random() * ms)]) {
      if (killed === KILLS) break;
      await prepare?.();
      killed += (await runKilled(args(), env(), at)) ? 1 : 0;
      await afterKill();
      await afterNext(await finish(args(), env()));
    }
    console.log(`      ${killed} of ${KILLS} killed within ${ms.toFixed()} ms`);
  }

  /** Runs it to its end. What PostgreSQL does for one that was killed may last a moment longer. */
  async function finish(args: string[], env: Env): Promise<Ran> {
    for (const late = Date.now() + RUN_MS; ; await sleep(200)) {
      const ran = await smoocho([...args, '--json'], env);
      if (ran.code === 6 && /being made|under way/.test(ran.stdout) && Date.now() < late) continue;
      expect(ran.code, ran.stdout + ran.stderr).to.equal(0);
      return ran;
    }
  }

  async function expectSound(config: Config, place: Place): Promise<number> {
    const archives = await listArchives(config, place);
    for (const { location } of archives) {
      const { file, release } = await localCopy(config, location, shop.home, () => {}, new Date());
      const { findings } = await readBack(file, [shop.identity]);
      await release();
      expect(findings, location).to.deep.equal([]);
    }
    return archives.length;
  }
  const draftsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

  it('backup create leaves no file that is not sound, and no draft after the next one', async () => {
    const folder = backupsFolder(shop.home);
    await killOften({
      kind: 'create',
      args: () => ['backup', 'create'],
      env: () => shop.env,
      afterKill: () => expectSound(shop.config, { kind: 'folder', folder }),
      async afterNext(next) {
        const { backups } = (await smoocho(['backup', 'list', '--json'], shop.env)).json();
        expect(backups.map(({ file }: { file: string }) => file)).to.include(next.json().file);
        await expectSound(shop.config, { kind: 'folder', folder });
        expect(draftsIn(folder)).to.deep.equal([]);
      },
    });
    expect(await soundFigures(shop.config)).to.deep.equal(old);
  });

  describe('with backups in a bucket', () => {
    let s3: TestS3;
    let config: Config;
    let env: Env;
    const place: Place = { kind: 's3', bucket: 'kulfi-pictures', prefix: 'shop 1/backups' };
    const to = 's3://kulfi-pictures/shop 1/backups';

    before(async function () {
      onlyInLongRuns(this);
      requireS3(this, 'minio');
      s3 = await startS3('minio');
      const bucket = await openS3(s3.config);
      await bucket.ensureBucket();
      bucket.close();
      env = { ...shop.env, ...s3.env };
      config = loadConfig({ home: shop.home }, { ...env, LOG_LEVEL: 'silent' });
    });
    after(() => s3?.close());

    it('backup create leaves none there that is not sound, and none here that prune does not take', async () => {
      const own = backupsFolder(shop.home);
      const before = (await listArchiveFiles(own)).length;
      await killOften({
        kind: 'create',
        args: () => ['backup', 'create', '--to', to],
        env: () => env,
        afterKill: () => expectSound(config, place),
        async afterNext(next) {
          expect(next.json().file).to.match(/^s3:/);
          expect(draftsIn(own)).to.deep.equal([]);
          await expectSound(config, { kind: 'folder', folder: own });
        },
      });
      expect((await listArchiveFiles(own)).length).to.be.at.most(before + KILLS);
      expect((await smoocho(['backup', 'schedule', '--to', to], env)).code).to.equal(0);
      const pruned = await finish(
        ['backup', 'prune', '--keep-daily=1', '--keep-weekly=0', '--keep-monthly=0'],
        env,
      );
      expect(pruned.json().kept).to.have.length(2);
      expect(await listArchiveFiles(own)).to.have.length(1);
      await expectSound(config, place);
      expect((await smoocho(['backup', 'schedule', '--to', own], env)).code).to.equal(0);
    });

    it('backup verify leaves nothing in the way of the next one', async () => {
      const { location } = (await listArchives(config, place))[0] as { location: string };
      await killOften({
        kind: 'verify',
        args: () => ['backup', 'verify', location],
        env: () => env,
        afterKill: async () => {},
        afterNext: async (next) => expect(next.json().isSound).to.equal(true),
      });
      expect(draftsIn(backupsFolder(shop.home)).length).to.be.at.most(KILLS);
    });
  });

  it('backup prune takes no backup that it should have kept, nor half of one', async function () {
    onlyInLongRuns(this);
    const folder = tempFolder();
    const [newest] = copiesOfDays(shop.backup.file, folder, 1) as [string];
    await killOften({
      kind: 'verify',
      args: () => [
        'backup',
        'prune',
        '--keep-daily=1',
        '--keep-weekly=0',
        '--keep-monthly=0',
        '--to',
        folder,
      ],
      env: () => shop.env,
      prepare: async () => copiesOfDays(shop.backup.file, folder, 12),
      async afterKill() {
        expect(existsSync(newest)).to.equal(true);
        await expectSound(shop.config, { kind: 'folder', folder });
      },
      afterNext: async () => expect(readdirSync(folder)).to.deep.equal([newest.slice(folder.length + 1)]),
    });
    removeFolder(folder);
  });

  it('backup verify --deep leaves no cluster behind after the next one', async function () {
    onlyInLongRuns(this);
    const drills = () => readdirSync(shop.home).filter((name) => name.startsWith('drill-'));
    await killOften({
      kind: 'trial',
      args: () => ['backup', 'verify', shop.backup.file, '--deep'],
      env: () => shop.env,
      afterKill: async () => {},
      async afterNext(next) {
        expect(next.json()).to.include({ isSound: true });
        expect(drills()).to.deep.equal([]);
        await untilNoProcesses(join(shop.home, 'drill-'));
      },
    });
    expect(await soundFigures(shop.config)).to.deep.equal(old);
  });

  // One after the other on the same box: the next one takes over what the one before left.
  describe('restore, on a PostgreSQL of its own', () => {
    let database: TestDatabase;
    let home: string;
    let config: Config;
    let changed: Figures;

    before(async () => {
      database = await testDatabase({ migrated: false });
      home = tempFolder();
      config = loadConfig({ home }, { DATABASE_URL: database.url, LOG_LEVEL: 'silent' });
    });
    after(async () => {
      await dropBeside(database, await beside());
      await database.drop();
      removeFolder(home);
    });

    const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url });
    const args = () => ['restore', shop.backup.file, '--identity', shop.identityFile, '--yes'];
    const beside = () => besides({ home, database, config });

    /** Tells what is there from what is restored. */
    async function change(): Promise<void> {
      const db = await database.connect();
      await db.query("UPDATE products SET name = name || ' of today' WHERE name NOT LIKE '% of today'");
      await db.end();
      changed = await soundFigures(config);
      expect(changed).to.not.deep.equal(old);
    }
    /** PostgreSQL goes on making a database for a client that is gone: one that nobody sees yet is left to the restore after the next. */
    async function untilMade(): Promise<void> {
      const making = `SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CREATE DATABASE%_restoring_%' AND pid <> pg_backend_pid()`;
      await withClient(database.url, async (client) => {
        for (const late = Date.now() + RUN_MS; Date.now() < late; await sleep(50)) {
          if ((await client.query(making)).rowCount === 0) break;
        }
      });
    }
    /** PostgreSQL may still be at the last statement of a client that is gone. */
    async function untilAlone(): Promise<void> {
      const others = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;
      await withClient(database.url, async (client) => {
        for (const late = Date.now() + RUN_MS; Date.now() < late; await sleep(50)) {
          if ((await client.query(others)).rowCount === 0) break;
        }
      });
    }
    async function empty(): Promise<void> {
      await dropBeside(database, await beside());
      await database.empty();
    }

    it('into one that was made for it is opened by nobody before it is whole, and begins again', async function () {
      onlyInLongRuns(this);
      await killOften({
        kind: 'restore',
        args: () => [...args(), '--into', database.url],
        env: () => ({ SMOOCHO_HOME: home, DATABASE_URL: shop.database.url }),
        prepare: empty,
        async afterKill() {
          await untilAlone();
          const found = await soundFigures(config).catch((error) => error.kind ?? error);
          expect(found).to.be.deep.oneOf([null, 'half-restored', old]);
          // It ended just before it was killed: then it is full, and said so.
          if (found && typeof found === 'object') await empty();
        },
        afterNext: async () => expect(await soundFigures(config)).to.deep.equal(old),
      });
    });

    it('of an empty one leaves nothing or the new shop, whole, and nothing to go back to', async () => {
      await killOften({
        kind: 'restore',
        args,
        env,
        prepare: empty,
        async afterKill() {
          await untilMade();
          const found = await soundFigures(config);
          expect(found).to.be.deep.oneOf([null, old]);
          // A shop that is there has its backups set up.
          const { schedule, recoveryRecipient } = loadConfig({ home }, {}).backup;
          if (found) expect([schedule, recoveryRecipient]).to.not.include(null);
        },
        async afterNext(next) {
          expect(await soundFigures(config)).to.deep.equal(old);
          const { keptDatabase } = next.json();
          expect(await beside()).to.deep.equal(keptDatabase ? [keptDatabase] : []);
        },
      });
    });

    it('leaves the old shop or the new one, whole', async () => {
      await killOften({
        kind: 'restore',
        args,
        env,
        prepare: change,
        async afterKill() {
          await untilMade();
          expect(await soundFigures(config)).to.be.deep.oneOf([changed, old]);
          await expectSound(config, { kind: 'folder', folder: backupsFolder(home) });
        },
        async afterNext() {
          expect(await soundFigures(config)).to.deep.equal(old);
          await expectSound(config, { kind: 'folder', folder: backupsFolder(home) });
          for (const { path } of await listArchiveFiles(backupsFolder(home))) rmSync(path);
          expect((await beside()).filter((name) => name.includes('_restoring_'))).to.deep.equal([]);
          expect(draftsIn(backupsFolder(home))).to.deep.equal([]);
        },
      });
    });

    it('--undo puts back what was there or leaves what is, whole', async () => {
      // What the last restore replaced may have been the same, when it was killed just after the change of places.
      await change();
      await finish(args(), env());
      const kept = await beside();
      let now = old;
      await killOften({
        kind: 'undo',
        args: () => ['restore', '--undo', '--yes'],
        env,
        async afterKill() {
          now = await soundFigures(config);
          expect(now).to.be.deep.oneOf([old, changed]);
        },
        async afterNext() {
          const before = now;
          now = await soundFigures(config);
          expect(now).to.be.deep.oneOf([old, changed]).and.not.deep.equal(before);
          expect(await beside()).to.have.length(kept.length);
        },
      });
    });
  });

  describe('restore, on the embedded PostgreSQL', () => {
    let home: string;
    const config = () => loadConfig({ home }, { LOG_LEVEL: 'silent' });
    const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: '' });
    const args = () => ['restore', shop.backup.file, '--identity', shop.identityFile, '--yes'];

    before(() => {
      home = tempFolder();
    });
    after(() => clear());

    /** Whatever a kill left is taken over and stopped by the next who is attached. */
    async function clear(): Promise<void> {
      if (existsSync(join(home, 'postgres', 'data'))) await soundFigures(config()).catch(() => {});
      await untilNoProcesses(home);
      removeFolder(home);
    }

    it('of an empty box leaves nothing or the new shop, whole', async function () {
      onlyInLongRuns(this);
      await killOften({
        kind: 'embedded restore',
        args,
        env,
        async prepare() {
          await clear();
          home = tempFolder();
        },
        afterKill: async () => expect(await soundFigures(config())).to.be.deep.oneOf([null, old]),
        afterNext: async () => expect(await soundFigures(config())).to.deep.equal(old),
      });
    });

    it('leaves the old shop or the new one, whole, and no server', async function () {
      onlyInLongRuns(this);
      await killOften({
        kind: 'embedded restore',
        args,
        env,
        afterKill: async () => expect(await soundFigures(config())).to.deep.equal(old),
        async afterNext() {
          expect(processesOn(home)).to.deep.equal([]);
          expect(await soundFigures(config())).to.deep.equal(old);
        },
      });
    });
  });
});
