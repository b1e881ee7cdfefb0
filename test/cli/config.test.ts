import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { configAnswers } from '../../src/contract/command-answers/config.ts';
import { smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('smoocho config', () => {
  const home = tempFolder();
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });
  const run = (args: string[], env = {}) =>
    smoocho(['config', ...args], { SMOOCHO_HOME: home, DATABASE_URL: database.url, ...env });

  it('show tells what is set and hides secrets', async () => {
    const { code, stdout, json } = await run(['show', '--changed', '--json'], {
      S3_SECRET_KEY: 'very secret',
    });
    expect(code).to.equal(0);
    const { settings } = configAnswers['config show'].parse(json());
    expect(settings.find(({ name }) => name === 's3SecretKey')).to.include({
      value: '…',
      from: 'S3_SECRET_KEY',
    });
    expect(stdout).not.to.include('very secret').and.not.to.include(new URL(database.url).password);
  });

  it('check names all that is wrong, with code 4, and tries nothing before', async () => {
    writeFileSync(join(home, 'config.json'), '{"prot": 80}');
    const { code, json } = await run(['check', '--connect', '--json'], { PORT: 'abc' });
    const { problems, connections } = configAnswers['config check'].parse(json());
    expect([code, problems.length, connections]).to.deep.equal([4, 2, null]);
    // Every other command stops at the first, as wrong usage.
    expect((await smoocho(['shop', 'list'], { SMOOCHO_HOME: home })).code).to.equal(2);
    writeFileSync(join(home, 'config.json'), '{}');
  });

  it('check --connect tries each part, and makes nothing', async () => {
    const right = await run(['check', '--connect']);
    expect([right.code, right.stderr]).to.deep.equal([0, '']);
    expect(right.stdout).to.match(/^The settings are right\.\ndatabase +It answers\.$/m);
    const away = {
      DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/shop',
      DATABASE_REPLICA_URL: database.url,
      REDIS_URL: 'redis://127.0.0.1:1',
      ...{ S3_ENDPOINT: 'http://127.0.0.1:1', S3_BUCKET: 'abc', S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'secret' },
    };
    const wrong = await run(['check', '--connect', '--json'], away);
    const { connections } = configAnswers['config check'].parse(wrong.json());
    expect([wrong.code, connections?.map(({ state }) => state)]).to.deep.equal([4, Array(4).fill('problem')]);
    expect(connections?.[1]?.detail).to.match(/names no standby/);
    expect(wrong.stdout).not.to.include('secret');
    const fresh = await run(['check', '--connect', '--json'], { DATABASE_URL: '' });
    expect(fresh.json().connections[0]).to.include({ id: 'database', state: 'skipped' });
    expect(readdirSync(home)).to.deep.equal(['config.json']);
  });
});
