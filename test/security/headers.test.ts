import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { JSON_TYPE } from '../support/client.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { ask, openConnection, type RawAnswer, say } from '../support/raw-http.ts';

const SECURITY = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
const FEED = '/socket.io/?EIO=4&transport=';
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

describe('security headers', () => {
  let test: TestApp;
  let shop: TestShop;
  let auth: { authorization: string };
  let order: object;

  before(async () => {
    test = await startTestApp({
      env: { ALLOWED_ORIGINS: 'https://till.example.com' },
      timeouts: { headersMs: 300, lookMs: 50 },
    });
    shop = await givenShop(test, 'HEAD');
    order = saleOf(await givenProduct(shop));
    auth = { authorization: `Bearer ${shop.manager.token}` };
  });
  after(() => test.close());

  const get = (path: string, headers: Record<string, string | string[]> = {}) => ask(test.url, path, headers);
  const send = (method: string, path: string, body = '', headers = {}) =>
    ask(test.url, path, { ...auth, ...JSON_TYPE, ...headers }, { method, body });

  const answers: [what: string, status: number, answer: () => Promise<RawAnswer>][] = [
    ['a health check', 200, () => get('/healthz')],
    ['data', 200, () => get(shop.path, auth)],
    ['what was made', 201, () => send('POST', `${shop.path}/orders`, JSON.stringify(order))],
    ['a report as CSV', 200, () => get(`${shop.path}/reports/sales`, { ...auth, accept: 'text/csv' })],
    ['the OpenAPI document', 200, () => get('/api/openapi.json')],
    [
      'an answer without a body',
      204,
      () => ask(test.url, '/api/auth/logout', signedOut(), { method: 'POST' }),
    ],
    ['HEAD', 200, () => ask(test.url, '/healthz', {}, { method: 'HEAD' })],
    ['OPTIONS', 200, () => ask(test.url, '/api/shops', {}, { method: 'OPTIONS' })],
    ['a preflight', 204, () => ask(test.url, '/api/shops', preflight, { method: 'OPTIONS' })],
    ['an unknown expectation', 200, () => get('/healthz', { expect: 'miracles' })],
    ['bad JSON', 400, () => send('POST', '/api/shops', '{', owned())],
    ['no token', 401, () => get('/api/shops')],
    ['too small a role', 403, () => send('POST', '/api/shops', '{}')],
    ['a foreign page', 403, () => get('/healthz', { origin: 'https://evil.example' })],
    ['nothing there', 404, () => get('/nowhere')],
    ['no such method', 405, () => send('PATCH', '/api/shops')],
    ['no such format', 406, () => get(`${shop.path}/reports/sales`, { ...auth, accept: 'image/png' })],
    ['too large a body', 413, () => send('POST', `${shop.path}/orders`, 'x'.repeat(300_000))],
    ['another type', 415, () => send('POST', `${shop.path}/orders`, 'x', { 'content-type': 'text/plain' })],
    ['a foreign name', 421, () => get('/healthz', { host: 'evil.example' })],
    ['wrong fields', 422, () => send('POST', `${shop.path}/orders`, '{}')],
    ['Socket.io', 200, () => get(`${FEED}polling`)],
    ["Socket.io's own refusal", 400, () => get(`${FEED}pigeon`)],
    ['a connection of the live feed', 101, () => get(`${FEED}websocket`, UPGRADE)],
    [
      'one that is refused',
      403,
      () => get(`${FEED}websocket`, { ...UPGRADE, origin: 'https://evil.example' }),
    ],
    ['what is no HTTP', 400, () => say(test.url, 'what?\r\n\r\n')],
    ['two lengths', 400, () => say(test.url, head('Content-Length: 1\r\nContent-Length: 2\r\n'))],
    [
      'a length and chunks',
      400,
      () => say(test.url, head('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n')),
    ],
    ['a header that is folded', 400, () => say(test.url, head('X-A: b\r\n c\r\n'))],
    ['too many headers', 431, () => say(test.url, head(`X-A: ${'x'.repeat(17_000)}\r\n`))],
    ['headers that take too long', 408, () => say(test.url, 'POST / HTTP/1.1\r\nHost: localhost\r\n')],
  ];
  const head = (lines: string) => `POST /healthz HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`;
  const preflight = { origin: 'https://till.example.com', 'access-control-request-method': 'PUT' };
  const owned = () => ({ authorization: `Bearer ${shop.owner.token}` });
  const signedOut = () => ({ authorization: `Bearer ${shop.cashier.token}` });

  for (const [what, status, answer] of answers) {
    it(`are on ${what} (${status})`, async () => {
      const { status: got, headers, text, code } = await answer();
      expect(got, text).to.equal(status);
      expect(headers).to.include(SECURITY);
      for (const telling of ['server', 'x-powered-by']) expect(headers).to.not.have.property(telling);
      if (what.includes('Socket.io') || status === 101) return;
      expect(headers['x-request-id']).to.match(/^[\da-f-]{36}$/);
      if (status < 400) return;
      expect(headers['content-type']).to.equal('application/problem+json');
      expect(code).to.be.a('string');
      expect(JSON.parse(text).instance).to.equal(headers['x-request-id']);
    });
  }

  it('are not written into the middle of another answer', async () => {
    const large = 'GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const connection = await openConnection(test.url, `${large.repeat(20)}rubbish\r\n\r\n`);
    await connection.closed;
    const bodies = connection
      .received()
      .split(/HTTP\/1\.1 \d{3} [^\r]*\r\n/)
      .slice(1);
    for (const body of bodies.slice(0, -1)) {
      expect(Number(/Content-Length: (\d+)/i.exec(body)?.[1])).to.equal(
        Buffer.byteLength(body.slice(body.indexOf('\r\n\r\n') + 4)),
      );
    }
  });
});
