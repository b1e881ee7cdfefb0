import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { newCanary, openCanaries } from '../support/canaries.ts';
import { testDatabase } from '../support/database.ts';
import { givenSecretive, init, OWNER, type Secretive } from '../support/secretive.ts';
import { inLanes } from '../support/shots.ts';

/** Commands against a database that is not there wait for it, each by itself. */
const AT_ONCE = 4;

describe('what nobody may see, in what commands print', function () {
  this.timeout(180_000);
  let test: Secretive;

  before(async () => {
    test = await givenSecretive();
  });
  after(() => test?.close());
  afterEach(() => {
    expect(test.canaries.seen.splice(0), 'secrets that were shown').to.deep.equal([]);
  });

  const create = (email: string, role: string, more: string[] = []) => [
    ...['user', 'create', '--shop=KULF', `--email=${email}`, `--name=${role}`, `--role=${role}`],
    ...more,
  ];

  it('would be found, however it is written', () => {
    const [own, value] = [openCanaries(), newCanary('found')];
    own.hide('it', value);
    own.hide('a number', '4071993');
    const bytes = Buffer.from(value);
    const written = [
      ...[
        value,
        encodeURIComponent(value),
        bytes.toString('base64'),
        bytes.toString('hex'),
        value.slice(0, 20),
      ],
      ...[JSON.stringify({ value }), `Basic ${btoa(`:::${value}`)}`, 'the PIN 4071993.'],
    ];
    for (const text of written) own.look('a text', `before ${text} after`);
    expect(own.seen).to.have.length(written.length);
    own.look('a text', 'nothing of it, and 14071993 is another number');
    own.look('a text', value, ['it']);
    expect(own.seen).to.have.length(written.length);
  });

  it('when all goes well', async () => {
    const file = join(test.home, 'manager.txt');
    writeFileSync(file, test.secrets.managerPassword, { mode: 0o600 });
    const made = create('ravi@example.com', 'manager', [`--password-file=${file}`, '--json']);
    expect((await test.run(made)).code).to.equal(0);
    const reset = ['user', 'reset-password', '--email=ravi@example.com', '--password-stdin'];
    expect((await test.run(reset, { input: test.secrets.newPassword })).code).to.equal(0);
    expect((await test.run(['secrets', 'rotate', '--json'])).code).to.equal(0);
    test.hideFiles();
    for (const args of [
      ['user', 'list', '--shop=KULF', '--json'],
      ['user', 'sessions', `--email=${OWNER}`, '--json'],
      ['shop', 'list', '--json'],
      ['device', 'list', '--shop=KULF', '--json'],
      ['verify'],
      ['migrate', 'status'],
    ]) {
      expect((await test.run(args)).code, args.join(' ')).to.equal(0);
    }
    const paired = await test.run(['device', 'pair', '--shop=KULF', '--name=Till', '--json']);
    test.canaries.hide('the pairing code', paired.json().code.replaceAll('-', ''));
    test.canaries.hide('the pairing code as it is shown', paired.json().code);
  });

  it('when they are used wrongly', async () => {
    const { ownerPassword, wrongPassword } = test.secrets;
    const wrong: [args: string[], input?: string][] = [
      [init, wrongPassword],
      [create('ravi@example.com', 'manager', ['--password-stdin']), wrongPassword],
      [create('x', 'nobody', ['--password-stdin']), wrongPassword],
      [create('long@example.com', 'cashier', ['--password-stdin']), wrongPassword.repeat(9)],
      [['user', 'reset-password', '--email=nobody@example.com', '--password-stdin'], wrongPassword],
      [['user', 'reset-password', `--email=${OWNER}`, '--password-stdin', 'more']],
      // What somebody may think that it takes.
      [['user', 'reset-password', `--email=${OWNER}`, `--password=${ownerPassword}`]],
      [['user', 'reset-password', `--email=${OWNER}`, '--password', ownerPassword]],
      [['user', 'reset-password', `--email=${OWNER}`, `--password-stdin=${ownerPassword}`]],
      [['user', 'reset-password', `--email=${OWNER}`, `--password-file=${ownerPassword}`]],
      [[...init.slice(0, -1), `--password-file=${ownerPassword}`]],
      [['user', 'create', ownerPassword]],
      [['user', 'revoke', `--email=${OWNER}`, `--session=${ownerPassword}`]],
    ];
    await inLanes(AT_ONCE, [...wrong.entries()], async ([n, [args, input = '']]) => {
      const ran = await test.run([...args, ...(n % 2 === 0 ? [] : ['--json'])], { input });
      // A second `init` changes nothing, and says so.
      if (!args.includes('init')) expect(ran.code, `${args.join(' ')}: ${ran.stderr}`).to.not.equal(0);
    });
  });

  it('when what is around them is broken', async () => {
    const [dbPassword, redisPassword, masterKey] = ['database', 'redis', 'key'].map(newCanary) as [
      string,
      string,
      string,
    ];
    test.canaries.hide('the password of DATABASE_URL', dbPassword);
    test.canaries.hide('the password of REDIS_URL', redisPassword);
    // Of another length than a key: with a right one, a server would start.
    test.canaries.hide('a wrong MASTER_KEY', masterKey);
    const database = await testDatabase();
    const isRight = new URL(database.url);
    test.canaries.hide('the right password of DATABASE_URL', decodeURIComponent(isRight.password));
    const urlWith = (change: (url: URL) => void) => {
      const url = new URL(isRight);
      url.password = encodeURIComponent(dbPassword);
      change(url);
      return url.href;
    };
    const redis = `redis://:${encodeURIComponent(redisPassword)}@127.0.0.1:1`;
    const faulty: Record<string, string>[] = [
      { DATABASE_URL: urlWith(() => {}) },
      {
        DATABASE_URL: urlWith((url) => {
          url.port = '1';
        }),
      },
      { DATABASE_URL: urlWith(() => {}).replace(/:\d+\//, ':notaport/') },
      { DATABASE_URL: `postgres:/${dbPassword}` },
      { DATABASE_URL: `${dbPassword}` },
      { DATABASE_URL: `mysql://root:${dbPassword}@127.0.0.1/x` },
      { DATABASE_URL: database.url, REDIS_URL: `http://:${redisPassword}@127.0.0.1:1` },
      { DATABASE_URL: database.url, REDIS_URL: redisPassword },
      { DATABASE_URL: database.url, MASTER_KEY: masterKey },
      { DATABASE_URL: database.url, MASTER_KEY_FILE: '/dev/null' },
    ];
    await inLanes(AT_ONCE, [...faulty.entries()], async ([n, env]) => {
      const args = n % 3 === 0 || 'MASTER_KEY' in env ? ['start', '--port=0'] : ['verify', '--json'];
      const { code, stderr } = await test.run(args, { env: { SMOOCHO_HOME: test.otherHome(), ...env } });
      expect(code, `${args[0]} with ${Object.entries(env)}: ${stderr}`).to.be.oneOf([2, 5]);
    });
    const url = urlWith(() => {});
    const broken = [
      `{"databaseUrl": "${url}"`,
      `{"databaseUrl": "${url}",}`,
      `{"redisUrl": ${redis}}`,
      `${url}`,
      `"${url}`,
    ];
    await inLanes(AT_ONCE, broken, async (text) => {
      const odd = test.otherHome();
      writeFileSync(join(odd, 'config.json'), text);
      expect((await test.run(['verify'], { env: { SMOOCHO_HOME: odd } })).code, text).to.equal(2);
    });
    await database.drop();
  });
});
