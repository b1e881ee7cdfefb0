import {
  chmodSync,
  chownSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { KnownFacts } from '../../src/doctor/facts.ts';
import { mend } from '../../src/doctor/mend.ts';
import { readHome } from '../../src/doctor/probes/home.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { known, soundFacts } from './sound-facts.ts';

const LONG_AGO = new Date(Date.now() - 3 * 86_400_000);
const OPEN = 0o644;

describe('doctor --fix', () => {
  let home: string;
  const path = (...names: string[]) => join(home, ...names);
  const modeOf = (file: string) => statSync(file).mode & 0o777;

  beforeEach(() => {
    home = tempFolder();
    mkdirSync(path('secrets'));
    chmodSync(path('secrets'), 0o755);
  });
  afterEach(() => removeFolder(home));

  function given(file: string, { mode = 0o600, at = new Date() } = {}): string {
    mkdirSync(join(path(file), '..'), { recursive: true });
    writeFileSync(path(file), 'text');
    chmodSync(path(file), mode);
    utimesSync(path(file), at, at);
    return path(file);
  }
  async function factsOf(change: (facts: KnownFacts) => void = () => {}): Promise<KnownFacts> {
    const facts = known(soundFacts());
    facts.home = { is: await readHome(home, new Date()) };
    change(facts);
    return facts;
  }
  const mended = async (facts: KnownFacts) =>
    (await mend(facts, new Date())).map(({ id, done }) => `${id}: ${done}`);

  it('closes what is open, and leaves settings without a secret as they are', async () => {
    const key = given('secrets/master-key', { mode: OPEN });
    given('secrets/postgres-password');
    const settings = given('config.json', { mode: OPEN });
    writeFileSync(settings, '{"port": 8081}');
    chmodSync(home, 0o777);
    expect(await mended(await factsOf())).to.deep.equal([
      `home: Closed ${home} to writing by others.`,
      `file-modes: Closed ${path('secrets')} to others.`,
      `file-modes: Closed ${key} to others.`,
    ]);
    expect([home, path('secrets'), key, settings].map(modeOf)).to.deep.equal([0o755, 0o700, 0o600, OPEN]);
    writeFileSync(settings, '{"redisUrl": "redis://:hidden@localhost"}');
    expect(await mended(await factsOf())).to.deep.equal([`file-modes: Closed ${settings} to others.`]);
    expect(await mended(await factsOf())).to.deep.equal([]);
  });

  it('takes away what is left of interrupted work after a day, and nothing else', async () => {
    const gone = [
      'uploads/a/file',
      'images/.drafts/0a1b',
      'backups/smoocho-20261101T030000Z-1f2e3d4c.smoocho.tmp',
      'config.json.4711.tmp',
      'secrets/tls-certificate.4711.new',
    ];
    for (const file of gone) given(file, { at: LONG_AGO });
    utimesSync(path('uploads', 'a'), LONG_AGO, LONG_AGO);
    const kept = [
      'backups/smoocho-20261101T030000Z-1f2e3d4c.smoocho',
      'backups/my-own.tmp',
      'secrets/master-key',
      'images/0190a0a0/picture.webp',
      'config.json',
    ];
    for (const file of kept) given(file, { at: LONG_AGO });
    const fresh = ['uploads/b', 'images/.drafts/ffff', 'config.json.4712.tmp'];
    for (const file of fresh) given(file);
    chmodSync(path('secrets'), 0o700);
    chmodSync(path('backups'), 0o700);
    const done = await mended(await factsOf());
    expect(done).to.have.length(gone.length);
    expect(done.every((line) => line.startsWith('leftovers: Removed '))).to.equal(true);
    expect(gone.filter((file) => existsSync(path(file)))).to.deep.equal([]);
    expect([...kept, ...fresh].filter((file) => !existsSync(path(file)))).to.deep.equal([]);
  });

  it('makes missing folders only where nothing was kept: a disk may not be mounted', async () => {
    chmodSync(path('secrets'), 0o700);
    const used = await mended(await factsOf());
    expect([used, existsSync(path('backups'))]).to.deep.equal([[], false]);
    const unused = await factsOf(({ images, backupHistory }) => {
      if ('is' in images) images.is.pictures = 0;
      if ('is' in backupHistory) backupHistory.is.status.file = null;
    });
    expect(await mended(unused)).to.deep.equal([
      `folders: Made the folder ${path('images')}, which was missing.`,
      `folders: Made the folder ${path('backups')}, which was missing.`,
    ]);
    expect(modeOf(path('backups'))).to.equal(0o700);
  });

  it('changes nothing through a link', async () => {
    const outside = tempFolder();
    const target = join(outside, 'passwd');
    writeFileSync(target, 'root');
    chmodSync(target, OPEN);
    symlinkSync(target, path('secrets', 'master-key'));
    mkdirSync(path('uploads'));
    symlinkSync(outside, path('uploads', 'old'));
    lutimesSync(path('uploads', 'old'), LONG_AGO, LONG_AGO);
    utimesSync(outside, LONG_AGO, LONG_AGO);
    utimesSync(target, LONG_AGO, LONG_AGO);
    const facts = await factsOf();
    if ('is' in facts.home)
      facts.home.is.loose.push({ path: path('secrets', 'master-key'), mode: 0o777, closed: 0o600 });
    const done = await mended(facts);
    expect(done.some((line) => /master-key/.test(line) && /Not mended: ELOOP/.test(line))).to.equal(true);
    expect(done).to.include(`leftovers: Removed ${path('uploads', 'old')}, left by interrupted work.`);
    expect([modeOf(target), existsSync(path('uploads', 'old'))]).to.deep.equal([OPEN, false]);
    removeFolder(outside);
  });

  it('works in the home of another user with that user’s rights, also for root', async function () {
    if (process.getuid?.() !== 0) {
      console.log('    skipped: only root can make the home of another user');
      this.skip();
    }
    const nobody = 65_534;
    const own = given('secrets/master-key', { mode: OPEN });
    const ofRoot = given('secrets/backup-key', { mode: OPEN });
    for (const file of [home, path('secrets'), own]) chownSync(file, nobody, nobody);
    const done = await mended(await factsOf());
    expect(done).to.include(`file-modes: Closed ${own} to others.`);
    expect(done.some((line) => /Not mended: EPERM/.test(line))).to.equal(true);
    expect([modeOf(own), modeOf(ofRoot), process.geteuid?.()]).to.deep.equal([0o600, OPEN, 0]);
    const { foreign } = await readHome(home, new Date());
    expect(foreign).to.deep.equal([ofRoot]);
    expect(readFileSync(ofRoot, 'utf8')).to.equal('text');
  });
});
