import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { io } from 'socket.io-client';
import type { Names } from '../../src/tls/names.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { requirePrograms } from '../support/programs.ts';
import { ask, openConnection } from '../support/raw-http.ts';

const run = promisify(execFile);
/** As those of the server, but short; a busy machine still has to agree on TLS within them. */
const timeouts = { headersMs: 2_000, handshakeMs: 2_000, lookMs: 100 };
const NAMES: Names = { dns: ['localhost', 'shop.local'], addresses: ['127.0.0.1'] };

describe('HTTPS in the shop', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;
  let names = NAMES;
  let ca: string;

  before(async () => {
    const https = { lookMs: 20, findNames: () => names };
    const env = { ALLOWED_HOSTS: 'shop.local', CONNECTIONS_PER_ADDRESS: '40' };
    test = await startTestApp({ https, env, timeouts });
    ca = test.certificates?.authority?.pem as string;
    shop = await givenShop(test, 'SAFE');
  });
  after(() => test.close());

  const port = () => Number(new URL(test.secureUrl).port);
  const caFile = () => {
    const path = join(test.home, 'ca.pem');
    writeFileSync(path, ca);
    return path;
  };

  type Asked = { status: number; headers: Record<string, unknown>; text: string; serial: string };
  /** Asks over TLS, trusting the shop's root alone. */
  async function askSafely(
    path: string,
    headers: Record<string, string> = {},
    host = '127.0.0.1',
  ): Promise<Asked> {
    // An address is no server name (RFC 6066 §3).
    const named = host === '127.0.0.1' ? {} : { servername: host };
    const sent = request({
      host: '127.0.0.1',
      ...named,
      port: port(),
      path,
      headers,
      ca,
      agent: false,
    });
    if (host === '127.0.0.1') sent.setHeader('host', `127.0.0.1:${port()}`);
    sent.end();
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    const serial = (response.socket as TLSSocket).getPeerCertificate?.()?.serialNumber ?? '';
    return { status: response.statusCode, headers: response.headers, text, serial };
  }

  /** A connection that has agreed on TLS. */
  async function openSafely(): Promise<{ socket: TLSSocket; received(): string; closed: Promise<unknown> }> {
    const socket = connect({ host: '127.0.0.1', port: port(), ca, servername: 'localhost' });
    let received = '';
    socket.setEncoding('utf8').on('data', (text) => {
      received += text;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await Promise.race([new Promise((resolve) => socket.once('secureConnect', resolve)), closed]);
    return { socket, received: () => received, closed };
  }

  it('answers curl and Node by name and by address, who trust its root and nothing else', async function () {
    requirePrograms(this, 'curl');
    for (const host of ['127.0.0.1', 'localhost', 'shop.local']) {
      const url = `https://${host}:${port()}/healthz`;
      const resolve = ['--resolve', `${host}:${port()}:127.0.0.1`];
      const { stdout } = await run('curl', ['-sS', '--cacert', caFile(), ...resolve, url]);
      expect(stdout, host).to.equal('{"status":"ok"}');
    }
    expect((await askSafely('/readyz')).status).to.equal(200);
    // Who does not trust it, or calls it by a name that is not its own, gets nothing.
    const distrust = await run('curl', ['-sS', `${test.secureUrl}/healthz`]).catch((error) => error);
    expect(distrust.code).to.equal(60);
    const resolve = ['--resolve', `other.local:${port()}:127.0.0.1`];
    const other = ['-sS', '--cacert', caFile(), ...resolve, `https://other.local:${port()}/healthz`];
    expect((await run('curl', other).catch((error) => error)).code).to.equal(60);
  });

  it('answers Python, at its strictest', async function () {
    requirePrograms(this, 'python3');
    const script = `import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= getattr(ssl, 'VERIFY_X509_STRICT', 0)
print(urllib.request.urlopen(sys.argv[2], context=context, timeout=10).read().decode())`;
    const asked = await run('python3', ['-c', script, caFile(), `${test.secureUrl}/healthz`]);
    expect(asked.stdout).to.equal('{"status":"ok"}\n');
  });

  it('speaks TLS 1.2 and 1.3 and nothing older', async () => {
    for (const [version, works] of [
      ['TLSv1.3', true],
      ['TLSv1.2', true],
      ['TLSv1.1', false],
    ] as const) {
      const ciphers = 'DEFAULT@SECLEVEL=0';
      const options = { minVersion: version, maxVersion: version, ca, servername: 'localhost', ciphers };
      const socket = connect({ host: '127.0.0.1', port: port(), ...options });
      const outcome = await Promise.race([
        once(socket, 'secureConnect').then(() => true),
        once(socket, 'close').then(() => false),
      ]).catch(() => false);
      socket.destroy();
      expect(outcome, version).to.equal(works);
    }
  });

  it('sells, with the same answers as HTTP, which goes on beside it and is not redirected', async () => {
    const product = await givenProduct(shop);
    const plain = await ask(test.url, '/healthz');
    const safe = await askSafely('/healthz');
    expect([plain.status, safe.status, plain.text]).to.deep.equal([200, 200, safe.text]);
    // A browser would hold it against the plain port of that name, too.
    for (const { headers } of [plain, safe])
      expect(headers).to.not.have.property('strict-transport-security');
    const keep = ['cache-control', 'content-security-policy', 'x-content-type-options'];
    for (const name of keep) expect(safe.headers[name]).to.equal(plain.headers[name]);
    const order = JSON.stringify(saleOf(product));
    const head = [
      '-H',
      `Authorization: Bearer ${shop.cashier.token}`,
      '-H',
      'Content-Type: application/json',
    ];
    const url = `${test.secureUrl}${shop.path}/orders`;
    const { stdout } = await run('curl', ['-sS', '--cacert', caFile(), ...head, '-d', order, url]);
    expect(JSON.parse(stdout).status).to.equal('completed');
  });

  it('takes pages of its own origin, which is https, and no others', async () => {
    const own = `127.0.0.1:${port()}`;
    expect((await askSafely('/healthz', { origin: `https://${own}` })).status).to.equal(200);
    for (const origin of [`http://${own}`, test.url, 'https://evil.example', 'null'])
      expect((await askSafely('/healthz', { origin })).status, origin).to.equal(403);
    expect((await askSafely('/healthz', { host: 'evil.example' }, 'localhost')).status).to.equal(421);
  });

  it('carries the live feed, beside that of HTTP', async () => {
    const product = await givenProduct(shop);
    const auth = { token: shop.cashier.token, shopId: shop.id };
    const feeds = [
      io(test.secureUrl, { auth, transports: ['websocket'], ca, forceNew: true } as object),
      io(test.url, { auth, transports: ['websocket'], forceNew: true }),
      io(test.secureUrl, { auth, transports: ['polling'], ca, forceNew: true } as object),
    ];
    const seen = feeds.map((feed) => once(feed as never, 'order_created'));
    await Promise.all(feeds.map((feed) => new Promise<void>((resolve) => feed.once('connect', resolve))));
    const { body } = await shop.cashier.post(`${shop.path}/orders`, saleOf(product));
    for (const [event] of await Promise.all(seen)) expect(event.data.id).to.equal(body.id);
    for (const feed of feeds) feed.disconnect();
  });

  it('shows another certificate to whoever comes after a change of address; who is connected stays', async () => {
    const feed = io(test.secureUrl, {
      auth: { token: shop.cashier.token, shopId: shop.id },
      transports: ['websocket'],
      ca,
      forceNew: true,
    } as object);
    let isCut = false;
    await new Promise<void>((resolve) => feed.once('connect', resolve));
    feed.once('disconnect', () => {
      isCut = true;
    });
    const before = await openSafely();
    const { serialNumber } = before.socket.getPeerCertificate();
    let answers = 0;
    // Asked again and again: one that says nothing for two seconds is cut.
    const askBefore = async () => {
      before.socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\n\r\n`);
      answers += 1;
      await until(() => before.received().split('{"status":"ok"}').length > answers);
    };
    await askBefore();
    names = { ...NAMES, addresses: ['127.0.0.1', '10.99.0.1'] };
    await until(async () => {
      await askBefore();
      return (await askSafely('/healthz')).serial !== serialNumber;
    });
    await askBefore();
    expect(isCut).to.equal(false);
    feed.disconnect();
    before.socket.destroy();
  });

  it('gives the root to devices, too, and a page that says that all is well', async () => {
    expect((await askSafely('/ca.pem')).text).to.equal(ca);
    expect((await askSafely('/ca')).text).to.include('You read this over HTTPS');
  });

  describe('holds slow and greedy clients to the bounds of HTTP', () => {
    const silent = async (said: string | Buffer) => {
      const connection = await openConnection(test.secureUrl);
      connection.socket.write(said);
      return connection;
    };

    it('who never agree on TLS, or never begin', async () => {
      // The beginning of a handshake, byte by byte no further.
      const all = await Promise.all([silent(''), silent(Buffer.from('160301', 'hex')), silent('\x16')]);
      // By itself Node waits two minutes.
      for (const { closed } of all) expect(await closed).to.be.below(20_000);
    });

    it('who speak HTTP or rubbish to it', async () => {
      for (const said of [
        'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'rubbish\r\n\r\n',
        Buffer.alloc(4096, 7),
      ]) {
        const connection = await silent(said);
        await connection.closed;
        expect(connection.received()).to.not.include('HTTP/1.1 200');
      }
      expect((await askSafely('/healthz')).status).to.equal(200);
    });

    it('who never finish their headers, with an answer', async () => {
      const { socket, received, closed } = await openSafely();
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
      await closed;
      expect(received())
        .to.match(/^HTTP\/1\.1 408 /)
        .and.include('urn:smoocho:problem:request_timeout');
      const large = await openSafely();
      large.socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ${'x'.repeat(17_000)}\r\n\r\n`);
      await large.closed;
      expect(large.received()).to.match(/^HTTP\/1\.1 431 /);
    });

    it('who open many connections, of both kinds together, and again once those are closed', async () => {
      // Of the tests before, some may still be on their way out.
      const plain = await Promise.all(Array.from({ length: 20 }, () => openConnection(test.url)));
      const safe = await Promise.all(Array.from({ length: 30 }, () => openSafely()));
      const isOpen = ({ destroyed }: Socket) => !destroyed;
      await until(() => safe.filter(({ socket }) => isOpen(socket)).length <= 20);
      for (const { socket } of [...plain, ...safe]) socket.destroy();
      await Promise.all([...plain, ...safe].map(({ closed }) => closed));
      await until(async () => (await askSafely('/healthz').catch(() => ({ status: 0 }))).status === 200);
      // Each that was closed is counted no more: as many as before can come.
      await until(async () => {
        const again = await Promise.all(Array.from({ length: 35 }, () => openSafely()));
        const count = again.filter(({ socket }) => isOpen(socket)).length;
        for (const { socket } of again) socket.destroy();
        return count === 35;
      });
    });
  });

  it('is closed in time, whatever is half open', async () => {
    const other = await startTestApp({
      https: { findNames: () => NAMES },
      timeouts: { handshakeMs: 60_000 },
    });
    const half = connectPlain(Number(new URL(other.secureUrl).port), '127.0.0.1');
    await once(half, 'connect');
    half.on('error', () => {});
    const begun = performance.now();
    await other.close();
    // Less than its handshake may take.
    expect(performance.now() - begun).to.be.below(30_000);
    half.destroy();
  });
});
