import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { newKeyPair, recipientOf } from '../../src/backup/archive/encryption.ts';
import { baseOf, databaseNameOf } from '../../src/backup/restore/databases.ts';
import { openS3 } from '../../src/storage/s3.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { initOptions, type Ran, startCli } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenProduct, givenShop, saleOf } from '../support/factories.ts';
import { requireS3, startS3 } from '../support/s3.ts';
import { startS3Proxy } from '../support/s3-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { onTerminal, requireTerminal, type Terminal } from '../support/terminal.ts';
import { warmCommands } from '../support/warm-commands.ts';

const READY = 'Stop it with Ctrl-C.';

describe('smoocho restore', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let folder: string;
  let archive: string;
  let plain: string;
  let keyFile: string;
  let identity: string;
  /** A new machine. */
  let home: string;
  let database: TestDatabase;

  before(async () => {
    folder = tempFolder();
    keyFile = join(folder, 'key.txt');
    const test: TestApp = await startTestApp();
    const shop = await givenShop(test, 'BACK');
    const kulfi = await givenProduct(shop, { name: 'Kulfi', price: '40.00' });
    await shop.cashier.post(`${shop.path}/orders`, saleOf(kulfi));
    const own = { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url };
    await smoocho(['backup', 'key', 'create', `--out=${keyFile}`], own);
    identity = /AGE-SECRET-KEY-1\w+$/m.exec(readFileSync(keyFile, 'utf8'))?.[0] as string;
    const keep = async (args: string[]) => {
      const { file } = (await smoocho(['backup', 'create', '--json', ...args], own)).json();
      const kept = join(folder, `${args.length === 0 ? 'encrypted' : 'plain'}.smoocho`);
      copyFileSync(file, kept);
      return kept;
    };
    archive = await keep([]);
    plain = await keep(['--plain']);
    await test.close();
  });
  after(() => removeFolder(folder));

  beforeEach(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
  });
  afterEach(async () => {
    for (const name of await beside()) await (await admin()).query(`DROP DATABASE "${name}"`);
    await closeAdmin();
    await database.drop();
    removeFolder(home);
  });

  let own: { database: TestDatabase; client: Awaited<ReturnType<TestDatabase['connect']>> } | undefined;
  async function admin() {
    if (!own) {
      const other = await testDatabase({ migrated: false });
      own = { database: other, client: await other.connect() };
    }
    return own.client;
  }
  async function closeAdmin() {
    await own?.database.drop();
    own = undefined;
  }
  const beside = async (): Promise<string[]> => {
    const name = databaseNameOf(database.url);
    const { rows } = await (await admin()).query(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2 ORDER BY 1',
      [baseOf(name), name],
    );
    return rows.map(({ datname }) => datname);
  };
  const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url });
  async function run(args: string[]): Promise<Ran> {
    const ran = await smoocho(['restore', ...args], env());
    expect(ran.stdout + ran.stderr).to.not.include(identity.slice(16));
    return ran;
  }
  /** What there is in the database, by name; null where nothing was ever made. */
  async function shops(): Promise<string[] | null> {
    const db = await database.connect();
    const { rows } = await db.query("SELECT to_regclass('public.shops') AS name");
    const found = rows[0].name ? (await db.query('SELECT name FROM shops')).rows : null;
    await db.end();
    return found?.map(({ name }) => name) ?? null;
  }
  const restoreHere = () => run([archive, `--identity=${keyFile}`, '--yes', '--json']);

  it('makes a shop of an empty machine, and goes on making backups for the same key', async () => {
    const dry = await run([archive, `--identity=${keyFile}`, '--dry-run', '--json']);
    expect([dry.code, dry.stderr]).to.deep.equal([0, '']);
    expect(dry.json()).to.have.all.keys(
      ...['restored', 'createdAt', 'version', 'shops', 'missingImages', 'keepsKeys', 'replaces'],
    );
    expect(dry.json()).to.deep.include({ restored: false, keepsKeys: true, replaces: null });
    expect(await shops()).to.equal(null);
    const { code, stdout, stderr } = await run([archive, `--identity=${keyFile}`]);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(
      /^The backup is sound\. It was made at .* by Smoocho 0\.1\.0:\n {2}BACK {2}Shop BACK: 1 order, 40\.00 INR on all bills \(voided ones too, before refunds\)\n\nRestored: /,
    );
    expect(stdout).to.include('Open it: smoocho start');
    expect(await shops()).to.deep.equal(['Shop BACK']);
    const { backup } = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    expect(backup.recoveryRecipient).to.equal(await recipientOf(identity));
    expect(backup.schedule).to.equal('0 3 * * *');
    const record = await smoocho(['audit', 'list'], env());
    expect(record.stdout).to.match(/restored/);
  });

  it('replaces what is there when told so, keeps it, and puts it back', async () => {
    expect((await restoreHere()).code).to.equal(0);
    const db = await database.connect();
    await db.query("UPDATE shops SET name = 'Changed since'");
    await db.end();
    const unasked = await run([archive, `--identity=${keyFile}`, '--json']);
    expect([unasked.code, unasked.json().error.title]).to.deep.equal([
      6,
      'This replaces what is there. Add --yes if that is what you want. Nothing was changed.',
    ]);
    const again = (await restoreHere()).json();
    expect(again.replaces).to.deep.include({ shops: ['BACK'], orders: 1 });
    expect(again).to.have.all.keys(
      ...['restored', 'createdAt', 'version', 'shops', 'missingImages', 'keepsKeys', 'replaces'],
      ...['safetyCopy', 'keptDatabase', 'bookFindings', 'httpsAuthority'],
    );
    expect([again.restored, again.bookFindings, await shops()]).to.deep.equal([true, [], ['Shop BACK']]);
    expect(existsSync(again.safetyCopy)).to.equal(true);
    expect(await beside()).to.deep.equal([again.keptDatabase]);
    // Nothing changes by looking, nor without a yes.
    const look = await run(['--undo', '--dry-run', '--yes', '--json']);
    const kept = look.json().kept.map(({ reason }: { reason: string }) => reason);
    expect([look.code, look.json().undone, kept]).to.deep.equal([0, false, ['restored']]);
    expect((await run(['--undo', '--json'])).code).to.equal(6);
    expect(await shops()).to.deep.equal(['Shop BACK']);
    const undone = await run(['--undo', '--yes', '--json']);
    expect([undone.code, undone.json().undone, await shops()]).to.deep.equal([0, true, ['Changed since']]);
  });

  it('says in a sentence what stands in its way, and touches nothing', async () => {
    const bytes = readFileSync(archive);
    const damaged = join(folder, 'damaged.smoocho');
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 9));
    const stranger = join(folder, 'stranger.txt');
    writeFileSync(stranger, (await newKeyPair()).identity);
    for (const [args, code, sentence] of [
      [[], 2, 'Name a backup, or say --undo: one of the two.'],
      [['--undo', '--into=postgres://localhost/x'], 2, '--undo and --into exclude each other.'],
      [['--undo', '--yes'], 6, /^There is nothing to undo/],
      [[join(folder, 'none.smoocho')], 6, /^There is no .*none\.smoocho\./],
      [[archive, `--identity=${stranger}`], 6, /^None of the keys at hand/],
      [[archive, `--identity=${archive}`], 2, /has no recovery key in it/],
      [[damaged, `--identity=${keyFile}`], 4, /is not sound: .* Nothing was changed\. Take another backup/],
      [[keyFile], 4, /is not sound: .*not a backup that Smoocho made/],
    ] as [string[], number, string | RegExp][]) {
      const ran = await run([...args, '--json']);
      expect([ran.code, ran.stderr], args.join(' ')).to.deep.equal([code, '']);
      if (typeof sentence === 'string') expect(ran.json().error.title).to.equal(sentence);
      else expect(ran.json().error.title).to.match(sentence);
    }
    expect(await shops()).to.equal(null);
    expect(await beside()).to.deep.equal([]);
  });

  it('and the start after it go on where the settings can not be written, and say so', async function () {
    const config = join(home, 'config.json');
    writeFileSync(config, '{}');
    // As a container mounts one file: nothing takes its place.
    if (spawnSync('mount', ['--bind', config, config]).status !== 0) {
      console.log('    skipped: only root can mount a file');
      this.skip();
    }
    try {
      const { code, stdout, stderr } = await run([archive, `--identity=${keyFile}`]);
      expect(stderr).to.match(/^The settings of backups could not be kept: .*config\.json can't be written/);
      expect([code, stdout.includes('Restored: ')]).to.deep.equal([0, true]);
      const server = await startCli(['--port=0', '--host=127.0.0.1'], env(), READY);
      expect(server.output()).to.match(/^No backup is made by itself: .*config\.json can't be written/m);
      expect(await server.stop()).to.equal(0);
    } finally {
      spawnSync('umount', [config]);
    }
  });

  it('from a bucket ends on a terminal, too, when the bucket is lost in the middle', async function () {
    requireTerminal(this);
    requireS3(this, 'minio');
    const s3 = await startS3('minio');
    const proxy = await startS3Proxy(s3.config.endpoint);
    try {
      const bucket = await openS3(s3.config);
      await bucket.ensureBucket();
      await bucket.putFile('one.smoocho', archive);
      bucket.close();
      proxy.decide((method) => (method === 'GET' ? { cutAfterBytes: 1_000 } : 'through'));
      const far = { ...env(), ...s3.env, S3_ENDPOINT: proxy.url };
      const location = `s3://${s3.config.bucket}/one.smoocho`;
      for (const words of [['restore'], ['backup', 'verify']]) {
        const terminal = onTerminal([...words, location], far);
        await terminal.shows('The S3 server at');
        expect(await terminal.ends()).to.equal(1);
      }
    } finally {
      await proxy.close();
      await s3.close();
    }
  });

  it('waits until the server is stopped', async () => {
    expect((await restoreHere()).code).to.equal(0);
    const server = await startCli(['--port=0', '--host=127.0.0.1'], env(), READY);
    const { code, stderr } = await run([archive, `--identity=${keyFile}`, '--yes']);
    expect(code).to.equal(6);
    expect(stderr).to.match(/^A Smoocho server runs on this database\. Stop it first/);
    expect(await server.stop()).to.equal(0);
  });

  it('for trial on a new machine leaves nothing behind', async () => {
    const fresh = join(home, 'fresh');
    const words = ['restore', archive, `--identity=${keyFile}`, '--dry-run'];
    const { code, stdout, stderr } = await smoocho(words, { SMOOCHO_HOME: fresh });
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout)
      .to.match(/^The backup is sound\./)
      .and.include('Nothing is there that it would replace.');
    expect(existsSync(fresh)).to.equal(false);
  });

  it('of a plain backup says what will be lost, before and in the answer', async () => {
    const { code, stdout } = await run([plain, '--dry-run']);
    expect(code).to.equal(0);
    expect(stdout).to.include('phone numbers and addresses of customers and PINs will be lost');
    expect((await run([plain, '--dry-run', '--json'])).json().keepsKeys).to.equal(false);
  });

  it('fills an empty database elsewhere with --into, and no other', async () => {
    const rented = await testDatabase({ migrated: false });
    try {
      const into = await run([archive, `--identity=${keyFile}`, `--into=${rented.url}`]);
      expect([into.code, into.stderr]).to.deep.equal([0, '']);
      expect(into.stdout).to.include('Set DATABASE_URL to that database, and open it');
      expect(into.stdout).to.not.include(new URL(rented.url).password);
      const again = await smoocho(
        ['restore', archive, `--identity=${keyFile}`, `--into=${rented.url}`, '--json'],
        // On a machine where nothing is yet, which needs no PostgreSQL of its own for it.
        { SMOOCHO_HOME: join(home, 'new') },
      );
      expect([again.code, again.json().error.title]).to.deep.equal([
        6,
        'The database to restore into is not empty: it has BACK. Make an empty one. Nothing was changed.',
      ]);
      const wrong = await run([archive, `--identity=${keyFile}`, '--into=rented', '--json']);
      expect([wrong.code, wrong.stderr]).to.deep.equal([2, '']);
      expect(wrong.json().error.title).to.match(/^--into is not an address like postgres:/);
    } finally {
      await rented.drop();
    }
  });

  it('on a terminal asks for the key, and before it replaces anything', async function () {
    requireTerminal(this);
    const typed = async (terminal: Terminal) => {
      await terminal.answer(
        'The recovery key of this backup',
        `${identity.slice(0, -1)}${identity.endsWith('Q') ? 'P' : 'Q'}`,
      );
      await terminal.shows('The recovery key is not as it was made');
      terminal.type(`\x15${identity.toLowerCase()}\r`);
    };
    const first = onTerminal(['restore', archive], env());
    await typed(first);
    await first.shows('Restored: everything is as it was');
    expect(await first.ends()).to.equal(0);
    expect(first.output()).to.not.include(identity.slice(16));
    const second = onTerminal(['restore', archive], env());
    await typed(second);
    await second.answer('Replace what is there?', '');
    await second.shows('Nothing was changed.');
    expect(await second.ends()).to.equal(0);
    expect(await beside()).to.deep.equal([]);
    // A plain one needs none.
    const third = onTerminal(['restore', plain, '--dry-run'], env());
    await third.shows('Nothing was changed.');
    expect([await third.ends(), third.output().includes('recovery key')]).to.deep.equal([0, false]);
  });

  it('is the first question on a new machine, asked again until it succeeds', async function () {
    requireTerminal(this);
    const embedded = { SMOOCHO_HOME: home };
    const terminal = onTerminal(['init'], embedded);
    await terminal.shows('What is to be set up?');
    // One up: the shop from a backup.
    terminal.type('\x1b[A\r');
    await terminal.answer('The backup: a file, or s3://bucket/key', join(folder, 'none.smoocho'));
    await terminal.shows(/There is no .*none\.smoocho/);
    await terminal.shows('What is to be set up?');
    // What was chosen before is chosen still.
    terminal.type('\r');
    await terminal.answer('The backup: a file', archive);
    await terminal.answer('The recovery key of this backup', identity);
    await terminal.shows('Restored: everything is as it was');
    expect(await terminal.ends()).to.equal(0);
    const list = await smoocho(['shop', 'list', '--json'], embedded);
    expect(list.json()[0]).to.include({ code: 'BACK' });
  });

  it('is named by a dry run of init, which makes nothing to try it on', async function () {
    requireTerminal(this);
    const terminal = onTerminal(['init', '--dry-run'], { SMOOCHO_HOME: join(home, 'dry') });
    await terminal.shows('What is to be set up?');
    terminal.type('\x1b[A\r');
    await terminal.shows('Nothing was written. To try one');
    expect([await terminal.ends(), existsSync(join(home, 'dry'))]).to.deep.equal([0, false]);
  });

  it('is the first question of start, too, which then serves the shop', async function () {
    requireTerminal(this);
    // Somebody began here, and left.
    const begun = join(home, 'begun');
    mkdirSync(begun, { mode: 0o755 });
    const wrong = await smoocho(['init', ...initOptions(begun), '--currency=XX'], { SMOOCHO_HOME: begun });
    expect([wrong.code, readdirSync(begun).includes('postgres')]).to.deep.equal([2, false]);
    const terminal = onTerminal(['start', '--port=0', '--host=127.0.0.1'], { SMOOCHO_HOME: begun });
    await terminal.shows('What is to be set up?');
    terminal.type('\x1b[A\r');
    await terminal.answer('The backup: a file', plain);
    await terminal.shows('Restored: everything is as it was');
    await terminal.shows('Smoocho is running at');
    await terminal.shows(READY);
    expect(terminal.output()).to.not.include('/set-up#');
    terminal.type('\x03');
    expect(await terminal.ends()).to.equal(0);
  });
});
