import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { readFileBytes } from '../../src/backup/archive/archive-file.ts';
import { readMembers } from '../../src/backup/archive/archive-reader.ts';
import { FORMAT, type Manifest, members } from '../../src/backup/archive/format.ts';
import { walkArchive } from '../../src/backup/archive/walk-archive.ts';
import { ArchiveError } from '../../src/backup/errors.ts';
import { membersOf, type RawMember, smallArchive, writeArchive, writeRaw } from '../support/archives.ts';
import { type BackedShop, dropBeside, givenBackedShop, soundFigures } from '../support/backed-shop.ts';
import { smoocho } from '../support/cli.ts';
import { IS_LONG } from '../support/kills.ts';
import { peakMb } from '../support/processes.ts';
import { type Box, backUp, besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** The program itself takes 120; a hundred thousand pictures may take the rest. */
const MOST_MB = 300;
const MB = 1024 * 1024;

type Content = [name: string, bytes: Buffer | string][];

describe('a backup that somebody made by hand', function () {
  // The long run takes eight minutes on two cores that do nothing else.
  this.timeout(IS_LONG ? 2_400_000 : 120_000);
  let shop: BackedShop;
  let target: Box;
  let folder: string;
  /** Its temporary folder, where nobody else's files come and go. */
  let own: string;
  const shared = process.env.TMPDIR;
  let real: Content;
  let figures: unknown;

  before(async () => {
    own = tempFolder();
    // PostgreSQL, too, may write there: what it was made to write would be found.
    chmodSync(own, 0o1777);
    process.env.TMPDIR = own;
    shop = await givenBackedShop({ orders: 20, pictures: 1 });
    folder = tempFolder();
    real = await membersOf((await backUp(shop, { isPlain: true, folder })).file, []);
    target = await newBox();
    await restoreOn(target, shop.backup.file, { identities: [shop.identity] });
    figures = await soundFigures(target.config);
  });
  after(async () => {
    await dropBeside(target.database, await besides(target));
    await target.database.drop();
    await shop.close();
    removeFolder(own);
    if (shared === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = shared;
  });

  const file = () => join(folder, 'crafted.smoocho');
  const env = () => ({ SMOOCHO_HOME: target.home, DATABASE_URL: target.database.url });
  const header = (id = randomUUID()) =>
    JSON.stringify({ format: FORMAT, id, createdAt: '2026-11-29T22:30:00.000Z', version: '0.1.0' });

  /** Runs a command and looks at how much memory it takes. */
  async function measured(args: string[]) {
    let most = 0;
    let isDone = false;
    let watching: Promise<void> | undefined;
    const watch = async (pid: number) => {
      while (!isDone) {
        most = Math.max(most, peakMb(pid));
        await sleep(10);
      }
    };
    const ran = await smoocho(args, env(), '', {
      timeoutMs: IS_LONG ? 900_000 : 300_000,
      onStart: (pid) => {
        watching = watch(pid);
      },
    });
    isDone = true;
    await watching;
    return { ...ran, mostMb: most };
  }
  async function expectSmall(what: string, codes = [4, 6]): Promise<void> {
    const { code, mostMb, stdout, stderr } = await measured(['backup', 'verify', file()]);
    expect(codes, `${what}: ${stderr}`).to.include(code);
    expect(stdout + stderr, what).to.match(/damaged|not a backup|not part of any backup|is NOT sound/);
    if (process.env.TEST_LOG) console.log(`      ${what}: ${mostMb.toFixed(0)} MB`);
    expect(mostMb, `${what}: MB`).to.be.below(MOST_MB);
  }
  /** Restores it over a shop; gives why not. Nothing has changed then, in the database and around it. */
  async function refusalOf(content: Content): Promise<ArchiveError> {
    writeFileSync(file(), await writeArchive(content));
    const around = () => [folder, own, target.home].map((each) => readdirSync(each).filter(isWatched));
    const before = around();
    const error = await restoreOn(target, file(), { identities: [] }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error, String(error)).to.be.instanceOf(ArchiveError);
    expect(around()).to.deep.equal(before);
    expect(await besides(target)).to.deep.equal([]);
    expect(await soundFigures(target.config)).to.deep.equal(figures);
    return error as ArchiveError;
  }
  /** What is there is backed up before it is replaced. */
  const isWatched = (name: string) => name !== 'backups';

  const replaced = (name: string, bytes: Buffer | string): Content =>
    real.map(([each, old]) => [each, each === name ? bytes : old]);
  const manifest = () => JSON.parse(String(real.at(-1)?.[1])) as Manifest;
  const withManifest = (content: Content, change: (manifest: Manifest) => unknown): Content => {
    const changed = manifest();
    change(changed);
    return content.map(([name, bytes]) => [
      name,
      name === members.manifest ? JSON.stringify(changed) : bytes,
    ]);
  };
  /** The rows of a table, and a manifest that says they are right. */
  const withRows = (table: string, change: (rows: string) => string): Content => {
    const name = `tables/${table}.000001.copy`;
    const rows = Buffer.from(change(String(real.find(([each]) => each === name)?.[1])));
    return withManifest(replaced(name, rows), ({ tables }) => {
      const entry = tables.find((each) => each.name === table);
      const count = rows.toString('latin1').split('\n').length - 1;
      const sha256 = createHash('sha256').update(rows).digest('hex');
      Object.assign(entry as object, { rows: count, sizeBytes: rows.length, sha256 });
    });
  };

  it('writes nothing outside, whatever its members are called', async () => {
    const names = [
      'images/../../x',
      join(own, 'x'),
      'images//x',
      '../x',
      'tables/../x.000001.copy',
      'images/..\\x',
    ];
    const bytes = Buffer.from('out');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const extra = names.map((name): [string, Buffer] => [name, bytes]);
    const content = withManifest([...real.slice(0, -1), ...extra, ...real.slice(-1)], ({ images }) => {
      for (const key of ['../../x', '/x', '..\\x']) images.push({ key, sizeBytes: bytes.length, sha256 });
    });
    expect(await refusalOf(content)).to.include({ fault: 'damaged' });
    for (const path of [own, folder, target.home].map((each) => join(each, 'x')))
      expect(existsSync(path), path).to.equal(false);
  });

  it('gets no statement into the database by names of tables, columns and sequences', async () => {
    const table = (name: string): Content => [
      ...real.slice(0, -1),
      [`tables/${name}.000001.copy`, 'x\n'],
      ...real.slice(-1),
    ];
    for (const name of ['orders;drop', 'or"ders', 'ORDERS', 'pg_catalog.pg_class'])
      expect(await refusalOf(table(name)), name).to.include({ fault: 'damaged' });
    const mark = join(tmpdir(), randomUUID());
    const sql = `id) FROM PROGRAM 'touch ${mark}'; --`;
    const changes: [fault: string, change: (manifest: Manifest) => unknown][] = [
      ['damaged', ({ tables }) => Object.assign(tables[0] as object, { name: 'or"ders' })],
      ['foreign', ({ tables }) => Object.assign(tables[0]?.columns[0] as object, { name: sql })],
      ['foreign', ({ tables }) => Object.assign(tables[0]?.columns[0] as object, { type: sql })],
      ['foreign', ({ sequences }) => sequences.push({ name: "x'); --", value: '1', isCalled: true })],
      ['damaged', ({ sequences }) => sequences.push({ name: 'x', value: '1); --', isCalled: true })],
      ['newer', ({ migrations }) => migrations.splice(0, 1, "0001'; --")],
    ];
    for (const [fault, change] of changes)
      expect(await refusalOf(withManifest(real, change)), String(change)).to.include({ fault });
    expect(existsSync(mark)).to.equal(false);
  });

  it('gets no rows in that COPY reads otherwise than they are counted, or that break a rule', async () => {
    const tries: [table: string, change: (rows: string) => string][] = [
      ['products', (rows) => rows.replace('\n', '\n\\.\n')],
      ['products', (rows) => `\\.\n${rows}`],
      ['products', (rows) => `${rows}\\.\n`],
      ['products', (rows) => rows.replace(/\n/, '\textra column\n')],
      ['products', (rows) => rows.replace(/\n/, '\\x41\n')],
      ['products', (rows) => rows + rows],
      ['order_lines', (rows) => rows.replaceAll(/[0-9a-f]{8}-/g, '00000000-')],
      ['orders', () => ''],
    ];
    for (const [table, change] of IS_LONG ? tries : tries.filter((_, n) => n % 2 === 0)) {
      const refusal = await refusalOf(withRows(table, change));
      expect(refusal, `${table} ${change}`).to.include({ fault: 'damaged' });
    }
  });

  it('with a key that is none is refused, and so is one with a link in it', async () => {
    const secrets = JSON.stringify({ masterKey: 'short' });
    const content = withManifest(
      [...real.slice(0, 2), [members.secrets, secrets], ...real.slice(2)],
      (changed) => {
        changed.hasSecrets = true;
      },
    );
    expect(await refusalOf(content)).to.include({ fault: 'damaged' });
    await writeRaw(file(), [
      { name: members.header, content: [Buffer.from(header())] },
      { name: 'x', type: '2' },
    ]);
    const walking = walkArchive(readMembers(readFileBytes(file()), []));
    expect(await walking.catch((error) => error)).to.include({ fault: 'foreign' });
  });

  it('takes no more memory than any other, whatever it says of itself', async () => {
    const start: RawMember[] = [{ name: members.header, content: [Buffer.from(header())] }];
    const zeros = function* (megabytes: number) {
      for (let n = 0; n < megabytes; n += 1) yield Buffer.alloc(MB);
    };
    const repeated = (text: string, megabytes: number) => [Buffer.alloc(megabytes * MB, text)];
    const fewer = [Buffer.from(`[${'{},'.repeat(1_400_000)}{}]`)];
    const base256 = Buffer.alloc(12);
    base256.writeUInt8(0x80, 0);
    base256.writeBigUInt64BE(2n ** 50n, 4);
    const many = function* (count: number, nameOf: (n: number) => string): Generator<RawMember> {
      yield* start;
      for (let n = 0; n < count; n += 1) yield { name: nameOf(n), content: [Buffer.from('x')] };
    };
    const large = IS_LONG ? 4_000 : 120;
    const key = (n: number) => `images/${randomUUID()}/${String(n).padStart(64, '0')}-160.webp`;
    const crafted: [what: string, members: Iterable<RawMember>][] = [
      [
        'rows that are zeros',
        [...start, { name: 'tables/a.000001.copy', size: large * MB, content: zeros(large) }],
      ],
      ['a picture that is zeros', [...start, { name: key(1), size: large * MB, content: zeros(large) }]],
      ['a long name', [...start, { name: 'x', type: 'x', size: large * MB, content: zeros(large) }]],
      ["a long name of GNU's", [...start, { name: 'x', type: 'L', size: large * MB, content: zeros(large) }]],
      ['a long beginning', [{ name: members.readme, size: large * MB, content: zeros(large) }]],
      ['a size of 2^50', [...start, { name: 'tables/a.000001.copy', size: base256 }]],
      ['a size that the file has not', [...start, { name: 'tables/a.000001.copy', size: 8 ** 11 - 1 }]],
      ['a manifest of 100 MB', [...start, { name: members.manifest, content: repeated(' ', 100) }]],
      ['a manifest of brackets', [...start, { name: members.manifest, content: repeated('[', 63) }]],
      ['a manifest of objects', [...start, { name: members.manifest, content: repeated('{},', 63) }]],
      ['a manifest of fewer objects', [...start, { name: members.manifest, content: fewer }]],
      ['other members', many(IS_LONG ? 1_000_000 : 5_000, (n) => `other/${n}`)],
      ['tables', many(IS_LONG ? 1_000_000 : 5_000, (n) => `tables/t${n}.000001.copy`)],
      ...(IS_LONG
        ? ([
            ['pictures', many(1_000_000, key)],
            ['parts', many(1_000_000, (n) => `tables/a.${String(n + 1).padStart(6, '0')}.copy`)],
          ] as [string, Iterable<RawMember>][])
        : []),
    ];
    for (const [what, contents] of crafted) {
      await writeRaw(file(), contents);
      await expectSmall(what);
    }
  });

  it('does not get large either where its beginning alone is read, in a list', async () => {
    const place = tempFolder();
    const name = 'smoocho-20260101T000000Z-00000001.smoocho';
    const zeros = Array.from({ length: 300 }, () => Buffer.alloc(MB));
    await writeRaw(join(place, name), [{ name: 'first', size: 300 * MB, content: zeros }]);
    const { code, mostMb, json } = await measured(['backup', 'list', '--to', place, '--json']);
    expect([code, json().backups[0].fault]).to.deep.equal([0, 'damaged']);
    expect(mostMb).to.be.below(MOST_MB);
    removeFolder(place);
  });

  it('of a small one says what is wrong, and no escape of it reaches the terminal', async () => {
    const { content } = smallArchive(['x\n']);
    const hostile = content.toSpliced(2, 0, ['\u001b[2J\u001b]0;owned\u0007.txt', 'x']);
    writeFileSync(file(), await writeArchive(hostile));
    const { code, stdout } = await smoocho(['backup', 'verify', file()], env());
    expect(code).to.equal(4);
    expect(stdout).to.include('owned').and.not.include('\u001b').and.not.include('\u0007');
  });
});
