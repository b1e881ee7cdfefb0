import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog, isFresh, openDatabase } from '../../src/app.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { setUp } from '../../src/cli/init/set-up.ts';
import { loadConfig, makeSecretFile } from '../../src/config.ts';
import { choosePort } from '../../src/database/embedded-port.ts';
import { initOptions, smoocho } from '../support/cli.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const shop = { name: 'Kulfi', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' };
const owner = { name: 'Asha', email: 'asha@example.com', password: 'correct horse battery' };

describe('a home whose database is gone', function () {
  this.timeout(120_000);
  let home: string;
  let backup: string;

  const data = () => join(home, 'postgres', 'data');
  const config = () => loadConfig({ home }, { LOG_LEVEL: 'silent' });
  const refusalOf = async (work: () => Promise<unknown>) => {
    const error = await work().then(
      () => undefined,
      (thrown) => thrown,
    );
    const { exitCode, message } = failureOf(error);
    return { exitCode, message };
  };
  const open = async () => await (await openDatabase(config(), createLog(config()))).release();
  const init = () => setUp(config(), { shop, owner, settings: {}, imageStore: null, backup: {} });

  before(async () => {
    home = tempFolder();
    // As an init that was cut leaves it: no cluster yet.
    makeSecretFile(join(home, 'secrets', 'postgres-password'));
    expect((await init()).created).to.equal(true);
    const made = await smoocho(['backup', 'create', '--plain', '--json'], { SMOOCHO_HOME: home });
    expect(made.code, made.stderr).to.equal(0);
    backup = made.json().file;
  });
  after(() => removeFolder(home));

  it('is told so, whatever of it is left, and gets no empty one in its place', async () => {
    const kept = `${home}-kept`;
    const remains: [what: string, take: () => void, back: () => void][] = [
      ['no data', () => renameSync(data(), kept), () => renameSync(kept, data())],
      [
        'an empty folder, as of a disk that is not mounted',
        () => {
          renameSync(data(), kept);
          mkdirSync(data());
        },
        () => {
          rmSync(data(), { recursive: true });
          renameSync(kept, data());
        },
      ],
      [
        'nothing but secrets',
        () => renameSync(join(home, 'postgres'), kept),
        () => {
          rmSync(join(home, 'postgres'), { recursive: true, force: true });
          renameSync(kept, join(home, 'postgres'));
        },
      ],
    ];
    for (const [what, take, back] of remains) {
      take();
      try {
        const tries = [open, init, async () => isFresh(config()) || (await open())];
        for (const attempt of tries) {
          const { exitCode, message } = await refusalOf(attempt);
          expect(exitCode, what).to.equal(6);
          expect(message, what).to.match(
            /^The database of this home is gone: .* Nothing was made in its place\./,
          );
          expect(message, what).to.include('smoocho restore FILE').and.to.include('DATABASE_URL');
        }
        expect(existsSync(data()) ? readdirSync(data()) : [], what).to.deep.equal([]);
      } finally {
        back();
      }
    }
    expect((await init()).created).to.equal(false);
  });

  it('is restored into, and stays closed to all else while that is not done', async () => {
    rmSync(join(home, 'postgres'), { recursive: true });
    const restore = (...more: string[]) =>
      smoocho(['restore', backup, '--json', ...more], { SMOOCHO_HOME: home });
    expect((await restore('--dry-run')).code).to.equal(0);
    // The trial makes nothing: what is lost stays lost.
    expect(existsSync(join(home, 'postgres'))).to.equal(false);
    const { exitCode, message } = await refusalOf(init);
    expect(exitCode, message).to.equal(6);
    expect(message).to.match(/^The database of this home is gone/);
    const restored = await restore('--yes');
    expect(restored.code, restored.stderr).to.equal(0);
    const { created, shops } = await init();
    expect([created, shops.map(({ code }) => code)]).to.deep.equal([false, ['KULF']]);
  });

  it('is no new machine’s: a restore is the first thing that is done there', async () => {
    const machine = tempFolder();
    const restored = await smoocho(['restore', backup, '--yes'], { SMOOCHO_HOME: machine });
    expect(restored.code, restored.stderr).to.equal(0);
    removeFolder(machine);
  });

  it('takes no part in a port that is nonsense: another one is taken, and said', async () => {
    const file = join(home, 'port');
    for (const [text, isNonsense] of [
      ['nonsense', true],
      ['-5', true],
      ['99999', true],
      ['0', true],
      ['8080 and more', true],
      ['\0\0\0\0', true],
      ['', true],
      ['23456\n', false],
    ] as const) {
      writeFileSync(file, text);
      const said: string[] = [];
      const port = await choosePort(file, (line) => said.push(line));
      expect(port, text).to.be.within(1, 65_535);
      expect(said, text).to.deep.equal(
        isNonsense ? [`${file} holds no port from 1 to 65535; PostgreSQL takes another one.`] : [],
      );
    }
  });

  it('is not made by a mistyped setting: an unknown one is refused by name', async () => {
    const other = tempFolder();
    writeFileSync(join(other, 'config.json'), '{"databseUrl": "postgres://elsewhere/shop"}');
    const { code, stderr } = await smoocho(['init', ...initOptions(other)], { SMOOCHO_HOME: other });
    expect(code).to.equal(2);
    expect(stderr).to.match(
      /config\.json has "databseUrl", which is no setting\. Did you mean "databaseUrl"\?/,
    );
    expect(existsSync(join(other, 'postgres'))).to.equal(false);
    removeFolder(other);
  });
});
