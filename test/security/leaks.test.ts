import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { newCanary } from '../support/canaries.ts';
import { startCli } from '../support/cli.ts';
import { clientOf, JSON_TYPE, type RawRequest } from '../support/client.ts';
import { testDatabase } from '../support/database.ts';
import {
  givenSecretive,
  newPhone,
  newPin,
  OWNER,
  READY,
  type Secretive,
  TRACE,
  urlOf,
} from '../support/secretive.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

describe('what nobody may see, in what a server does', function () {
  this.timeout(180_000);
  let test: Secretive;

  before(async () => {
    test = await givenSecretive();
  });
  after(() => test?.close());
  afterEach(() => {
    expect(test.canaries.seen.splice(0), 'secrets that were shown').to.deep.equal([]);
  });

  describe('in what the server writes and answers', () => {
    const tokens = new Map<string, string>();

    /** A request as it comes; of an answer that refuses it, all is looked at. */
    async function send(method: string, path: string, { body, headers = {} }: RawRequest = {}) {
      const response = await fetch(`${test.url}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      if (response.status >= 400) {
        test.canaries.look(
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
      test.canaries.hide(name, token);
      tokens.set(name, token);
      return token;
    }

    afterEach(() => {
      test.canaries.look('what the server writes', test.server.output());
      test.canaries.look(
        "PostgreSQL's log",
        readFileSync(join(test.home, 'postgres', 'postgres.log'), 'utf8'),
      );
      test.canaries.lookAtProcesses();
      expect(test.canaries.seen.splice(0), 'secrets that were shown').to.deep.equal([]);
    });

    it('when all goes well', async () => {
      const password = test.secrets.ownerPassword;
      const phone = newPhone();
      const pin = newPin();
      test.canaries.hide("a customer's phone", phone);
      test.canaries.hide('the same without its country', phone.slice(3));
      test.canaries.hide('a PIN', pin);
      const signedIn = await clientOf(test.url).post('/api/auth/login', { email: OWNER, password });
      expect(signedIn.status, signedIn.text).to.equal(200);
      const accessToken = keep('an access token', signedIn.body.accessToken);
      keep('a refresh token', signedIn.body.refreshToken);
      const me = clientOf(test.url, accessToken);
      const shop = `/api/shops/${signedIn.body.shops[0].id}`;
      expect((await me.put('/api/auth/profile', { pin, currentPassword: password })).status).to.equal(200);
      const { body: code } = await me.post(`${shop}/devices`, { name: 'Till 2' });
      test.canaries.hide('a pairing code over HTTP', code.code.replaceAll('-', ''));
      const paired = await clientOf(test.url).post('/api/devices/pair', { code: code.code });
      const device = { id: paired.body.device.id, token: keep('a device token', paired.body.deviceToken) };
      const byPin = await clientOf(test.url).post('/api/auth/pin', {
        userId: signedIn.body.user.id,
        pin,
        device,
      });
      expect(byPin.status, byPin.text).to.equal(200);
      keep('an access token by PIN', byPin.body.accessToken);
      const product = await me.post(`${shop}/products`, { name: 'Kulfi', price: '50' });
      const sale = await me.post(`${shop}/orders`, {
        id: randomUUID(),
        items: [{ productId: product.body.id, quantity: 1, unitPrice: '40' }],
        paymentMethod: 'cash',
        customerPhone: phone,
        approval: { email: OWNER, password },
      });
      expect(sale.status, sale.text).to.equal(201);
      const found = await me.get(`${shop}/customers?phone=${encodeURIComponent(phone)}`);
      expect(found.body.data).to.have.length(1);
      const contact = { email: `c${newPin()}@example.com`, address: newCanary('address') };
      for (const [name, text] of Object.entries(contact)) test.canaries.hide(`a customer's ${name}`, text);
      const kept = await me.put(`${shop}/customers/${found.body.data[0].id}`, contact);
      expect(kept.status, kept.text).to.equal(200);
      const again = await clientOf(test.url).post('/api/auth/refresh', {
        refreshToken: tokens.get('a refresh token'),
      });
      expect(again.status).to.equal(200);
      keep('a second refresh token', again.body.refreshToken);
    });

    it('when what is sent is wrong', async () => {
      for (const [name, secret] of [...tokens, ...Object.entries(test.secrets)]) {
        const quoted = JSON.stringify(secret);
        const bearer = { authorization: `Bearer ${secret}` };
        const sent = [
          await post('/api/auth/login', { email: OWNER, password: `${secret.slice(0, 100)}x` }),
          await post('/api/auth/login', { email: `${secret.slice(0, 60)}@example.com`, password: 'x' }),
          await post('/api/auth/login', `{"email":"${OWNER}","password":${quoted}`),
          await post('/api/auth/login', `{"email":"${OWNER}","password":${quoted},}`),
          await post('/api/auth/login', `{"email":"${OWNER}","password":${quoted} "x"}`),
          await post('/api/auth/login', secret),
          await post('/api/auth/login', quoted.slice(0, -1)),
          await post('/api/auth/login', { email: OWNER, password: { value: secret } }),
          await post('/api/auth/login', { email: OWNER, password: [secret] }),
          await post('/api/auth/login', { email: { password: secret } }),
          await post('/api/auth/refresh', { refreshToken: `${secret}x` }),
          await post('/api/auth/register', {
            setupToken: secret.slice(0, 200),
            email: OWNER,
            name: 'x',
            password: 'long enough for an owner',
          }),
          await post('/api/devices/pair', { code: secret.slice(0, 20) }),
          await post(`/api/auth/login?password=${encodeURIComponent(secret)}`, {
            email: OWNER,
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
      const { code } = await test.run(['start', `--port=${port}`, '--host=127.0.0.1']);
      expect(code).to.not.equal(0);
      taken.close();
    });
  });

  it('stays unseen when the database goes away in the middle of it', async () => {
    const database = await testDatabase();
    const line = await startTcpProxy(database.url);
    const throughLine = new URL(database.url);
    throughLine.port = String(line.port);
    test.canaries.hide('the password of the database', decodeURIComponent(throughLine.password));
    const env = { SMOOCHO_HOME: test.otherHome(), DATABASE_URL: throughLine.href, ...TRACE };
    const redisPassword = newCanary('redis');
    test.canaries.hide('the password of a Redis that is away', redisPassword);
    const server = await startCli(
      ['--port=0', '--host=127.0.0.1', '--workers=2'],
      { ...env, REDIS_URL: `redis://user:${encodeURIComponent(redisPassword)}@127.0.0.1:1` },
      READY,
    );
    try {
      const setupToken = /[\w-]{43}/.exec(server.output())?.[0] as string;
      expect(setupToken, server.output()).to.be.a('string');
      const url = urlOf(server);
      const phone = newPhone();
      test.canaries.hide('a phone', phone);
      const password = test.secrets.ownerPassword;
      const client = clientOf(url);
      const claimed = await client.post('/api/auth/register', {
        ...{ email: OWNER, name: 'Asha', password, setupToken },
        shop: { name: 'Kulfi', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' },
      });
      expect(claimed.status, claimed.text).to.equal(201);
      test.canaries.hide('the setup token', setupToken);
      const { body } = await client.post('/api/auth/login', { email: OWNER, password });
      test.canaries.hide('an access token', body.accessToken);
      test.canaries.hide('a refresh token', body.refreshToken);
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
        client.post('/api/auth/login', { email: OWNER, password }),
        client.post('/api/auth/refresh', { refreshToken: body.refreshToken }),
        me.put('/api/auth/profile', { password: test.secrets.newPassword, currentPassword: password }),
        me.post(`${shop}/users`, {
          email: `${randomUUID()}@example.com`,
          name: 'x',
          role: 'cashier',
          password: test.secrets.newPassword,
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
            test.canaries.look('an answer without a database', answer.value.text);
          }
        }
        line.accept();
      }
      test.canaries.lookAtProcesses();
      expect(server.output(), 'nothing broke: then nothing was tried').to.include('"level":50');
    } finally {
      await server.stop();
      // The greeting shows it, once.
      test.canaries.look('what the server writes', server.output(), ['the setup token']);
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
        // Links to PostgreSQL's programs, as they are published.
        if (entry.name.startsWith('linked-')) continue;
        if ((mode & others) !== 0) open.push(`${path} ${mode.toString(8)}`);
        if (entry.isDirectory()) look(path);
      }
    };
    look(join(test.home, 'secrets'));
    look(join(test.home, 'postgres'));
    expect(open).to.deep.equal([]);
  });
});
