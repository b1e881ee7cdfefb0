import { hostname } from 'node:os';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, say } from '../support/raw-http.ts';

const FEED = '/socket.io/?EIO=4&transport=polling';
const PATHS = ['/healthz', '/readyz', '/api/shops', '/api/openapi.json', '/nowhere', FEED];
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

describe('the name that this server is called by', () => {
  let test: TestApp;

  before(async () => {
    test = await startTestApp({ env: { ALLOWED_HOSTS: 'till.example.com, Kasse.Müller.de' } });
  });
  after(() => test.close());

  const port = () => new URL(test.url).port;

  it('may be an address, localhost, its own name or one that is listed, with any port', async () => {
    const own = hostname();
    const names = [
      '127.0.0.1',
      '10.1.2.3',
      '[::1]',
      '[fe80::1]',
      'localhost',
      'LOCALHOST',
      'localhost.',
      own,
    ];
    for (const name of [
      ...names,
      `${own.split('.')[0]}.local`,
      'till.example.com',
      'kasse.xn--mller-kva.de',
    ]) {
      for (const host of [name, `${name}:${port()}`, `${name}:443`]) {
        expect((await ask(test.url, '/healthz', { host })).status, host).to.equal(200);
        expect((await ask(test.url, FEED, { host })).status, host).to.equal(200);
      }
    }
  });

  it('may be no other, on no path: a page that makes its own name lead here gets nothing', async () => {
    const names = [
      'evil.example',
      'till.example.com.evil.example',
      'xtill.example.com',
      'localhost.evil.example',
    ];
    const odd = [
      '127.0.0.1.evil.example',
      '127.0.0.1@evil.example',
      'evil.example#127.0.0.1',
      'a b',
      '[::1',
      ':80',
    ];
    for (const host of [...names, ...odd, 'localhost:80:80', 'localhost,evil.example']) {
      for (const path of PATHS) {
        const { status, code, text } = await ask(test.url, path, { host });
        expect([status, code], `${host} ${path}`).to.deep.equal([421, 'host_refused']);
        expect(JSON.parse(text).detail).to.include('allowedHosts');
      }
    }
  });

  it('is looked at before a socket is let in', async () => {
    const path = '/socket.io/?EIO=4&transport=websocket';
    const { status, code } = await ask(test.url, path, { ...UPGRADE, host: 'evil.example' });
    expect([status, code]).to.deep.equal([421, 'host_refused']);
    expect((await ask(test.url, path, { ...UPGRADE, host: `localhost:${port()}` })).status).to.equal(101);
  });

  it('has to be said once', async () => {
    const without = [
      'GET /healthz HTTP/1.1\r\n',
      'GET /healthz HTTP/1.1\r\nHost:\r\n',
      'GET /api/shops HTTP/1.0\r\n',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n',
    ];
    for (const head of without) {
      const { status, code } = await say(test.url, `${head}Connection: close\r\n\r\n`);
      expect([status, code], head).to.deep.equal([400, 'bad_request']);
    }
  });

  it('is not taken from who offers another protocol: they are answered in this one', async () => {
    for (const path of ['/healthz', '/api/openapi.json']) {
      const { status } = await ask(test.url, path, { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' });
      expect(status).to.equal(200);
    }
  });
});
