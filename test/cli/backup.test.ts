import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openS3 } from '../../src/storage/s3.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Canaries, openCanaries } from '../support/canaries.ts';
import { type Ran, startCli, startSmoocho } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { givenPicture } from '../support/image-parts.ts';
import { untilNoProcesses } from '../support/kills.ts';
import { anyPng } from '../support/pictures.ts';
import { requireS3, startS3 } from '../support/s3.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

const ARCHIVE = /^smoocho-\d{8}T\d{6}Z-[0-9a-f]{8}\.smoocho$/;

describe('smoocho backup', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let test: TestApp;
  let shop: TestShop;
  let folder: string;
  let recovery: string;
  let canaries: Canaries;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'BACK');
    const kulfi = await givenProduct(shop, { name: 'Kulfi', price: '40.00' });
    for (let n = 0; n < 2; n += 1) await shop.cashier.post(`${shop.path}/orders`, saleOf(kulfi));
    folder = tempFolder();
    recovery = join(folder, 'recovery-key.txt');
    const made = await smoocho(['backup', 'key', 'create', `--out=${recovery}`], env());
    expect([made.code, made.stderr]).to.deep.equal([0, '']);
    canaries = openCanaries();
    hideKey('the recovery key', recovery);
    hideSecrets();
  });
  after(async () => {
    await test.close();
    removeFolder(folder);
  });
  afterEach(() => {
    expect(canaries.seen.splice(0), 'secrets that were shown').to.deep.equal([]);
  });

  const env = () => ({ SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url, LOG_LEVEL: 'trace' });
  /** How it begins is no secret. */
  const hideKey = (name: string, file: string) =>
    canaries.hide(
      name,
      readFileSync(file, 'utf8').trim().split('\n').at(-1)?.replace('AGE-SECRET-KEY-1', '') as string,
    );
  const hideSecrets = () => {
    for (const name of readdirSync(join(test.home, 'secrets')))
      hideKey(name, join(test.home, 'secrets', name));
  };
  async function run(args: string[], more: Record<string, string> = {}): Promise<Ran> {
    const ran = await smoocho(['backup', ...args], { ...env(), ...more });
    canaries.look(args.join(' '), ran.stdout + ran.stderr);
    return ran;
  }
  /** Exit code and sentence, which are all that there is of the answer. */
  async function refusal(args: string[], more?: Record<string, string>): Promise<[number | null, string]> {
    const { code, stderr, json } = await run([...args, '--json'], more);
    const { error, exitCode } = json();
    expect([stderr, exitCode]).to.deep.equal(['', code]);
    return [code, error.title];
  }
  const backups = () => join(test.home, 'backups');
  const newest = () => join(backups(), readdirSync(backups()).sort().at(-1) as string);

  it('create makes one while the shop is open, and says what is in it', async () => {
    const { code, stderr, stdout, json } = await run(['create', '--json']);
    expect([code, stderr]).to.deep.equal([0, '']);
    const made = json();
    expect(stdout).to.equal(`${JSON.stringify(made, null, 2)}\n`);
    expect(made).to.have.all.keys(
      ...[
        'id',
        'file',
        'sizeBytes',
        'encrypted',
        'verifiedAt',
        'epoch',
        'fingerprint',
        'shops',
        'missingImages',
      ],
    );
    expect(made.shops).to.deep.equal([{ code: 'BACK', orders: 2, total: '80.00' }]);
    expect(made).to.include({ encrypted: true, file: newest(), sizeBytes: statSync(newest()).size });
    expect(made.fingerprint).to.match(/^[0-9a-f]{64}$/);
    expect([statSync(newest()).mode & 0o777, statSync(backups()).mode & 0o777]).to.deep.equal([0o600, 0o700]);
    hideSecrets();
    const words = await run(['create']);
    expect([words.code, words.stderr]).to.deep.equal([0, '']);
    expect(words.stdout).to.match(/^Made and read back: \/.*\.smoocho\n/);
    expect(words.stdout.split('\n').slice(0, 3)).to.deep.equal([
      words.stdout.split('\n')[0],
      `0.1 MB, encrypted, in ${backups()}`,
      '  BACK  2 orders, 80.00 on all bills (voided ones too, before refunds)',
    ]);
    expect(readdirSync(backups()).every((name) => ARCHIVE.test(name))).to.equal(true);
    const audit = await smoocho(['audit', 'list', '--json'], env());
    expect(JSON.stringify(audit.json())).to.include('backup_created').and.include(made.id);
    const status = (await smoocho(['status', '--json'], env())).json();
    expect(status.backup.hasRecoveryKey).to.equal(true);
    expect(words.stdout).to.include(status.backup.file);
  });

  it('create tells owners of pictures that it lacks, until one has them again', async () => {
    const { id } = await givenPicture(shop, anyPng(3));
    const images = join(test.home, 'images', shop.id);
    const [name] = readdirSync(images) as [string];
    const needs = async () => {
      const { attention } = (await smoocho(['status', '--json'], env())).json();
      return attention.map(({ code }: { code: string }) => code);
    };
    renameSync(join(images, name), join(folder, name));
    const { code, stdout } = await run(['create']);
    expect(code, stdout).to.equal(0);
    expect(stdout).to.include('\nWithout 1 file of pictures, which could not be read');
    expect(await needs()).to.include('backup_pictures_missing');
    renameSync(join(folder, name), join(images, name));
    expect((await run(['create'])).code).to.equal(0);
    expect(await needs()).to.not.include('backup_pictures_missing');
    await shop.manager.delete(`${shop.path}/products/${id}`);
  });

  it('create --plain says what it lacks, and anybody reads it', async () => {
    const to = join(folder, 'plain');
    mkdirSync(to, { mode: 0o755 });
    const { code, stdout } = await run(['create', '--plain', `--to=${to}`]);
    expect(code).to.equal(0);
    expect(stdout).to.include('not encrypted').and.include('it lacks the master key: phone numbers');
    // The one of the night is still to be made, and what opens elsewhere is what is tried.
    const status = (await smoocho(['status', '--json'], env())).json();
    expect(status.backup.file).to.equal(newest());
    const encrypted = newest();
    expect((await run(['create', '--plain'])).code).to.equal(0);
    expect((await run(['verify', '--latest', '--json'])).json().file).to.equal(encrypted);
    rmSync(newest());
    const [name] = readdirSync(to);
    // The folder was somebody's, and stays as it was.
    expect([statSync(join(to, name as string)).mode & 0o777, statSync(to).mode & 0o777]).to.deep.equal([
      0o600, 0o755,
    ]);
    if (spawnSync('zstd', ['--version']).error) {
      console.log('    skipped in part: zstd is not installed');
      return;
    }
    const script = `zstd -dcq '${join(to, name as string)}' | tar t`;
    const members = spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout.split('\n');
    expect(members).to.include('README.txt').and.include('tables/orders.000001.copy');
    expect(members).to.include('manifest.json').and.not.include('secrets.json');
  });

  it('says in a sentence where it can not go, and makes nothing there', async () => {
    const absent = join(folder, 'usb', 'smoocho');
    expect(await refusal(['create', `--to=${absent}`])).to.deep.equal([
      6,
      `There is no folder ${absent}. If it is on a disk of its own, see that it is mounted; else make it: mkdir -p ${absent}`,
    ]);
    expect(await refusal(['create', `--to=${recovery}`])).to.deep.equal([
      6,
      `${recovery} is no folder. Move that away, or name another folder: --to FOLDER.`,
    ]);
    expect((await refusal(['create', '--to=s3:/bucket']))[0]).to.equal(2);
    expect(await refusal(['create', '--to=s3://bucket/x'])).to.deep.equal([
      2,
      'Nothing is known of an S3 server. Set S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY, or name a folder.',
    ]);
    // An owner hears of it: a disk that is not there is no reason for silence.
    const status = (await smoocho(['status', '--json'], env())).json();
    expect(status.attention.map(({ code }: { code: string }) => code)).to.include('backup_failed');
    expect((await refusal(['list', `--to=${absent}`]))[1]).to.match(/^There is no folder /);
  });

  it('says in a sentence that the recovery recipient of the settings has a wrong letter', async () => {
    const config = join(test.home, 'config.json');
    const before = readFileSync(config, 'utf8');
    const settings = JSON.parse(before);
    settings.backup.recoveryRecipient = `age1${'q'.repeat(58)}`;
    writeFileSync(config, JSON.stringify(settings));
    const [code, sentence] = await refusal(['create']);
    writeFileSync(config, before);
    expect([code, sentence]).to.deep.equal([
      2,
      'backup.recoveryRecipient is not as it was made: a letter of it is wrong, missing or too much. Set it anew: smoocho backup key create --replace --recipient age1…',
    ]);
  });

  it('goes nowhere by a variable that was never set, into a folder of the program’s, or to a server it does not know', async () => {
    const [code, sentence] = await refusal(['create', '--to=']);
    expect([code, sentence]).to.deep.equal([2, 'No place is named. Name a folder, or s3://bucket/prefix.']);
    for (const place of [
      'S3://Kulfi/shop',
      's3:/kulfi',
      's3://kulfi/../shop',
      'sftp://nas/kulfi',
      'file:///mnt/usb',
    ])
      expect((await refusal(['create', `--to=${place}`]))[1]).to.include(`${place} is no place for backups`);
    const uploads = join(test.home, 'uploads');
    mkdirSync(join(uploads, 'deeper'), { recursive: true });
    const link = join(folder, 'link');
    symlinkSync(uploads, link);
    for (const place of [uploads, join(uploads, 'deeper'), `${link}/`, join(test.home, 'secrets')]) {
      for (const command of ['create', 'schedule']) {
        const [exitCode, words] = await refusal([command, `--to=${place}`]);
        expect([exitCode, words]).to.deep.equal([6, words.match(/^.* is where Smoocho keeps other .*/)?.[0]]);
      }
    }
    // Nothing is made for a bucket that can't be reached, and nothing of before is taken away for it.
    const before = readdirSync(backups()).sort();
    const [exitCode, words] = await refusal(['create', '--to=s3://kulfi/shop']);
    expect([exitCode, words]).to.deep.equal([2, words.match(/^Nothing is known of an S3 server.*/)?.[0]]);
    expect(readdirSync(backups()).sort()).to.deep.equal(before);
  });

  it('list shows them, newest first, with what opens them', async () => {
    const { code, json } = await run(['list', '--json']);
    const { backups: listed } = json();
    expect(code).to.equal(0);
    expect(listed[0]).to.include({ file: newest(), encrypted: true, version: '0.1.0', opensHere: true });
    const times = listed.map(({ createdAt }: { createdAt: string }) => createdAt);
    expect(times).to.deep.equal([...times].sort().reverse());
    writeFileSync(join(backups(), 'notes.txt'), 'not a backup');
    const words = await run(['list']);
    expect(words.stdout.split('\n')[0]).to.match(/^made \(UTC\) +size +version +opens here +file$/);
    expect(words.stdout).to.not.include('notes.txt');
    // A machine without the key sees them, too.
    const elsewhere = { SMOOCHO_HOME: join(folder, 'elsewhere') };
    const other = await run(['list', `--to=${backups()}`, '--json'], elsewhere);
    expect(other.json().backups[0]).to.include({ encrypted: true, version: null, opensHere: false });
  });

  it('verify reads one to its end, and tells a damaged one with exit code 4', async () => {
    const { code, json } = await run(['verify', '--latest', '--json']);
    expect(code).to.equal(0);
    expect(json()).to.deep.include({ file: newest(), isSound: true, findings: [], bookFindings: [] });
    expect(json().shops).to.deep.equal([{ code: 'BACK', orders: 2, total: '80.00' }]);
    const words = await run(['verify', newest(), `--identity=${recovery}`]);
    expect([words.code, words.stdout.split('\n')[0]]).to.deep.equal([
      0,
      `${newest()} is sound: every byte was read.`,
    ]);
    const damaged = join(folder, 'damaged.smoocho');
    const bytes = readFileSync(newest());
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] as number) ^ 1;
    writeFileSync(damaged, bytes);
    const bad = await run(['verify', damaged, '--json']);
    expect([bad.code, bad.json().isSound, bad.json().findings.length]).to.deep.equal([4, false, 1]);
    expect((await run(['verify', damaged])).stdout).to.match(/NOT sound:\n.*\nDo not rely on it\./);
  });

  it('verify says of what is no backup, or can not be opened, what it is', async () => {
    const nothing = join(folder, 'nothing.smoocho');
    const [missing, sentence] = await refusal(['verify', nothing]);
    expect([missing, sentence.startsWith(`There is no ${nothing}. See which`)]).to.deep.equal([6, true]);
    expect((await refusal(['verify', folder]))[0]).to.equal(6);
    expect((await refusal(['verify']))[0]).to.equal(2);
    const both = await run(['verify', newest(), '--latest']);
    expect([both.code, both.stdout, both.stderr]).to.deep.equal([
      2,
      '',
      'Name a file, or say --latest: one of the two.\n',
    ]);
    const elsewhere = { SMOOCHO_HOME: join(folder, 'elsewhere') };
    expect(await refusal(['verify', newest()], elsewhere)).to.deep.equal([
      6,
      'None of the keys at hand opens this archive. Name the file with the recovery key that it was made for: --identity FILE.',
    ]);
    // A letter that was misread is no damage of the archive.
    const key = readFileSync(recovery, 'utf8');
    const misread = join(folder, 'misread.txt');
    writeFileSync(
      misread,
      key.replace(/^(AGE-SECRET-KEY-1)(.)/m, (_, start, letter) => `${start}${letter === 'Q' ? 'P' : 'Q'}`),
    );
    const [code, said] = await refusal(['verify', newest(), `--identity=${misread}`], elsewhere);
    expect([code, said.replace(misread, 'FILE')]).to.deep.equal([
      2,
      'FILE: The recovery key is not as it was made: a letter is wrong, missing or too much. After AGE-SECRET-KEY-1 it has 58 letters and digits, and none of them is 1, B, I or O.',
    ]);
    // Typed from paper, in small letters and groups, it opens.
    const typed = join(folder, 'typed.txt');
    const [, rest] = /^AGE-SECRET-KEY-1(\w+)/m.exec(key) as unknown as [string, string];
    writeFileSync(
      typed,
      `age-secret-key-1 ${rest
        .toLowerCase()
        .match(/.{1,4}/g)
        ?.join(' ')}\n`,
    );
    expect((await run(['verify', newest(), `--identity=${typed}`], elsewhere)).code).to.equal(0);
    const none = join(folder, 'none.txt');
    expect((await refusal(['verify', newest(), `--identity=${none}`]))[0]).to.equal(2);
  });

  it('verify --deep restores it into a PostgreSQL of its own, and leaves nothing of it', async () => {
    // What does not agree in the books was so before: it is said, and the copy is sound all the same.
    const db = await test.database.connect();
    await db.query("UPDATE orders SET total = total + 1 WHERE order_number LIKE '%/000001'");
    await run(['create']);
    // Left by one that was killed, whose id this process has by now; and that of one that still runs, with our id and start.
    mkdirSync(join(test.home, `drill-${process.pid}-1-left`));
    const start = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19];
    const running = `drill-${process.pid}-${start}-runs`;
    mkdirSync(join(test.home, running));
    const odd = await run(['verify', '--latest', '--deep', '--json']);
    expect([odd.code, odd.json().isSound, odd.json().findings]).to.deep.equal([0, true, []]);
    expect(odd.json().bookFindings[0])
      .to.have.all.keys('shop', 'subject', 'detail')
      .and.include({ shop: 'BACK' });
    expect(readdirSync(test.home).filter((name) => name.startsWith('drill-'))).to.deep.equal([running]);
    rmdirSync(join(test.home, running));
    const status = (await smoocho(['status', '--json'], env())).json();
    expect(status.backup.lastDrillAt).to.be.a('string');
    await db.query("UPDATE orders SET total = total - 1 WHERE order_number LIKE '%/000001'");
    await db.end();
    await run(['create']);
  });

  it('verify --deep that is stopped leaves nothing of it either, and is no failure', async () => {
    const drills = () => readdirSync(test.home).filter((name) => name.startsWith('drill-'));
    const isUp = () =>
      drills().some((name) => existsSync(join(test.home, name, 'postgres', 'data', 'postmaster.pid')));
    const child = startSmoocho(['backup', 'verify', '--latest', '--deep'], env());
    const ended = once(child, 'exit');
    await until(isUp, 60_000);
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([null, 'SIGTERM']);
    expect(drills()).to.deep.equal([]);
    await untilNoProcesses(join(test.home, 'drill-'));
    const { backup } = (await smoocho(['status', '--json'], env())).json();
    expect(backup.lastFailure?.error ?? '').to.not.include('connection');
  });

  it('prune takes away what the rules do not keep, once the newest one is sound', async () => {
    const to = join(folder, 'prune');
    mkdirSync(to);
    const names = ['20200101T030000Z-aaaaaaaa', '20200102T030000Z-bbbbbbbb'].map(
      (part) => `smoocho-${part}.smoocho`,
    );
    for (const name of names) copyFileSync(newest(), join(to, name));
    copyFileSync(newest(), join(to, 'smoocho-20260101T030000Z-cccccccc.smoocho'));
    const rules = [`--to=${to}`, '--keep-daily=1', '--keep-weekly=0', '--keep-monthly=0'];
    const dry = await run(['prune', ...rules, '--dry-run']);
    expect([dry.code, dry.stdout.split('\n')[0]]).to.deep.equal([0, 'Would take away 2, 1 stay:']);
    expect(readdirSync(to)).to.have.length(3);
    const done = await run(['prune', ...rules, '--json']);
    expect(done.code).to.equal(0);
    expect(done.json()).to.deep.equal({
      kept: [join(to, 'smoocho-20260101T030000Z-cccccccc.smoocho')],
      others: [],
      removed: names.map((name) => join(to, name)),
      verified: join(to, 'smoocho-20260101T030000Z-cccccccc.smoocho'),
      databasesDropped: [],
    });
    expect((await run(['prune', ...rules])).stdout).to.equal(`Nothing to take away: 1 in ${to} stay.\n`);
    expect(await refusal(['prune', '--keep-daily=many'])).to.deep.equal([
      2,
      '--keep-daily is not a whole number from 0 to 1000.',
    ]);
    expect((await refusal(['prune', '--keep-daily=0', '--keep-weekly=0', '--keep-monthly=0']))[0]).to.equal(
      2,
    );
  });

  it('schedule shows and sets when a server makes them, by the clock of the shop', async () => {
    const settings = () => JSON.parse(readFileSync(join(test.home, 'config.json'), 'utf8')).backup;
    const before = settings();
    const shown = await run(['schedule', '--json']);
    expect(shown.json()).to.include({ schedule: '0 3 * * *', drill: '0 4 * * 0', timezone: 'Asia/Kolkata' });
    expect(shown.json().nextAt).to.match(/T21:30:00\.000Z$/);
    expect(settings()).to.deep.equal(before);
    const to = join(folder, 'nightly');
    expect((await refusal(['schedule', `--to=${to}`]))[1]).to.match(/^There is no folder /);
    mkdirSync(to);
    const set = await run(['schedule', '15 2 * * *', '--drill=0 5 * * 6', `--to=${to}`, '--keep-monthly=24']);
    expect(set.code).to.equal(0);
    expect(set.stdout.split('\n')).to.deep.equal([
      set.stdout.split('\n')[0],
      set.stdout.split('\n')[1],
      'Of the last 7 days, 4 weeks and 24 months, one each stays.',
      '',
    ]);
    expect(set.stdout).to.match(
      /^A running server makes the next backup at \S+ 02:15 \(Asia\/Kolkata\), into /,
    );
    expect(settings()).to.deep.equal({
      ...before,
      schedule: '15 2 * * *',
      drill: '0 5 * * 6',
      to,
      keep: { daily: 7, weekly: 4, monthly: 24 },
    });
    expect((await run(['create', '--json'])).json().file).to.match(new RegExp(`^${to}/smoocho-`));
    for (const [args, sentence] of [
      [['tonight'], /^backup\.schedule is "tonight"; it must be cron text of five fields/],
      [['--keep-daily=x'], /^--keep-daily is not a whole number/],
      [['--off', '0 3 * * *'], /^--off leaves no time to set/],
    ] as [string[], RegExp][]) {
      const [code, said] = await refusal(['schedule', ...args]);
      expect([code, sentence.test(said)], said).to.deep.equal([2, true]);
    }
    const off = await run(['schedule', '--off', '--json']);
    expect(off.json()).to.include({ schedule: null, drill: null, nextAt: null, nextDrillAt: null, to });
    expect((await run(['schedule'])).stdout).to.include('No backup is made by itself.');
    removeFolder(to);
    expect((await refusal(['create']))[1]).to.match(/^There is no folder /);
    writeFileSync(join(test.home, 'config.json'), JSON.stringify({ backup: before }), { mode: 0o600 });
  });

  it('goes to a bucket of its own on an S3 server, and is read back from there', async function () {
    requireS3(this, 'versitygw');
    const s3 = await startS3('versitygw');
    try {
      const { S3_BUCKET: _, ...server } = s3.env as Record<string, string> & { S3_BUCKET: string };
      const bucket = await openS3({ ...s3.config, bucket: 'kulfi-backups' });
      const place = '--to=s3://kulfi-backups/shop';
      const [code, sentence] = await refusal(['create', place], server);
      expect([code, sentence]).to.deep.equal([
        1,
        `The S3 server at ${s3.config.endpoint} has no bucket of this name. Make it, without public access, or name another one: S3_BUCKET for pictures, --to for backups. The backup stays in ${newest()}.`,
      ]);
      await bucket.ensureBucket();
      bucket.close();
      const kept = readdirSync(backups()).length;
      const made = await run(['create', place, '--json'], server);
      expect([made.code, made.stderr]).to.deep.equal([0, '']);
      expect(made.json().file).to.match(/^s3:\/\/kulfi-backups\/shop\/smoocho-.*\.smoocho$/);
      expect(readdirSync(backups())).to.have.length(kept);
      const listed = (await run(['list', place, '--json'], server)).json().backups;
      expect(listed.map(({ file }: { file: string }) => file)).to.deep.equal([made.json().file]);
      expect((await run(['verify', made.json().file, '--json'], server)).json().isSound).to.equal(true);
      expect((await refusal(['verify', 's3://kulfi-backups/shop/none'], server))[0]).to.equal(6);
      // With a slash too many it is the same place: servers leave out what is empty, or list nothing there.
      const twice = (await run(['create', '--to=s3://kulfi-backups//shop//', '--json'], server)).json().file;
      expect(twice).to.match(/^s3:\/\/kulfi-backups\/shop\/smoocho-/);
      expect((await run(['list', place, '--json'], server)).json().backups).to.have.length(2);
      canaries.hide('the S3 secret', s3.config.secretKey);
      expect(
        (await refusal(['create', place], { ...server, S3_ENDPOINT: 'http://127.0.0.1:1' }))[0],
      ).to.equal(1);
    } finally {
      await s3.close();
    }
  });
});

describe('a shop that was set up by the setup token', () => {
  const smoocho = warmCommands();

  it('gets its nightly backup and its weekly trial, too', async () => {
    const home = tempFolder();
    const server = await startCli(
      ['--port=0', '--host=127.0.0.1', '--json'],
      { SMOOCHO_HOME: home },
      /"demo"[^}]*}/,
    );
    const { url, setupToken } = JSON.parse(server.output());
    const shop = { name: 'Kulfi', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' };
    const owner = { name: 'Asha', email: 'asha@example.com', password: 'correct horse battery' };
    expect((await clientOf(url).post('/api/auth/register', { setupToken, ...owner, shop })).status).to.equal(
      201,
    );
    const { backup } = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    expect(backup).to.include({ schedule: '0 3 * * *', drill: '0 4 * * 0' });
    const status = (await smoocho(['status', '--json'], { SMOOCHO_HOME: home })).json();
    expect(status.backup.nextAt).to.match(/T21:30:00\.000Z$/);
    expect(await server.stop()).to.equal(0);
    removeFolder(home);
  }).timeout(120_000);
});
