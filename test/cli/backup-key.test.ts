import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import sharp from 'sharp';
import { newKeyPair, recipientOf } from '../../src/backup/archive/encryption.ts';
import { htmlSheet, textSheet } from '../../src/backup/recovery-key.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { initOptions } from '../support/cli.ts';
import { givenShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { onTerminal, requireTerminal } from '../support/terminal.ts';
import { warmCommands } from '../support/warm-commands.ts';
import { answerWizard } from '../support/wizard.ts';

const IDENTITY = /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/;

describe('the recovery key', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let home: string;

  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));

  const env = () => ({ SMOOCHO_HOME: home });
  const settings = () => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')).backup;
  const create = (args: string[]) => smoocho(['backup', 'key', 'create', ...args], env());

  it('is shown once on a terminal, and used when its end was typed back', async function () {
    requireTerminal(this);
    const terminal = onTerminal(['backup', 'key', 'create'], env());
    const identity = await terminal.shows(IDENTITY);
    await terminal.answer('Type its last 8 characters', 'nonsense');
    await terminal.shows('That is not its end');
    expect(existsSync(join(home, 'config.json'))).to.equal(false);
    // Ctrl-U empties the line; small letters and blanks do.
    terminal.type(`\x15${identity.slice(-8, -4).toLowerCase()} ${identity.slice(-4)}\r`);
    expect(await terminal.ends()).to.equal(0);
    expect(terminal.output().split(identity)).to.have.length(2);
    expect(settings().recoveryRecipient).to.equal(await recipientOf(identity));
    for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
      if (statSync(join(home, name)).isFile())
        expect(readFileSync(join(home, name), 'latin1')).to.not.include(identity.slice(16));
    // It is not shown again, nor replaced by mistake.
    const again = onTerminal(['backup', 'key', 'create'], env());
    await again.shows('There is a recovery key already. With --replace');
    expect(await again.ends()).to.equal(6);
    await expectScanned(screenOf(terminal.raw()), identity);
  });

  it('is not used when whoever is shown it stops with Ctrl-C', async function () {
    requireTerminal(this);
    const terminal = onTerminal(['backup', 'key', 'create'], env());
    await terminal.shows('Type its last 8 characters');
    terminal.type('\x03');
    await terminal.shows('Stopped; nothing was changed.');
    expect(await terminal.ends()).to.equal(1);
    expect(existsSync(join(home, 'config.json'))).to.equal(false);
  });

  it('goes into a new file for its owner alone, as text or as a page', async () => {
    for (const name of ['key.txt', 'key.html']) {
      const file = join(home, name);
      const made = await create([`--out=${file}`, '--replace', '--json']);
      const text = readFileSync(file, 'utf8');
      expect([made.code, made.stderr, statSync(file).mode & 0o777]).to.deep.equal([0, '', 0o600]);
      const { recipient } = made.json();
      expect(made.json()).to.deep.equal({ recipient, file });
      expect([settings().recoveryRecipient, text.includes(recipient)]).to.deep.equal([recipient, true]);
      expect(made.stdout).to.not.match(IDENTITY);
    }
    const words = await create([`--out=${join(home, 'other.txt')}`, '--replace']);
    expect(words.stdout).to.include(`The recovery key is in ${join(home, 'other.txt')}. Print it`);
    const list = await smoocho(['backup', 'key', 'list', '--json'], env());
    expect(list.json()).to.deep.equal({ recovery: settings().recoveryRecipient, box: null });
  });

  it('is refused with a sentence where it can not be shown, written, or is none', async () => {
    const { identity, recipient } = await newKeyPair();
    writeFileSync(join(home, 'there.txt'), 'somebody’s');
    for (const [args, code, sentence] of [
      [[], 2, 'Nobody is there to be shown a key. Use --out FILE or --recipient age1….'],
      [
        [`--out=${join(home, 'there.txt')}`],
        2,
        /is there already, and may be a key that still opens backups/,
      ],
      [[`--out=${join(home, 'none', 'key.txt')}`], 2, /can't be written/],
      [['--recipient=age1nonsense'], 2, /^The recovery recipient is not the public half/],
      [[`--recipient=${identity}`], 2, /^The recovery recipient is not the public half/],
      [[`--recipient=${recipient}`, '--out=x.txt'], 2, '--out and --recipient exclude each other.'],
    ] as [string[], number, string | RegExp][]) {
      const ran = await create([...args, '--json']);
      expect([ran.code, ran.stderr]).to.deep.equal([code, '']);
      expect(ran.json().error.title).to.match(
        typeof sentence === 'string' ? new RegExp(`^${sentence}$`) : sentence,
      );
      expect(ran.stdout).to.not.include(identity.slice(16));
    }
    expect(readFileSync(join(home, 'there.txt'), 'utf8')).to.equal('somebody’s');
    expect(existsSync(join(home, 'config.json'))).to.equal(false);
    expect((await create([`--recipient=${recipient}`, '--json'])).json()).to.deep.equal({
      recipient,
      file: null,
    });
    expect((await create([`--recipient=${recipient}`])).code).to.equal(6);
  });

  it('opens an archive by age, zstd and tar alone', async function () {
    for (const program of ['age', 'zstd', 'tar'])
      if (spawnSync(program, ['--version']).error) {
        console.log(`    skipped: ${program} is not installed`);
        this.skip();
      }
    const test: TestApp = await startTestApp({ seals: false });
    try {
      await givenShop(test, 'AGED');
      const own = { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url };
      const key = join(home, 'key.txt');
      await smoocho(['backup', 'key', 'create', `--out=${key}`], own);
      const { file } = (await smoocho(['backup', 'create', '--json'], own)).json();
      const to = join(home, 'opened');
      mkdirSync(to);
      const script = `age -d -i '${key}' '${file}' | zstd -dq | tar x -C '${to}'`;
      const opened = spawnSync('bash', ['-o', 'pipefail', '-c', script], { encoding: 'utf8' });
      expect([opened.status, opened.stderr]).to.deep.equal([0, '']);
      const manifest = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8'));
      expect(manifest.shops[0]).to.include({ code: 'AGED', orders: 0 });
      expect(readFileSync(join(to, 'tables', 'shops.000001.copy'), 'utf8')).to.include('Shop AGED');
      expect(readFileSync(join(to, 'secrets.json'), 'utf8')).to.include('masterKey');
      // The page for the printer opens it, too, for whoever kept that one.
      const page = join(home, 'key.html');
      await smoocho(['backup', 'key', 'create', `--out=${page}`, '--replace'], own);
      const second = (await smoocho(['backup', 'create', '--json'], own)).json().file;
      const elsewhere = { SMOOCHO_HOME: join(home, 'elsewhere') };
      const verified = await smoocho(['backup', 'verify', second, `--identity=${page}`], elsewhere);
      expect([verified.code, verified.stderr]).to.deep.equal([0, '']);
    } finally {
      await test.close();
    }
  });

  it('is read by a scanner from the text, as it is printed and as a terminal shows it', async () => {
    const key = await newKeyPair();
    for (const isDark of [false, true]) {
      const sheet = textSheet(key, new Date(), isDark);
      await expectScanned(pixelsOf(sheet.split('\n'), isDark), key.identity);
    }
    // A copy of the page has the key in one piece.
    expect(htmlSheet(key, new Date()).replace(/<[^>]*>/g, '')).to.include(key.identity);
  });

  it('is made by init, by its options off a terminal', async () => {
    const key = join(home, 'key.txt');
    const made = await smoocho(['init', ...initOptions(home), `--recovery-key-file=${key}`, '--json'], env());
    const [identity] = IDENTITY.exec(readFileSync(key, 'utf8')) ?? [];
    expect(made.json().recoveryRecipient).to.equal(await recipientOf(identity as string));
    expect(statSync(key).mode & 0o777).to.equal(0o600);
    // Before anything is made: the next init would change nothing any more.
    const other = tempFolder();
    const nowhere = await smoocho(
      ['init', ...initOptions(other), `--recovery-key-file=${join(other, 'none', 'key.txt')}`],
      { SMOOCHO_HOME: other },
    );
    expect([nowhere.code, nowhere.stderr.includes("can't be written")]).to.deep.equal([2, true]);
    expect(readdirSync(other)).to.deep.equal(['password.txt']);
    removeFolder(other);
    const both = await smoocho(
      ['init', '--recovery-key-file=x', '--recovery-recipient=age1x', '--json'],
      env(),
    );
    expect(both.code).to.equal(2);
    expect((await smoocho(['backup', 'key', 'list'], env())).stdout).to.match(
      /^recovery {4}age1\w{58}\nthis box {4}made with the first backup\n$/,
    );
  });

  it('is offered to a new shop, and may wait', async function () {
    requireTerminal(this);
    const terminal = onTerminal(['init'], env());
    await answerWizard(terminal, { key: 'later' });
    await terminal.shows('Only this machine can open them. Make a recovery key');
    expect(await terminal.ends()).to.equal(0);
    expect(settings()).to.include({ schedule: '0 3 * * *', drill: '0 4 * * 0' });
    expect(settings().recoveryRecipient).to.equal(undefined);
    const status = await smoocho(['status'], env());
    expect(status.stdout).to.match(/^opens with {2}this box alone: smoocho backup key create$/m);
  });

  it('leaves the shop in its place when whoever sets it up stops at the key', async function () {
    requireTerminal(this);
    const terminal = onTerminal(['init'], env());
    await terminal.shows('What is to be set up?');
    // Before anything was answered, nothing is made.
    terminal.type('\x03');
    expect(await terminal.ends()).to.equal(1);
    expect(readdirSync(home)).to.deep.equal([]);
    const again = onTerminal(['init'], env());
    await answerWizard(again, { key: 'paper' });
    await again.shows('Type its last 8 characters');
    again.type('\x03');
    await again.shows('Kulfi Corner (KC) is set up in');
    await again.shows('Only this machine can open them.');
    expect(await again.ends()).to.equal(0);
  });
});

/** The lines of a code in half blocks, as dark and light modules in pixels. On a dark ground blocks are light. */
function pixelsOf(lines: string[], isDark: boolean): { width: number; pixels: boolean[][] } {
  const blocks = lines
    .map((line) => line.replace(/^# ?/, ''))
    .filter((line) => /[▀▄█]/.test(line))
    // Blanks at the end of a line stand for modules, too.
    .map((line) => [...line]);
  const width = Math.max(...blocks.map((line) => line.length));
  const pixels = blocks.flatMap((line) => {
    const inked = (half: string) =>
      Array.from({ length: width }, (_, x) => half.includes(line[x] ?? ' ') !== isDark);
    return [inked('▀█'), inked('▄█')];
  });
  return { width, pixels };
}

const WHITE_ON_BLACK = '\x1b[97m\x1b[40m';

/** What a terminal shows of it, whose colours are said: white blocks on black. */
function screenOf(raw: string) {
  const lines = raw.split('\r\n').filter((line) => line.includes(WHITE_ON_BLACK));
  return pixelsOf(
    lines.map((line) => line.replace(WHITE_ON_BLACK, '').replace('\x1b[49m\x1b[39m', '')),
    true,
  );
}

/** Holds that zbar reads the text of a code. */
async function expectScanned({ width, pixels }: ReturnType<typeof pixelsOf>, text: string): Promise<void> {
  if (spawnSync('zbarimg', ['--version']).error) {
    console.log('    skipped in part: zbarimg (zbar-tools) is not installed, so no code is scanned');
    return;
  }
  const raw = Buffer.from(pixels.flatMap((row) => row.map((isDark) => (isDark ? 0 : 255))));
  const image = sharp(raw, { raw: { width, height: pixels.length, channels: 1 } });
  const folder = tempFolder();
  const file = join(folder, 'code.png');
  await image
    .resize({ width: width * 6, kernel: 'nearest' })
    .png()
    .toFile(file);
  const { stdout } = spawnSync('zbarimg', ['-q', '--raw', file], { encoding: 'utf8' });
  removeFolder(folder);
  expect(stdout.trim()).to.equal(text);
}
