import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { initOptions, passwordFile, smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

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

  it('sets a shop up without a question, and changes nothing the second time', async () => {
    const first = await smoocho(['init', ...initOptions(home), '--json'], env());
    expect([first.code, first.stderr]).to.deep.equal([0, '']);
    expect(first.json()).to.deep.include({ home, created: true });
    expect(first.json().shops[0]).to.include({ name: 'Kulfi Corner', code: 'KULF', currency: 'INR' });
    expect(first.json().owners[0]).to.include({ email: 'asha@example.com', role: 'owner' });
    const again = await smoocho(['init', ...initOptions(home), '--json'], env());
    expect([again.code, again.json()]).to.deep.equal([0, { ...first.json(), created: false }]);
    const bare = await smoocho(['init', '--yes'], env());
    expect([bare.code, bare.stdout]).to.deep.equal([
      0,
      `Everything is set up in ${home} already: Kulfi Corner (KULF). Nothing was changed.\n`,
    ]);
  });

  it('says everything that is missing or wrong, and makes nothing of it', async () => {
    const missing = await smoocho(['init', '--yes', '--shop-name=X'], env());
    expect(missing.code).to.equal(2);
    expect(missing.stderr).to.include('--shop-code, --currency, --timezone, --owner-name, --owner-email');
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
    expect(short.code).to.equal(2);
    expect((await smoocho(['shop', 'list', '--json'], env())).json()).to.deep.equal([]);
  });

  it('takes the password from standard input, and never from the command line', async () => {
    const options = initOptions(home).filter((option) => !option.startsWith('--password-file'));
    expect((await smoocho(['init', ...options, '--password=whatever it is'], env())).code).to.equal(2);
    const none = await smoocho(['init', ...options], env());
    expect(none.stderr).to.include('--password-file FILE or --password-stdin');
    const done = await smoocho(['init', ...options, '--password-stdin'], env(), 'correct horse battery\n');
    expect([done.code, done.stderr]).to.deep.equal([0, '']);
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
});
