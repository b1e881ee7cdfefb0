import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask } from '../support/raw-http.ts';

const TILL = 'https://till.example.com';
const APP = 'capacitor://localhost';
const FEED = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const corsOf = (headers: object) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

describe('pages of other sites', () => {
  let test: TestApp;

  before(async () => {
    test = await startTestApp({ env: { ALLOWED_ORIGINS: `${TILL}, ${APP}` } });
  });
  after(() => test.close());

  const others = [
    'https://evil.example',
    'http://till.example.com',
    'https://till.example.com:8443',
    'https://till.example.com.evil.example',
    'https://till.example.com/',
    'https://TILL.example.com',
    'null',
    'file://',
    '*',
    '',
    `${TILL}, https://evil.example`,
  ];

  it('are refused on every path, and no header lets a browser show them the answer', async () => {
    for (const origin of others.filter(Boolean)) {
      for (const path of ['/healthz', '/api/shops', '/nowhere', FEED]) {
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const { status, code, headers } = await ask(
            test.url,
            path,
            { origin, 'access-control-request-method': 'POST' },
            { method },
          );
          expect([status, code], `${method} ${path} ${origin}`).to.deep.equal([403, 'origin_refused']);
          expect(corsOf(headers)).to.deep.equal({});
          expect(headers.vary).to.equal('Origin');
        }
      }
    }
  });

  it('open no socket', async () => {
    for (const origin of others.filter(Boolean)) {
      const { status, code } = await ask(test.url, WEBSOCKET, { ...UPGRADE, origin });
      expect([status, code], origin).to.deep.equal([403, 'origin_refused']);
    }
    for (const origin of [test.url, TILL, APP]) {
      expect((await ask(test.url, WEBSOCKET, { ...UPGRADE, origin })).status, origin).to.equal(101);
    }
  });

  it('may use it when they are listed: exactly they, without credentials, with errors that can be read', async () => {
    for (const origin of [TILL, APP]) {
      for (const [path, status] of [
        ['/healthz', 200],
        ['/api/shops', 401],
        ['/nowhere', 404],
        [FEED, 200],
      ] as const) {
        const answer = await ask(test.url, path, { origin });
        expect(answer.status, path).to.equal(status);
        expect(corsOf(answer.headers)).to.deep.equal({
          'access-control-allow-origin': origin,
          'access-control-expose-headers':
            'ETag, X-Request-Id, X-As-Of, Retry-After, RateLimit, RateLimit-Policy',
        });
        expect(answer.headers.vary).to.equal('Origin');
      }
    }
  });

  it('that are listed are told what they may send, before they send it', async () => {
    const asked = {
      origin: TILL,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-type',
    };
    const { status, text, headers } = await ask(test.url, '/api/shops', asked, { method: 'OPTIONS' });
    expect([status, text]).to.deep.equal([204, '']);
    expect(corsOf(headers)).to.deep.equal({
      'access-control-allow-origin': TILL,
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key, If-Match',
      'access-control-expose-headers':
        'ETag, X-Request-Id, X-As-Of, Retry-After, RateLimit, RateLimit-Policy',
      'access-control-max-age': '600',
    });
  });
});

describe("the server's own pages", () => {
  let test: TestApp;

  before(async () => {
    test = await startTestApp({ env: { ALLOWED_HOSTS: 'shop.example.com' } });
  });
  after(() => test.close());

  it('may use it, whatever takes the TLS off before it, and need no permission of a browser', async () => {
    const { host } = new URL(test.url);
    for (const [origin, called] of [
      [test.url, host],
      ['https://shop.example.com', 'shop.example.com'],
      ['http://shop.example.com', 'shop.example.com:80'],
      ['https://shop.example.com:8443', 'shop.example.com:8443'],
    ] as const) {
      const { status, headers } = await ask(test.url, '/healthz', { origin, host: called });
      expect([status, corsOf(headers)], origin).to.deep.equal([200, {}]);
      expect((await ask(test.url, FEED, { origin, host: called })).status, origin).to.equal(200);
    }
  });

  it('are of one port: another one is another site', async () => {
    const { hostname, host } = new URL(test.url);
    for (const origin of [`http://${hostname}:1`, `http://${hostname}`, 'http://shop.example.com']) {
      expect((await ask(test.url, '/healthz', { origin, host })).code, origin).to.equal('origin_refused');
    }
  });
});
