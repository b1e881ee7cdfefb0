import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, loadConfig } from '../src/config.ts';
import { removeFolder, tempFolder } from './support/temp.ts';

describe('the configuration', () => {
  let home: string;
  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));

  it('takes an option over the environment, that over the file, that over the default', () => {
    writeFileSync(join(home, 'config.json'), JSON.stringify({ port: 8001, host: '127.0.0.1' }));
    expect(loadConfig({ home }, {})).to.include({ port: 8001, host: '127.0.0.1', logLevel: 'info' });
    expect(loadConfig({ home }, { PORT: '8002' }).port).to.equal(8002);
    expect(loadConfig({ home, port: 8003 }, { PORT: '8002' }).port).to.equal(8003);
    expect(loadConfig({}, { SMOOCHO_HOME: home }).home).to.equal(home);
  });

  it('reads a secret from the file that the environment names', () => {
    writeFileSync(join(home, 'url'), 'postgres://somewhere/shop\n');
    expect(loadConfig({ home }, { DATABASE_URL_FILE: join(home, 'url') }).databaseUrl).to.equal(
      'postgres://somewhere/shop',
    );
    const given = loadConfig({ home }, { POSTGRES_PASSWORD: 'given' });
    expect(given.secrets.get('postgres-password')).to.equal('given');
    expect(() => loadConfig({ home }, { DATABASE_URL_FILE: join(home, 'none') })).to.throw(
      ConfigError,
      'none',
    );
  });

  it('makes a secret once, for its owner alone, and refuses one that others can read', () => {
    const secret = loadConfig({ home }, {}).secrets.get('postgres-password');
    const path = join(home, 'secrets', 'postgres-password');
    expect(secret).to.have.length(43).and.equal(readFileSync(path, 'utf8'));
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(loadConfig({ home }, {}).secrets.get('postgres-password')).to.equal(secret);
    chmodSync(path, 0o640);
    expect(() => loadConfig({ home }, {}).secrets.get('postgres-password')).to.throw(
      ConfigError,
      'chmod 600',
    );
    writeFileSync(path, '');
    chmodSync(path, 0o600);
    expect(() => loadConfig({ home }, {}).secrets.get('postgres-password')).to.throw(ConfigError, 'is empty');
  });

  it('says where the master key is: in the environment, in a file that it names, or under secrets', () => {
    const place = (env: Record<string, string>) => loadConfig({ home }, env).masterKey;
    expect(place({})).to.deep.equal({ path: join(home, 'secrets', 'master-key'), isOurs: true });
    expect(place({ MASTER_KEY: 'abc' })).to.deep.equal({ text: 'abc' });
    expect(place({ MASTER_KEY: 'abc', MASTER_KEY_FILE: '/run/key' })).to.deep.equal({
      path: '/run/key',
      isOurs: false,
    });
    expect(existsSync(join(home, 'secrets'))).to.equal(false);
  });

  it('says in a sentence what it can not use', () => {
    expect(() => loadConfig({ home }, { PORT: 'eighty' })).to.throw(ConfigError, '"eighty"');
    writeFileSync(join(home, 'config.json'), '{ port: 80');
    expect(() => loadConfig({ home }, {})).to.throw(ConfigError, 'not valid JSON');
    const blocked = join(home, 'blocked');
    writeFileSync(blocked, 'a file where a folder should be');
    expect(() => loadConfig({ home: blocked }, {}).secrets.get('postgres-password')).to.throw(
      ConfigError,
      'SMOOCHO_HOME',
    );
    mkdirSync(join(home, 'fine'));
    expect(() =>
      loadConfig({ home: join(home, 'fine') }, {}).secrets.get('postgres-password'),
    ).to.not.throw();
  });
});
