import { randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Canaries, newCanary, openCanaries } from '../support/canaries.ts';
import { type Ran, type Server, smoocho, startCli } from '../support/cli.ts';
import { clientOf, type RawRequest } from '../support/client.ts';
import { testDatabase } from '../support/database.ts';
import { JSON_TYPE } from '../support/hostile-requests.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const READY = /Stop it with Ctrl-C/;
const TRACE = { LOG_LEVEL: 'trace' };

/** Digits of which the test would not be sure if they stood in a number by chance. */
const newPin = () => String(randomInt(10_000_000, 99_999_999));
const newPhone = () => `+9198${randomInt(10_000_000, 99_999_999)}`;

describe('what nobody may see', function () {
  this.timeout(180_000);
  let home: string;
  let canaries: Canaries;
  let server: Server;
  let url: string;
  const owner = 'asha@example.com';
  const secrets = {
    ownerPassword: newCanary('owner'),
    managerPassword: newCanary('manager'),
    newPassword: newCanary('newer'),
    wrongPassword: newCanary('wrong'),
  };

  before(async () => {
    home = tempFolder();
    canaries = openCanaries();
    for (const [name, value] of Object.entries(secrets)) canaries.hide(name, value);
    expect((await run(init, { input: `${secrets.ownerPassword}\n` })).code).to.equal(0);
    hideSecretsOf(home);
    // It keeps the database running, so that the commands need not start it each.
    server = await startCli(['--port=0', '--host=127.0.0.1'], { SMOOCHO_HOME: home, ...TRACE }, READY);
    url = /http:\/\/\S+:\d+/.exec(server.output())?.[0] as string;
  });
  after(async () => {
    await server?.stop();
    console.log(`looked at ${canaries.looked.texts} texts of ${canaries.looked.characters} characters`);
    for (const folder of [home, ...homes]) removeFolder(folder);
  });
  afterEach(() => {
    expect(canaries.seen.splice(0), 'secrets that were shown').to.deep.equal([]);
  });

  /** Runs a command at its most talkative, and looks at all that it prints. */
  async function run(
    args: string[],
    {
      input = '',
      env = {},
      shownHere = [] as string[],
    }: { input?: string; env?: object; shownHere?: string[] } = {},
  ): Promise<Ran> {
    const ran = await smoocho(args, { SMOOCHO_HOME: home, ...TRACE, ...env }, input);
    canaries.look(`smoocho ${args.join(' ').slice(0, 80)}`, `${ran.stdout}${ran.stderr}`, shownHere);
    return ran;
  }

  /** The files that only the program itself has to read; what they hold is hidden from then on. */
  function hideSecretsOf(folder: string): void {
    for (const name of readdirSync(join(folder, 'secrets'))) {
      canaries.hide(`the file ${name}`, readFileSync(join(folder, 'secrets', name), 'utf8').trim());
    }
  }

  const create = (email: string, role: string, more: string[] = []) => [
    ...['user', 'create', '--shop=KULF', `--email=${email}`, `--name=${role}`, `--role=${role}`],
    ...more,
  ];
  const init = [
    ...['init', '--yes', '--shop-name=Kulfi Corner', '--shop-code=KULF', '--currency=INR'],
    ...['--timezone=Asia/Kolkata', '--owner-name=Asha', `--owner-email=${owner}`, '--password-stdin'],
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

  describe('stays unseen in what commands print', () => {
    it('when all goes well', async () => {
      const file = join(home, 'manager.txt');
      writeFileSync(file, secrets.managerPassword, { mode: 0o600 });
      const made = create('ravi@example.com', 'manager', [`--password-file=${file}`, '--json']);
      expect((await run(made)).code).to.equal(0);
      const reset = ['user', 'reset-password', '--email=ravi@example.com', '--password-stdin'];
      expect((await run(reset, { input: secrets.newPassword })).code).to.equal(0);
      expect((await run(['secrets', 'rotate', '--json'])).code).to.equal(0);
      hideSecretsOf(home);
      for (const args of [
        ['user', 'list', '--shop=KULF', '--json'],
        ['user', 'sessions', `--email=${owner}`, '--json'],
        ['shop', 'list', '--json'],
        ['device', 'list', '--shop=KULF', '--json'],
        ['verify'],
        ['migrate', 'status'],
      ]) {
        expect((await run(args)).code, args.join(' ')).to.equal(0);
      }
      const paired = await run(['device', 'pair', '--shop=KULF', '--name=Till', '--json']);
      canaries.hide('the pairing code', paired.json().code.replaceAll('-', ''));
      canaries.hide('the pairing code as it is shown', paired.json().code);
    });

    it('when they are used wrongly', async () => {
      const { ownerPassword, wrongPassword } = secrets;
      const wrong: [args: string[], input?: string][] = [
        [init, wrongPassword],
        [create('ravi@example.com', 'manager', ['--password-stdin']), wrongPassword],
        [create('x', 'nobody', ['--password-stdin']), wrongPassword],
        [create('long@example.com', 'cashier', ['--password-stdin']), wrongPassword.repeat(9)],
        [['user', 'reset-password', '--email=nobody@example.com', '--password-stdin'], wrongPassword],
        [['user', 'reset-password', `--email=${owner}`, '--password-stdin', 'more']],
        // What somebody may think that it takes.
        [['user', 'reset-password', `--email=${owner}`, `--password=${ownerPassword}`]],
        [['user', 'reset-password', `--email=${owner}`, '--password', ownerPassword]],
        [['user', 'reset-password', `--email=${owner}`, `--password-stdin=${ownerPassword}`]],
        [['user', 'reset-password', `--email=${owner}`, `--password-file=${ownerPassword}`]],
        [[...init.slice(0, -1), `--password-file=${ownerPassword}`]],
        [['user', 'create', ownerPassword]],
        [['user', 'revoke', `--email=${owner}`, `--session=${ownerPassword}`]],
      ];
      for (const [n, [args, input = '']] of wrong.entries()) {
        const ran = await run([...args, ...(n % 2 === 0 ? [] : ['--json'])], { input });
        // A second `init` changes nothing, and says so.
        if (!args.includes('init')) expect(ran.code, `${args.join(' ')}: ${ran.stderr}`).to.not.equal(0);
      }
    });

    it('when what is around them is broken', async () => {
      const [dbPassword, redisPassword, masterKey] = ['database', 'redis', 'master'].map(newCanary) as [
        string,
        string,
        string,
      ];
      canaries.hide('the password of DATABASE_URL', dbPassword);
      canaries.hide('the password of REDIS_URL', redisPassword);
      canaries.hide('a wrong MASTER_KEY', masterKey);
      const database = await testDatabase();
      const isRight = new URL(database.url);
      canaries.hide('the right password of DATABASE_URL', decodeURIComponent(isRight.password));
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
      for (const [n, env] of faulty.entries()) {
        const args = n % 3 === 0 || 'MASTER_KEY' in env ? ['start', '--port=0'] : ['verify', '--json'];
        const { code, stderr } = await run(args, { env: { SMOOCHO_HOME: tempHome(), ...env } });
        expect(code, `${args[0]} with ${Object.entries(env)}: ${stderr}`).to.not.equal(0);
      }
      const odd = tempHome();
      const url = urlWith(() => {});
      for (const text of [
        `{"databaseUrl": "${url}"`,
        `{"databaseUrl": "${url}",}`,
        `{"redisUrl": ${redis}}`,
        `${url}`,
        `"${url}`,
      ]) {
        writeFileSync(join(odd, 'config.json'), text);
        expect((await run(['verify'], { env: { SMOOCHO_HOME: odd } })).code, text).to.equal(2);
      }
      await database.drop();
    });
  });

  const homes: string[] = [];
  function tempHome(): string {
    const folder = tempFolder();
    homes.push(folder);
    return folder;
  }

  describe('stays unseen in what the server writes and answers', () => {
    const tokens = new Map<string, string>();

    /** A request as it comes; of an answer that refuses it, all is looked at. */
    async function send(method: string, path: string, { body, headers = {} }: RawRequest = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      if (response.status >= 400) {
        canaries.look(
          `the answer to ${method} ${path.slice(0, 40)}`,
          `${text}${JSON.stringify([...response.headers])}`,
        );
      }
      return { status: response.status, text };
    }
    const post = (path: string, body: unknown, headers = {}) =>
      send('POST', path, {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { ...JSON_TYPE, ...headers },
      });

    function keep(name: string, token: string): string {
      canaries.hide(name, token);
      tokens.set(name, token);
      return token;
    }

    afterEach(() => {
      canaries.look('what the server writes', server.output());
      canaries.look("PostgreSQL's log", readFileSync(join(home, 'postgres', 'postgres.log'), 'utf8'));
      canaries.lookAtProcesses();
      expect(canaries.seen.splice(0), 'secrets that were shown').to.deep.equal([]);
    });

    it('when all goes well', async () => {
      const password = secrets.ownerPassword;
      const phone = newPhone();
      const pin = newPin();
      canaries.hide("a customer's phone", phone);
      canaries.hide('the same without its country', phone.slice(3));
      canaries.hide('a PIN', pin);
      const signedIn = await clientOf(url).post('/api/auth/login', { email: owner, password });
      expect(signedIn.status, signedIn.text).to.equal(200);
      const accessToken = keep('an access token', signedIn.body.accessToken);
      keep('a refresh token', signedIn.body.refreshToken);
      const me = clientOf(url, accessToken);
      const shop = `/api/shops/${signedIn.body.shops[0].id}`;
      expect((await me.put('/api/auth/profile', { pin, currentPassword: password })).status).to.equal(200);
      const { body: code } = await me.post(`${shop}/devices`, { name: 'Till 2' });
      canaries.hide('a pairing code over HTTP', code.code.replaceAll('-', ''));
      const paired = await clientOf(url).post('/api/devices/pair', { code: code.code });
      const device = { id: paired.body.device.id, token: keep('a device token', paired.body.deviceToken) };
      const byPin = await clientOf(url).post('/api/auth/pin', { userId: signedIn.body.user.id, pin, device });
      expect(byPin.status, byPin.text).to.equal(200);
      keep('an access token by PIN', byPin.body.accessToken);
      const product = await me.post(`${shop}/products`, { name: 'Kulfi', price: '50' });
      const sale = await me.post(`${shop}/orders`, {
        id: randomUUID(),
        items: [{ productId: product.body.id, quantity: 1, unitPrice: '40' }],
        paymentMethod: 'cash',
        customerPhone: phone,
        approval: { email: owner, password },
      });
      expect(sale.status, sale.text).to.equal(201);
      const found = await me.get(`${shop}/customers?phone=${encodeURIComponent(phone)}`);
      expect(found.body.data).to.have.length(1);
      const again = await clientOf(url).post('/api/auth/refresh', {
        refreshToken: tokens.get('a refresh token'),
      });
      expect(again.status).to.equal(200);
      keep('a second refresh token', again.body.refreshToken);
    });

    it('when what is sent is wrong', async () => {
      for (const [name, secret] of [...tokens, ...Object.entries(secrets)]) {
        const quoted = JSON.stringify(secret);
        const bearer = { authorization: `Bearer ${secret}` };
        const sent = [
          await post('/api/auth/login', { email: owner, password: `${secret.slice(0, 100)}x` }),
          await post('/api/auth/login', { email: `${secret.slice(0, 60)}@example.com`, password: 'x' }),
          await post('/api/auth/login', `{"email":"${owner}","password":${quoted}`),
          await post('/api/auth/login', `{"email":"${owner}","password":${quoted},}`),
          await post('/api/auth/login', `{"email":"${owner}","password":${quoted} "x"}`),
          await post('/api/auth/login', secret),
          await post('/api/auth/login', quoted.slice(0, -1)),
          await post('/api/auth/login', { email: owner, password: { value: secret } }),
          await post('/api/auth/login', { email: owner, password: [secret] }),
          await post('/api/auth/login', { email: { password: secret } }),
          await post('/api/auth/refresh', { refreshToken: `${secret}x` }),
          await post('/api/auth/register', {
            setupToken: secret.slice(0, 200),
            email: owner,
            name: 'x',
            password: 'long enough for an owner',
          }),
          await post('/api/devices/pair', { code: secret.slice(0, 20) }),
          await post(`/api/auth/login?password=${encodeURIComponent(secret)}`, {
            email: owner,
            password: 'x',
          }),
          await send('GET', `/api/auth/profile?token=${encodeURIComponent(secret)}`),
          await send('GET', `/api/auth/${encodeURIComponent(secret)}`),
          await send('GET', `/api/shops/${encodeURIComponent(secret)}`, { headers: bearer }),
          await send('GET', `/${encodeURIComponent(secret)}`),
          await send('GET', '/api/auth/profile', { headers: { authorization: `Basic ${btoa(secret)}` } }),
          await send('GET', '/api/auth/profile', { headers: { authorization: secret } }),
          await send('GET', '/api/auth/profile', {
            headers: { authorization: `Bearer ${secret.repeat(40)}` },
          }),
          await send('GET', '/api/auth/profile', {
            headers: { authorization: `Bearer ${secret.repeat(400)}` },
          }),
          await send('GET', '/api/auth/profile', {
            headers: { 'x-request-id': secret, cookie: `token=${secret}` },
          }),
        ];
        for (const [n, { status, text }] of sent.entries()) {
          expect(status, `${name}, request ${n}: ${text}`).to.be.within(400, 499);
        }
      }
    });

    it('when its port is taken, or its home is in use', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => taken.once('listening', resolve));
      const { port } = taken.address() as { port: number };
      const { code } = await run(['start', `--port=${port}`, '--host=127.0.0.1']);
      expect(code).to.not.equal(0);
      taken.close();
    });
  });

  it('stays unseen when the database goes away in the middle of it', async () => {
    const database = await testDatabase();
    const line = await startTcpProxy(database.url);
    const throughLine = new URL(database.url);
    throughLine.port = String(line.port);
    canaries.hide('the password of the database', decodeURIComponent(throughLine.password));
    const env = { SMOOCHO_HOME: tempHome(), DATABASE_URL: throughLine.href, ...TRACE };
    const redisPassword = newCanary('redis');
    canaries.hide('the password of a Redis that is away', redisPassword);
    const server = await startCli(
      ['--port=0', '--host=127.0.0.1', '--workers=2'],
      { ...env, REDIS_URL: `redis://user:${encodeURIComponent(redisPassword)}@127.0.0.1:1` },
      READY,
    );
    try {
      const setupToken = /[\w-]{43}/.exec(server.output())?.[0] as string;
      expect(setupToken, server.output()).to.be.a('string');
      const url = /http:\/\/\S+:\d+/.exec(server.output())?.[0] as string;
      const phone = newPhone();
      canaries.hide('a phone', phone);
      const password = secrets.ownerPassword;
      const client = clientOf(url);
      const claimed = await client.post('/api/auth/register', {
        ...{ email: owner, name: 'Asha', password, setupToken },
        shop: { name: 'Kulfi', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' },
      });
      expect(claimed.status, claimed.text).to.equal(201);
      canaries.hide('the setup token', setupToken);
      const { body } = await client.post('/api/auth/login', { email: owner, password });
      canaries.hide('an access token', body.accessToken);
      canaries.hide('a refresh token', body.refreshToken);
      const me = clientOf(url, body.accessToken);
      const shop = `/api/shops/${body.shops[0].id}`;
      const product = await me.post(`${shop}/products`, { name: 'Kulfi', price: '50' });
      const sale = () => ({
        id: randomUUID(),
        items: [{ productId: product.body.id, quantity: 1 }],
        paymentMethod: 'cash',
        customerPhone: phone,
        customerName: 'Meera',
      });
      const work = () => [
        me.post(`${shop}/orders`, sale()),
        client.post('/api/auth/login', { email: owner, password }),
        client.post('/api/auth/refresh', { refreshToken: body.refreshToken }),
        me.put('/api/auth/profile', { password: secrets.newPassword, currentPassword: password }),
        me.post(`${shop}/users`, {
          email: `${randomUUID()}@example.com`,
          name: 'x',
          role: 'cashier',
          password: secrets.newPassword,
          pin: newPin(),
        }),
        me.get(`${shop}/customers?phone=${encodeURIComponent(phone)}`),
      ];
      for (let n = 0; n < 6; n += 1) {
        const working = Promise.allSettled(work());
        await new Promise((resolve) => setTimeout(resolve, 20 * n));
        line.refuse();
        for (const answer of await working) {
          if (answer.status === 'fulfilled' && answer.value.status >= 400) {
            canaries.look('an answer without a database', answer.value.text);
          }
        }
        line.accept();
      }
      canaries.lookAtProcesses();
      expect(server.output(), 'nothing broke: then nothing was tried').to.include('"level":50');
    } finally {
      await server.stop();
      // The greeting shows it, once.
      canaries.look('what the server writes', server.output(), ['the setup token']);
      const shown = server.output().split(/[\w-]{43}/).length;
      expect(shown, 'how often something like the setup token was written').to.be.at.most(4);
      await line.close();
      await database.drop();
    }
  });

  it('lies in files that only their owner can read', () => {
    const open: string[] = [];
    const look = (folder: string) => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        const mode = statSync(path).mode & 0o777;
        const others = entry.isDirectory() ? 0o066 : 0o077;
        // A port is what everybody can find out.
        if (entry.name === 'port') continue;
        if ((mode & others) !== 0) open.push(`${path} ${mode.toString(8)}`);
        if (entry.isDirectory()) look(path);
      }
    };
    look(join(home, 'secrets'));
    look(join(home, 'postgres'));
    expect(open).to.deep.equal([]);
  });
});
