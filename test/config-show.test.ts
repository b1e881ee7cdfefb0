import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findConfigProblems, settingSources, shownSettings } from '../src/config.ts';
import { knownSettings, settingNames } from '../src/config-known.ts';
import { withoutPassword } from '../src/config-show.ts';
import { configAnswers } from '../src/contract/command-answers/config.ts';
import { removeFolder, tempFolder } from './support/temp.ts';

const page = readFileSync(fileURLToPath(new URL('../docs/commands.md', import.meta.url)), 'utf8');

describe('the settings, shown', () => {
  let home: string;
  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));
  const write = (settings: object) =>
    writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
  const shown = (env: Record<string, string>, name: string) => {
    const { settings } = shownSettings(undefined, { SMOOCHO_HOME: home, ...env });
    const { value, source, from } = settings.find((setting) => setting.name === name) ?? {};
    return [value, source, from];
  };

  it('say where each comes from', () => {
    write({ port: 8001, allowedHosts: ['a.example', 'b.example'], backup: { keep: { daily: 3 } }, host: '' });
    expect(shown({}, 'port')).to.deep.equal(['8001', 'config.json', null]);
    expect(shown({ PORT: '8002' }, 'port')).to.deep.equal(['8002', 'environment', 'PORT']);
    expect(shown({ PORT: '' }, 'port')).to.deep.equal(['8001', 'config.json', null]);
    expect(shown({}, 'host')).to.deep.equal(['0.0.0.0', 'default', null]);
    expect(shown({}, 'allowedHosts')).to.deep.equal(['a.example, b.example', 'config.json', null]);
    // As it is read: an empty list takes the place of the file's.
    expect(shown({ ALLOWED_HOSTS: '' }, 'allowedHosts')).to.deep.equal(['', 'environment', 'ALLOWED_HOSTS']);
    expect(shown({}, 'backup.keep')).to.deep.equal(['{"daily":3}', 'config.json', null]);
    expect(shown({}, 'SMOOCHO_HOME')).to.deep.equal([home, 'environment', 'SMOOCHO_HOME']);
    const byOption = shownSettings(home, {}).settings[0];
    expect(byOption).to.include({ name: 'SMOOCHO_HOME', value: home, source: 'option' });
    const file = join(home, 'url');
    expect(shown({ DATABASE_URL: 'postgres://db/x', DATABASE_URL_FILE: file }, 'databaseUrl')).to.deep.equal([
      `in ${file}`,
      'file',
      'DATABASE_URL_FILE',
    ]);
  });

  it('are told by their names alone, the same for all that is known', () => {
    const sources = (env: Record<string, string>) => settingSources(home, env);
    write({ port: 8001, allowedHosts: ['a.example', 'b.example'], redisUrl: 'redis://a' });
    const same = { PORT: '8001', ALLOWED_HOSTS: 'a.example,b.example', SMOOCHO_HOME: home };
    expect(sources(same)).to.deep.equal({
      inFile: ['port', 'allowedHosts', 'redisUrl'],
      inEnvironment: ['PORT', 'ALLOWED_HOSTS'],
      overriding: [],
    });
    // A port is never read from a file; an empty list counts, and an empty port does not.
    const other = { PORT: '', PORT_FILE: '/p', ALLOWED_HOSTS: '', REDIS_URL_FILE: '/r', MASTER_KEY: 'k' };
    expect(sources(other)).to.deep.include({
      inEnvironment: ['REDIS_URL', 'ALLOWED_HOSTS', 'MASTER_KEY'],
      overriding: ['REDIS_URL', 'ALLOWED_HOSTS'],
    });
    for (const { variable } of knownSettings.filter((one) => one.variable !== 'SMOOCHO_HOME'))
      if (variable) expect(sources({ [variable]: 'x' }).inEnvironment).to.deep.equal([variable]);
  });

  it('have no secret in them, wherever it was put', () => {
    const CANARY = 'c4n4ry';
    const secrets = knownSettings.filter((setting) => 'secret' in setting);
    expect(secrets).to.have.length.above(8);
    const wrong = [
      CANARY,
      `postgres://me:${CANARY}@db:5432/shop`,
      `postgres://db/shop?password=${CANARY}&sslpassword=${CANARY}`,
      `postgres://me:12#${CANARY}@db/shop`,
      `postgres://me:12/${CANARY}@db/shop`,
      `redis://:${CANARY}@cache`,
      `https://key:${CANARY}@s3.example`,
    ];
    for (const text of wrong) {
      const env = Object.fromEntries(secrets.map(({ variable }) => [variable, text]));
      expect(JSON.stringify(shownSettings(home, env)), text).not.to.include(CANARY);
      write(Object.fromEntries(secrets.flatMap(({ field }) => (field ? [[field, text]] : []))));
      expect(JSON.stringify(shownSettings(home, {})), text).not.to.include(CANARY);
      const { problems } = findConfigProblems({ home }, env);
      expect(problems.join(), text).not.to.include(CANARY);
    }
    write({ backup: { recoveryRecipient: `AGE-SECRET-KEY-1${CANARY}` } });
    expect(JSON.stringify(shownSettings(home, {}))).not.to.include(CANARY);
    expect(withoutPassword('postgres://me:x@db:1/shop?sslmode=require')).to.equal(
      'postgres://me:…@db:1/shop?sslmode=require',
    );
  });

  it('name what is no setting, and answer as their schema says', () => {
    write({ prot: 1, port: 2 });
    const answer = configAnswers['config show'].parse(shownSettings(home, {}));
    expect(answer.unknown).to.deep.equal(['prot']);
    expect(new Set(answer.settings.map(({ name }) => name)).size).to.equal(answer.settings.length);
  });

  it('are wrong all at once', () => {
    write({ prot: 1, databaseUrl: 5, backup: { scheduel: 1, keep: 3 }, tls: 'maybe' });
    const env = { PORT: 'abc', LOG_LEVEL: 'loud', REDIS_URL: 'x', S3_BUCKET: 'abc', TRUSTED_PROXIES: 'all' };
    const { problems } = findConfigProblems({ home }, { ...env, REDIS_URL_FILE: join(home, 'none') });
    const said = [
      /"prot".* Did you mean "port"\?$/,
      /^PORT is "abc"/,
      /^databaseUrl in config\.json is no text/,
      /^REDIS_URL_FILE names .* can't be read/,
      /^LOG_LEVEL is "loud"/,
      /^TRUSTED_PROXIES has "all"/,
      /^tls in config\.json is "maybe"/,
      /^backup has "scheduel"/,
      /^backup\.keep must be settings in braces, such as \{"daily": 7\}/,
      /^An S3 server is named, but S3_ENDPOINT/,
      /^REDIS_URL and REDIS_URL_FILE are both set/,
    ];
    expect(problems, problems.join('\n')).to.have.length(said.length);
    for (const [i, pattern] of said.entries()) expect(problems[i]).to.match(pattern);
    write({});
    expect(findConfigProblems({ home }, {}).problems).to.deep.equal([]);
  });

  it('are those of the table in the docs', () => {
    const rows = [...page.matchAll(/^\| (`[A-Z].*?) \| (.*?) \|/gm)].map(([, variables, fields]) => ({
      variables: [...(variables ?? '').matchAll(/`([A-Z\d_]+)`/g)].map(([, name]) => name),
      fields: [...(fields ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
    }));
    const variables = rows.flatMap((row) => row.variables);
    const all: string[] = knownSettings.flatMap(({ variable }) => variable ?? []);
    expect(variables.filter((name) => !all.includes(name as string))).to.deep.equal([]);
    for (const name of all) expect(page, name).to.include(`\`${name}\``);
    for (const row of rows.filter((one) => one.variables.length === one.fields.length))
      for (const [i, variable] of row.variables.entries())
        expect(knownSettings.find((known) => known.variable === variable)?.field).to.equal(row.fields[i]);
    for (const name of settingNames.filter((each) => !each.startsWith('s3')))
      expect(page).to.include(`\`${name}\``);
  });
});
