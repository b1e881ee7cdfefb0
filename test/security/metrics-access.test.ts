import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog } from '../../src/app.ts';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { startServer } from '../../src/server/server.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop } from '../support/factories.ts';
import { ask, type RawAnswer, say } from '../support/raw-http.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const TOKEN = 'metrics-token-that-nobody-guesses';

const gist = ({ status, code }: RawAnswer) => [status, code];
const NOTHING = [404, 'not_found'];

/** A proxy on this machine, as people write them; `says` are the headers that it adds. */
async function startProxy(target: string, says: Record<string, string>) {
  const server = createServer((from, to) => {
    const asked = request(`${target}${from.url}`, { headers: { ...from.headers, ...says } }, (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(to);
    });
    from.pipe(asked);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

describe('/metrics without a token', () => {
  let test: TestApp;

  before(async () => {
    test = await startTestApp({ env: { ALLOWED_HOSTS: 'shop.example.com' } });
  });
  after(() => test.close());

  it('is for programs of this machine', async () => {
    expect((await ask(test.url, '/metrics')).status).to.equal(200);
    expect((await ask(test.url, '/metrics', { host: 'localhost:8080' })).status).to.equal(200);
  });

  it('is not there for whom a proxy on this machine may speak', async () => {
    const hints: Record<string, string>[] = [
      { 'x-forwarded-for': '203.0.113.9' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-host': '127.0.0.1' },
      { 'x-forwarded-proto': 'https' },
      { 'x-real-ip': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { via: '1.1 caddy' },
      { host: 'shop.example.com' },
    ];
    for (const hint of hints)
      expect(gist(await ask(test.url, '/metrics', hint)), JSON.stringify(hint)).to.deep.equal(NOTHING);
    // As nginx asks where its settings say nothing.
    const old = await say(test.url, 'GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    expect(gist(old)).to.deep.equal(NOTHING);
    const proxies: Record<string, string>[] = [
      { 'x-forwarded-for': '203.0.113.9' },
      { host: 'shop.example.com' },
    ];
    for (const says of proxies) {
      const proxy = await startProxy(test.url, says);
      expect(gist(await ask(proxy.url, '/metrics')), JSON.stringify(says)).to.deep.equal(NOTHING);
      proxy.close();
    }
  });

  it('is not there for an owner, nor for a page of another site', async () => {
    const shop = await givenShop(test, 'OWNR');
    const authorization = `Bearer ${shop.owner.token}`;
    expect(gist(await ask(test.url, '/metrics', { authorization, host: 'shop.example.com' }))).to.deep.equal(
      NOTHING,
    );
    expect(gist(await ask(test.url, '/metrics', { origin: 'http://evil.example' }))).to.deep.equal([
      403,
      'origin_refused',
    ]);
    expect(gist(await ask(test.url, '/metrics', { host: 'evil.example' }))).to.deep.equal([
      421,
      'host_refused',
    ]);
  });

  it('is not there for the network, and not for a proxy that is named', async function () {
    const named = await startTestApp({ beside: test, env: { TRUSTED_PROXIES: '127.0.0.1' } });
    expect(gist(await ask(named.url, '/metrics'))).to.deep.equal(NOTHING);
    await named.close();

    const outer = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4');
    if (!outer) {
      console.log('    skipped: this machine has no address but the loopback');
      return this.skip();
    }
    const server = await startServer(test.app, '0.0.0.0', 0, { seals: false });
    try {
      const url = `http://${outer.address}:${server.port}`;
      expect(gist(await ask(url, '/metrics'))).to.deep.equal(NOTHING);
      const claims = { 'x-forwarded-for': '127.0.0.1', host: 'localhost' };
      expect(gist(await ask(url, '/metrics', claims))).to.deep.equal(NOTHING);
      expect(gist(await ask(url, '/metrics', { host: 'localhost' }))).to.deep.equal(NOTHING);
    } finally {
      await server.close();
    }
  });
});

describe('/metrics with a token', () => {
  let test: TestApp;
  const lines: string[] = [];

  before(async () => {
    const log = createLog(loadConfig({ home: '/nowhere' }, { LOG_LEVEL: 'trace' }), {
      write: (line) => void lines.push(line),
    });
    test = await startTestApp({ log, env: { METRICS_TOKEN: TOKEN, TRUSTED_PROXIES: '127.0.0.1' } });
  });
  after(() => test.close());

  it('is for whoever sends it, from wherever, and for nobody else', async () => {
    const sent = { authorization: `Bearer ${TOKEN}` };
    expect((await ask(test.url, '/metrics', sent)).status).to.equal(200);
    const { status, text } = await ask(test.url, '/metrics', { ...sent, 'x-forwarded-for': '203.0.113.9' });
    expect(status).to.equal(200);
    expect(text).to.include('smoocho_database_up');
    const wrong = ['', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN, 'Bearer x'];
    for (const authorization of wrong) {
      const answer = await ask(test.url, '/metrics', authorization === '' ? {} : { authorization });
      expect(gist(answer), authorization).to.deep.equal([401, 'unauthenticated']);
      expect(answer.headers['www-authenticate']).to.equal('Bearer');
      expect(answer.text).to.not.include(TOKEN.slice(1));
    }
    expect(gist(await ask(test.url, `/metrics?token=${TOKEN}`))).to.deep.equal([401, 'unauthenticated']);
    const shop = await givenShop(test, 'TOKN');
    const authorization = `Bearer ${shop.owner.token}`;
    expect(gist(await ask(test.url, '/metrics', { authorization }))).to.deep.equal([401, 'unauthenticated']);
    // Nor does it open anything else.
    expect(gist(await ask(test.url, '/api/auth/profile', sent))).to.deep.equal([401, 'unauthenticated']);
    expect(lines.length).to.be.above(5);
    expect(lines.join('')).to.not.include(TOKEN);
  });

  it('is guessed at no faster than other things', async () => {
    const env = { METRICS_TOKEN: TOKEN, REQUESTS_PER_SECOND: '1' };
    const busy = await startTestApp({ beside: test, env });
    const guesses = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask(busy.url, '/metrics', { authorization: `Bearer guess-${n}` })),
    );
    expect(new Set(guesses.map(({ status }) => status))).to.deep.equal(new Set([401, 429]));
    await busy.close();
  });

  it('that can not be read closes the metrics and not the shop, as on a new machine', async () => {
    const env = { METRICS_TOKEN_FILE: '/nowhere/metrics-token' };
    expect(loadConfig({ home: '/nowhere' }, env).metricsProblem).to.match(
      /^METRICS_TOKEN_FILE names \/nowhere\/metrics-token, which can't be read .*nobody may read \/metrics\.$/,
    );
    const server = await startTestApp({ beside: test, env });
    expect(gist(await ask(server.url, '/metrics'))).to.deep.equal(NOTHING);
    expect((await ask(server.url, '/readyz')).status).to.equal(200);
    await server.close();
  });

  it('is read from a file too, and refused where it is short, without being repeated', () => {
    const folder = tempFolder();
    const path = join(folder, 'token');
    writeFileSync(path, `${TOKEN}\n`);
    expect(loadConfig({ home: folder }, { METRICS_TOKEN_FILE: path }).metricsToken).to.equal(TOKEN);
    expect(loadConfig({ home: folder }, {}).metricsToken).to.equal(undefined);
    for (const token of ['secret', 'with a space in the middle of it', 'ü'.repeat(20)]) {
      expect(() => loadConfig({ home: folder }, { METRICS_TOKEN: token }))
        .to.throw(ConfigError, /^METRICS_TOKEN must have 16 to 256/)
        .with.property('message')
        .that.does.not.include(token);
    }
    removeFolder(folder);
  });
});
