import { mkdirSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { createLog, openDatabase } from '../../src/app.ts';
import type { CreatedBackup } from '../../src/backup/create-backup.ts';
import { createInPlace } from '../../src/backup/create-in-place.ts';
import { backupsFolder, listArchives, localCopy, parsePlace } from '../../src/backup/places.ts';
import type { OnProgress, Phase } from '../../src/backup/progress.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { DatabaseUnreachableError } from '../../src/database/errors.ts';
import { StoreUnavailableError } from '../../src/storage/errors.ts';
import { openS3 } from '../../src/storage/s3.ts';
import { type BackedShop, dropBeside, givenBackedShop, soundFigures } from '../support/backed-shop.ts';
import { smoocho } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from '../support/debian-postgres.ts';
import { postmaster } from '../support/embedded-homes.ts';
import { IS_LONG, onlyInLongRuns, untilNoProcesses } from '../support/kills.ts';
import { type Box, backUp, besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { requireS3, startS3, type TestS3 } from '../support/s3.ts';
import { startS3Proxy } from '../support/s3-proxy.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

async function errorOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(Error);
  return error as Error;
}

/** Lines that a test made; one that failed half way leaves none of them behind. */
const lines: { close(): Promise<void> }[] = [];
const kept = async <T extends { close(): Promise<void> }>(line: Promise<T>): Promise<T> => {
  lines.push(await line);
  return await line;
};
const closeLines = async () => {
  for (const line of lines.splice(0)) await line.close();
};

/** Does something once, when a work comes to this. */
const onceAt = (when: Phase, act: () => void): OnProgress => {
  let isDone = false;
  return ({ phase }) => {
    if (phase !== when || isDone) return;
    isDone = true;
    act();
  };
};

describe('a database that is lost in the middle', function () {
  this.timeout(300_000);
  let shop: BackedShop;

  before(async () => {
    shop = await givenBackedShop({ orders: IS_LONG ? 2_000 : 300 });
  });
  after(() => shop.close());
  afterEach(closeLines);

  const through = (box: Box, proxy: TcpProxy): Box => {
    const url = new URL(box.database.url);
    url.port = String(proxy.port);
    return { ...box, database: { ...box.database, url: url.href } };
  };
  const restoreArgs = () => ['restore', shop.backup.file, '--identity', shop.identityFile, '--yes'];

  /** Holds the line, ends what came over it, and lets go of it: what is read next there is the end. */
  const terminate = (proxy: TcpProxy, admin: pg.Client) => {
    proxy.pause();
    const ended = admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY ($1::int[])',
      [proxy.ports()],
    );
    void ended.finally(() => proxy.resume());
  };

  it('ends create with a sentence and nothing else, and the next one is made', async () => {
    const proxy = await kept(startTcpProxy(shop.database.url));
    const admin = await shop.database.connect();
    const folder = tempFolder();
    for (const lose of [() => proxy.cut(), () => terminate(proxy, admin)]) {
      const work = backUp(through(shop, proxy), { folder, onProgress: onceAt('reading', lose) });
      const error = await errorOf(work);
      expect(error, error.message).to.be.instanceOf(DatabaseUnreachableError);
      expect(error.message).to.match(
        /^The connection to the database at 127\.0\.0\.1:\d+ broke .* See whether it runs/,
      );
      expect(readdirSync(folder)).to.deep.equal([]);
    }
    expect((await backUp(through(shop, proxy), { folder })).sizeBytes).to.be.above(0);
    await admin.end();
    removeFolder(folder);
  });

  it('leaves the shop of before a restore as it was, and the next one tidies up', async () => {
    const box = await newBox();
    await restoreOn(box, shop.backup.file, { identities: [shop.identity] });
    const admin = await shop.database.connect();
    const before = await soundFigures(box.config);
    const proxy = await kept(startTcpProxy(box.database.url));
    const far = through(box, proxy);
    const restore = (onProgress: OnProgress = () => {}) =>
      restoreOn(far, shop.backup.file, {
        identities: [shop.identity],
        config: { ...box.config, databaseUrl: far.database.url },
        onProgress,
      });
    for (const phase of ['keeping', 'loading', 'indexing', 'checking', 'books'] as const) {
      for (const lose of phase === 'loading'
        ? [() => proxy.cut(), () => terminate(proxy, admin)]
        : [() => proxy.cut()]) {
        const { failureOf } = await import('../../src/cli/failure.ts');
        const { exitCode, message } = failureOf(await errorOf(restore(onceAt(phase, lose))));
        expect([phase, exitCode], message).to.deep.equal([phase, 5]);
        expect(message).to.match(/^The connection to the database .*broke .* See whether it runs/);
        expect(await soundFigures(box.config)).to.deep.equal(before);
      }
    }
    const restored = await restore();
    expect(await besides(box)).to.deep.equal([restored?.keptDatabase]);
    await admin.end();
    await dropBeside(box.database, await besides(box));
    await box.database.drop();
    removeFolder(box.home);
  });

  it('that says nothing any more is given up, too, by create and by restore', async function () {
    onlyInLongRuns(this, 'a minute or two of silence pass first');
    const target = await testDatabase({ migrated: false });
    const home = tempFolder();
    const folder = tempFolder();
    const runs = [
      {
        args: ['backup', 'create', '--to', folder],
        url: shop.database.url,
        env: { SMOOCHO_HOME: shop.home },
      },
      { args: restoreArgs(), url: target.url, env: { SMOOCHO_HOME: home } },
    ].map(async ({ args, url, env }) => {
      const proxy = await kept(startTcpProxy(url));
      const far = new URL(url);
      far.port = String(proxy.port);
      const held = setTimeout(() => proxy.pause(), 900);
      const ran = await smoocho(args, { ...env, DATABASE_URL: far.href }, '', { timeoutMs: 280_000 });
      clearTimeout(held);
      proxy.resume();
      return ran;
    });
    for (const { code, stderr } of await Promise.all(runs)) {
      expect(code, stderr).to.equal(5);
      expect(stderr)
        .to.match(/database/)
        .and.match(/try again|Is it running/);
    }
    const again = await smoocho(restoreArgs(), { SMOOCHO_HOME: home, DATABASE_URL: target.url });
    expect(again.code, again.stderr).to.equal(0);
    const config = loadConfig({ home }, { DATABASE_URL: target.url });
    await dropBeside(target, await besides({ home, database: target, config }));
    await target.drop();
    for (const each of [home, folder]) removeFolder(each);
  });

  it('embedded, and killed, is started again; what was there is whole', async () => {
    const home = tempFolder();
    const env = { SMOOCHO_HOME: home, DATABASE_URL: '' };
    const config = loadConfig({ home }, { LOG_LEVEL: 'silent' });
    expect((await smoocho(restoreArgs(), env)).code).to.equal(0);
    const before = await soundFigures(config);
    const kill = () => process.kill(postmaster(home), 'SIGKILL');
    for (const phase of IS_LONG
      ? (['keeping', 'loading', 'indexing', 'books'] as const)
      : (['loading'] as const)) {
      const database = await openDatabase(config, createLog(config));
      const box: Box = { home, config, database: { ...shop.database, url: database.url } };
      const work = restoreOn(box, shop.backup.file, {
        identities: [shop.identity],
        onProgress: onceAt(phase, kill),
      });
      expect(await errorOf(work)).to.be.instanceOf(DatabaseUnreachableError);
      await database.release();
      expect(await soundFigures(config)).to.deep.equal(before);
    }
    const { code, stderr } = await smoocho(restoreArgs(), env);
    expect(code, stderr).to.equal(0);
    await untilNoProcesses(home);
    removeFolder(home);
  });

  it('an external one, and killed with all of it, has the old shop when it runs again', async function () {
    if (!hasDebianPostgres(15)) {
      console.log("    skipped: Debian's postgresql-15 is not installed");
      this.skip();
    }
    const server: DebianPostgres = await startDebianPostgres(15);
    const home = tempFolder();
    try {
      const url = server.url('postgres').replace('/postgres', '/kulfi');
      const { withClient } = await import('../../src/database/migrate.ts');
      await withClient(server.url('postgres'), (client) => client.query('CREATE DATABASE kulfi'));
      const config = loadConfig({ home }, { DATABASE_URL: url, LOG_LEVEL: 'silent' });
      const box: Box = { home, config, database: { ...shop.database, url } };
      const restore = (onProgress: OnProgress = () => {}) =>
        restoreOn(box, shop.backup.file, { identities: [shop.identity], onProgress });
      await restore();
      const before = await soundFigures(config);
      const error = await errorOf(restore(onceAt('indexing', () => server.crash())));
      expect(error).to.be.instanceOf(DatabaseUnreachableError);
      server.start();
      expect(await soundFigures(config)).to.deep.equal(before);
      expect((await restore())?.keptDatabase).to.be.a('string');
      expect(await soundFigures(config)).to.deep.equal(before);
    } finally {
      server.stop();
      removeFolder(home);
    }
  });
});

describe('a bucket that is lost in the middle', function () {
  this.timeout(300_000);
  let s3: TestS3;
  let shop: BackedShop;
  let own: string;
  const to = parsePlace('s3://kulfi-pictures/shop');

  before(async function () {
    requireS3(this, 'minio');
    s3 = await startS3('minio');
    const bucket = await openS3(s3.config);
    await bucket.ensureBucket();
    bucket.close();
    // Its pictures are there, too.
    shop = await givenBackedShop({ orders: 500, pictures: 4, env: { IMAGE_STORE: 'minio', ...s3.env } });
    own = backupsFolder(shop.home);
  });
  after(async () => {
    await shop?.close();
    await s3?.close();
  });
  afterEach(closeLines);

  const configBy = (endpoint: string): Config =>
    loadConfig({ home: shop.home }, { ...shop.env, S3_ENDPOINT: endpoint, LOG_LEVEL: 'silent' });
  let made = 0;
  /** Each a second later than the one before: which is the newest of two in one second, nobody knows. */
  const later = () => {
    made += 1;
    return new Date(Date.UTC(2026, 10, 29, 9, 0, made));
  };
  const create = (config: Config, onProgress: OnProgress = () => {}): Promise<CreatedBackup> => {
    if (to.kind !== 's3') throw new Error('It is a bucket.');
    const source = { config, databaseUrl: shop.database.url, now: later };
    return createInPlace(source, to, { isPlain: false, timezone: 'Asia/Kolkata', onProgress });
  };
  const soundHere = async (file: string) =>
    expect((await readBack(file, [shop.identity])).findings).to.deep.equal([]);

  it('leaves the backup here, and says where; many of them leave no more than the rules keep', async () => {
    const proxy = await kept(startTcpProxy(s3.config.endpoint));
    const config = configBy(proxy.url);
    const files: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const error = await errorOf(
        create(
          config,
          onceAt('uploading', () => proxy.refuse()),
        ),
      );
      proxy.accept();
      expect(error).to.be.instanceOf(StoreUnavailableError);
      const [, said, file] = /^The S3 server at (.*)\. The backup stays in (.*)\.$/.exec(error.message) ?? [];
      expect(said).to.match(/hung up|does not answer/);
      await soundHere(file as string);
      files.push(file as string);
    }
    expect(await listArchives(config, to)).to.deep.equal([]);
    expect(readdirSync(own).map((name) => join(own, name))).to.deep.equal([files.at(-1)]);
    const { file } = await create(config);
    expect((await listArchives(config, to)).map(({ location }) => location)).to.deep.equal([file]);
  });

  it('that answers 500 or 403, or stops in the middle of an answer, says so', async () => {
    const proxy = await kept(startS3Proxy(s3.config.endpoint));
    const config = configBy(proxy.url);
    const isArchive = (path: string) => path.includes('.smoocho');
    const whole = await create(config);
    for (const status of [500, 403]) {
      for (const method of ['PUT', 'GET']) {
        proxy.decide((asked, path) => (asked === method && isArchive(path) ? { status } : 'through'));
        const error = await errorOf(create(config));
        expect(error, `${method} ${status}: ${error}`).to.be.instanceOf(StoreUnavailableError);
        expect(error.message).to.match(status === 403 ? /does not allow this/ : /fails \(/);
        const [, file] = /The backup stays in (.*)\.$/.exec(error.message) ?? [];
        await soundHere(file as string);
      }
    }
    const fetch = () => localCopy(config, whole.file, own, () => {}, new Date());
    proxy.decide((asked, path) =>
      asked === 'GET' && isArchive(path) ? { cutAfterBytes: 70_000 } : 'through',
    );
    expect(await errorOf(create(config))).to.be.instanceOf(StoreUnavailableError);
    expect(await errorOf(fetch())).to.be.instanceOf(StoreUnavailableError);
    proxy.decide(() => ({ status: 500 }));
    expect(await errorOf(fetch())).to.be.instanceOf(StoreUnavailableError);
    expect(readdirSync(own).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
    proxy.decide(() => 'through');
    for (const { location } of await listArchives(config, to)) {
      const { file, release } = await localCopy(config, location, own, () => {}, new Date());
      await soundHere(file);
      await release();
    }
  });

  it('costs a backup the pictures that it could not read, and no sale', async () => {
    const proxy = await kept(startS3Proxy(s3.config.endpoint));
    const config = configBy(proxy.url);
    const source = { config, databaseUrl: shop.database.url, now: () => new Date() };
    const { createBackup } = await import('../../src/backup/create-backup.ts');
    const all = shop.backup.missingImages.length;
    expect(all).to.equal(0);
    const isPicture = (path: string) => path.includes('.webp');
    for (const fate of [{ status: 500 }, { status: 403 }, { cutAfterBytes: 100 }] as const) {
      let read = 0;
      proxy.decide((_, path) => {
        if (!isPicture(path)) return 'through';
        read += 1;
        return read > 5 ? fate : 'through';
      });
      const created = await createBackup(source, { folder: own });
      expect(created.missingImages).to.have.length(12 - 5);
      const { manifest, findings } = await readBack(created.file, [shop.identity]);
      expect([findings, manifest?.images.length]).to.deep.equal([[], 5]);
      const rowsOf = (name: string) => manifest?.tables.find((table) => table.name === name)?.rows;
      expect(rowsOf('orders')).to.be.above(500);
    }
    proxy.decide(() => 'through');
    const { missingImages } = await createBackup(source, { folder: own });
    expect(missingImages).to.deep.equal([]);
  });

  it('that says nothing any more is given up: the sales are backed up, and what was sent stays here', async function () {
    onlyInLongRuns(this, 'half a minute of silence passes first');
    const proxy = await kept(startTcpProxy(s3.config.endpoint));
    const config = configBy(proxy.url);
    proxy.pause();
    const error = await errorOf(create(config));
    expect(error.message).to.match(/^The S3 server at .* does not answer\. The backup stays in /);
    const [, file] = /The backup stays in (.*)\.$/.exec(error.message) ?? [];
    const { manifest } = await readBack(file as string, [shop.identity]);
    expect(manifest?.missingImages).to.have.length(12);
    proxy.resume();
  });
});

describe('pictures that can not be read', () => {
  it('are said by a backup, which has all others and every sale', async () => {
    const shop = await givenBackedShop({ orders: 10, pictures: 4 });
    const folder = join(shop.home, 'images');
    const [shopId] = readdirSync(folder).filter((name) => !name.startsWith('.'));
    const names = readdirSync(join(folder, shopId as string)).sort();
    const [gone, cut, blocked] = names.map((name) => join(folder, shopId as string, name)) as [
      string,
      string,
      string,
    ];
    rmSync(gone);
    truncateSync(cut, 50);
    rmSync(blocked);
    mkdirSync(blocked);
    const { code, stdout, json } = await smoocho(['backup', 'create', '--json'], shop.env);
    expect(code, stdout).to.equal(0);
    expect(json().missingImages).to.have.members(names.slice(0, 3).map((name) => `${shopId}/${name}`));
    const { manifest } = await readBack(json().file, [shop.identity]);
    expect(manifest?.images).to.have.length(names.length - 3);
    await shop.close();
  }).timeout(120_000);
});
