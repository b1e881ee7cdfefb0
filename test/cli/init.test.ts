import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createApp, systemContext } from '../../src/app.ts';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import { loadConfig } from '../../src/config.ts';
import { initAnswers } from '../../src/contract/command-answers/init.ts';
import { claim } from '../../src/core/shops/claim-installation.ts';
import { findShopByCode } from '../../src/core/shops/find-shops.ts';
import { settingsOf } from '../../src/core/shops/settings.ts';
import { initOptions, PASSWORD, passwordFile, smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { IS_LONG, untilNoProcesses } from '../support/kills.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const answers = {
  shopName: 'Café Élan',
  country: 'FR',
  ownerName: 'Élise',
  ownerEmail: 'elise@example.com',
  password: PASSWORD,
};

/** The settings of a home's only shop, as tills get them. */
async function settingsIn(home: string, env: Record<string, string>, code: string) {
  const app = await createApp(loadConfig({ home }, { LOG_LEVEL: 'silent', ...env }));
  try {
    return settingsOf(await findShopByCode(app.orm.em.fork(), code));
  } finally {
    await app.close();
  }
}

describe('smoocho init', () => {
  let home: string;
  let database: TestDatabase;

  beforeEach(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
  });
  afterEach(async () => {
    await database.drop();
    removeFolder(home);
  });

  const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url });
  const isEmpty = async () => {
    const { code, stderr } = await smoocho(['shop', 'list'], env());
    expect([code, stderr]).to.deep.equal([3, 'Nothing is set up here yet. Run: smoocho init\n']);
  };

  it('sets a shop up without a question, and changes nothing the second time', async () => {
    const first = await smoocho(['init', ...initOptions(home), '--json'], env());
    expect([first.code, first.stderr]).to.deep.equal([0, '']);
    const done = first.json();
    initAnswers.init.parse(done);
    expect(done).to.deep.include({ home, created: true });
    expect(done.shops[0]).to.include({ name: 'Kulfi Corner', code: 'KULF', currency: 'INR' });
    expect(done.owners[0]).to.include({ email: 'asha@example.com', role: 'owner' });
    const again = await smoocho(['init', ...initOptions(home), '--json'], env());
    expect([again.code, again.json()]).to.deep.equal([0, { ...done, created: false, findings: [] }]);
    const bare = await smoocho(['init', '--yes'], env());
    expect([bare.code, bare.stdout]).to.deep.equal([
      0,
      `Everything is set up in ${home} already: Kulfi Corner (KULF). Nothing was changed.\n`,
    ]);
  });

  it('says everything that is missing or wrong, and makes nothing of it', async () => {
    const missing = await smoocho(['init', '--yes', '--shop-name=X'], env());
    expect(missing.code).to.equal(2);
    expect(missing.stderr).to.include(
      '--currency, --timezone, --owner-name, --owner-email, --password-file FILE or --password-stdin. --country CODE',
    );
    const options = initOptions(home).map((option) =>
      option.replace('Asia/Kolkata', 'Moon/Base').replace('INR', 'XX'),
    );
    const wrong = await smoocho(['init', ...options], env());
    expect(wrong.code).to.equal(2);
    expect(wrong.stderr).to.include('currency').and.include('timezone');
    const short = await smoocho(
      ['init', ...initOptions(home), `--password-file=${passwordFile(home, 'short')}`],
      env(),
    );
    expect([short.code, short.stderr]).to.deep.equal([
      2,
      "The password is shorter than 12 characters, an owner's least.\n",
    ]);
    await isEmpty();
  });

  it('takes the password from standard input, and never from the command line', async () => {
    const options = initOptions(home).filter((option) => !option.startsWith('--password-file'));
    expect((await smoocho(['init', ...options, '--password=whatever it is'], env())).code).to.equal(2);
    const none = await smoocho(['init', ...options], env());
    expect(none.stderr).to.include('--password-file FILE or --password-stdin');
    const done = await smoocho(['init', ...options, '--password-stdin'], env(), 'correct horse battery\n');
    expect([done.code, done.stderr]).to.deep.equal([0, '']);
  });

  it('takes all answers as JSON, and says of a dry run what it would make', async () => {
    const ask = (...more: string[]) =>
      smoocho(['init', '--answers=-', '--json', ...more], env(), JSON.stringify(answers));
    const dry = await ask('--dry-run');
    expect([dry.code, dry.stderr, dry.stdout.includes(PASSWORD)]).to.deep.equal([0, '', false]);
    initAnswers.init.parse(dry.json());
    expect(dry.json().plan.shop).to.deep.equal({
      name: 'Café Élan',
      code: 'CE',
      currency: 'EUR',
      timezone: 'Europe/Paris',
    });
    expect(dry.json().recoveryKey).to.equal('later');
    await isEmpty();
    expect(readdirSync(home)).to.deep.equal([]);
    const file = join(home, 'answers.json');
    const { recipient: recoveryRecipient } = await newKeyPair();
    writeFileSync(file, JSON.stringify({ ...answers, recoveryRecipient }), { mode: 0o600 });
    const words = await smoocho(['init', `--answers=${file}`, '--shop-code=ELAN', '--dry-run'], env());
    expect(words.stdout).to.match(
      /^This would be set up in .*\. Nothing was written\.\n\nShop {8}Café Élan\n/m,
    );
    expect(words.stdout).to.include('European Union, VAT: 20, 10, 5.5, 2.1, 0 %, in the prices');
    const done = await smoocho(['init', `--answers=${file}`, '--shop-code=ELAN', '--backups=off'], env());
    expect([done.code, done.stderr]).to.deep.equal([0, '']);
    const settings = await settingsIn(home, env(), 'ELAN');
    expect([settings.country, settings.tax.defaultClass]).to.deep.equal(['FR', 'standard']);
    expect(settings.tax.classes.map(({ code }) => code)).to.deep.equal([
      'standard',
      'reduced',
      'reduced-2',
      'reduced-3',
      'zero',
    ]);
    const { backup } = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    expect(backup).to.include({ schedule: null, recoveryRecipient });
  });

  it('opens the shop of an owner who has none yet, and asks for no other owner', async () => {
    const app = await createApp(loadConfig({ home }, { ...env(), LOG_LEVEL: 'silent' }), { migrate: true });
    const owner = { name: 'Asha', email: 'asha@example.com', password: PASSWORD };
    await claim(systemContext(app, 'test'), owner, undefined);
    await app.close();
    const done = await smoocho(['init', '--yes', '--shop-name=Kulfi', '--country=IN', '--json'], env());
    expect([done.code, done.stderr]).to.deep.equal([0, '']);
    expect(done.json().owners.map(({ email }: { email: string }) => email)).to.deep.equal([
      'asha@example.com',
    ]);
    expect(done.json().shops[0]).to.include({
      name: 'Kulfi',
      code: 'KULF',
      ownerId: done.json().owners[0].id,
    });
    expect((await settingsIn(home, env(), 'KULF')).tax.defaultClass).to.equal('gst-5');
  });

  it('is done once by two who come at the same moment', async () => {
    const both = await Promise.all(
      [1, 2].map(() => smoocho(['init', ...initOptions(home), '--json'], env())),
    );
    expect(both.map(({ code }) => code)).to.deep.equal([0, 0]);
    expect(both.map((one) => one.json().created).sort()).to.deep.equal([false, true]);
    expect(both.map((one) => one.json().shops.length)).to.deep.equal([1, 1]);
  });
});

describe('smoocho init with the embedded PostgreSQL', () => {
  it('keeps everything under its home, secrets for its owner alone, and leaves nothing running', async () => {
    const home = tempFolder();
    const env = { SMOOCHO_HOME: home };
    const done = await smoocho(['init', ...initOptions(home)], env);
    expect([done.code, done.stderr]).to.deep.equal([0, '']);
    expect(readdirSync(home).sort()).to.deep.equal(['config.json', 'password.txt', 'postgres', 'secrets']);
    expect(readdirSync(join(home, 'secrets')).sort()).to.deep.equal(['master-key', 'postgres-password']);
    for (const secret of readdirSync(join(home, 'secrets'))) {
      expect(statSync(join(home, 'secrets', secret)).mode & 0o777, secret).to.equal(0o600);
    }
    expect(() => readFileSync(join(home, 'postgres', 'data', 'postmaster.pid'))).to.throw('ENOENT');
    const list = await smoocho(['user', 'list', '--shop', 'kulf', '--json'], env);
    expect(list.json().map((user: { email: string }) => user.email)).to.deep.equal(['asha@example.com']);
    removeFolder(home);
  });

  // What is there when it is killed: the key, half a cluster, a cluster without tables, tables without a shop.
  const moments = ['key.txt', 'postgres', 'postgres/data', 'secrets/master-key'];
  for (const made of IS_LONG ? moments : moments.slice(2)) {
    it(`finishes when it is run again after a kill at ${made}`, async () => {
      const home = tempFolder();
      const env = { SMOOCHO_HOME: home };
      const key = join(home, 'key.txt');
      const all = ['init', ...initOptions(home), '--country=IN', `--recovery-key-file=${key}`];
      await killedAt(all, env, join(home, made));
      const again = await smoocho([...all, '--json'], env);
      expect([again.code, again.stderr], again.stdout).to.deep.equal([0, '']);
      const { shops, recoveryRecipient } = again.json();
      expect(shops.map(({ code }: { code: string }) => code)).to.deep.equal(['KULF']);
      expect(readFileSync(key, 'utf8')).to.include(recoveryRecipient);
      expect((await settingsIn(home, {}, 'KULF')).tax.defaultClass).to.equal('gst-5');
      expect(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')).backup.schedule).to.equal(
        '0 3 * * *',
      );
      await untilNoProcesses(home);
      removeFolder(home);
    });
  }
});

/** Runs a command and kills it as soon as a file is there. */
async function killedAt(args: string[], env: Record<string, string>, file: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const { code } = await smoocho(args, env, '', {
    onStart(pid) {
      timer = setInterval(() => {
        if (!existsSync(file)) return;
        clearInterval(timer);
        process.kill(pid, 'SIGKILL');
      }, 2);
    },
  }).finally(() => clearInterval(timer));
  expect(code, 'it was killed').to.equal(null);
}

describe('an empty home', () => {
  it('stays one, whatever looks at it', async () => {
    const home = tempFolder();
    const env = { SMOOCHO_HOME: home };
    const looks = [
      'status',
      'shop list',
      'report sales --shop KULF',
      'migrate status',
      'migrate up',
      'backup list',
      'backup key list',
      'backup schedule',
      'backup verify --latest',
      'restore --undo --yes',
    ];
    for (const words of looks) {
      const { code, stderr } = await smoocho(words.split(' '), env);
      expect([code, stderr], words).to.deep.equal([3, 'Nothing is set up here yet. Run: smoocho init\n']);
      expect(readdirSync(home), words).to.deep.equal([]);
    }
    removeFolder(home);
  });
});
