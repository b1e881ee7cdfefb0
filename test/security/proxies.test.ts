import { expect } from 'chai';
import { readCallers } from '../../src/server/edge/callers.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { JSON_TYPE } from '../support/client.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { ask } from '../support/raw-http.ts';

/** Signs in through whatever the headers say, and gives the address that the session has. */
async function addressSeen(test: TestApp, shop: TestShop, headers: Record<string, string>): Promise<string> {
  const body = JSON.stringify({ email: shop.emails.cashier, password: PASSWORD });
  const { text } = await ask(
    test.url,
    '/api/auth/login',
    { ...JSON_TYPE, ...headers },
    { method: 'POST', body },
  );
  const { accessToken } = JSON.parse(text);
  const db = await test.database.connect();
  const { sid } = JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url').toString());
  const { rows } = await db.query('SELECT address FROM sessions WHERE id = $1', [sid]);
  return rows[0].address;
}

describe('what proxies say', () => {
  describe('without any that is named', () => {
    let test: TestApp;
    let shop: TestShop;

    before(async () => {
      test = await startTestApp();
      shop = await givenShop(test, 'BARE');
    });
    after(() => test.close());

    it('is believed of nobody', async () => {
      const said = {
        'x-forwarded-for': '203.0.113.9',
        forwarded: 'for=203.0.113.9',
        'x-real-ip': '203.0.113.9',
      };
      expect(await addressSeen(test, shop, said)).to.equal('127.0.0.1');
      const named = { 'x-forwarded-host': 'evil.example', origin: 'http://evil.example' };
      expect((await ask(test.url, '/healthz', named)).code).to.equal('origin_refused');
      const { headers } = await ask(test.url, '/healthz', { 'x-forwarded-proto': 'https' });
      expect(headers).to.not.have.property('strict-transport-security');
    });
  });

  describe('by one that is named', () => {
    let test: TestApp;
    let shop: TestShop;

    before(async () => {
      const env = { TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.2', ALLOWED_HOSTS: 'shop.example.com' };
      test = await startTestApp({ env });
      shop = await givenShop(test, 'PROX');
    });
    after(() => test.close());

    it('is believed as far as the last one: what the caller wrote itself is not', async () => {
      const chains: [chain: string, address: string][] = [
        ['203.0.113.9', '203.0.113.9'],
        ['198.51.100.1, 203.0.113.9', '203.0.113.9'],
        ['203.0.113.9, 10.0.0.2', '203.0.113.9'],
        ['::ffff:203.0.113.9', '203.0.113.9'],
        ['2001:DB8:0:0:0:0:0:9', '2001:db8::9'],
        ['203.0.113.9:4711', '203.0.113.9'],
        ['[2001:db8::9]:4711', '2001:db8::9'],
        ['203.0.113.9, unknown', '127.0.0.1'],
        ["' OR 1=1", '127.0.0.1'],
        ['', '127.0.0.1'],
      ];
      for (const [chain, address] of chains) {
        expect(await addressSeen(test, shop, { 'x-forwarded-for': chain }), chain).to.equal(address);
      }
    });

    it('says by which name and how it was called', async () => {
      const said = { 'x-forwarded-host': 'shop.example.com', 'x-forwarded-proto': 'https' };
      const own = await ask(test.url, '/healthz', { ...said, origin: 'https://shop.example.com' });
      expect(own.status).to.equal(200);
      expect(own.headers['strict-transport-security']).to.equal('max-age=31536000');
      // It says that there is TLS: a page without is another site.
      const plain = await ask(test.url, '/healthz', { ...said, origin: 'http://shop.example.com' });
      expect(plain.code).to.equal('origin_refused');
      const other = await ask(test.url, '/healthz', { 'x-forwarded-host': 'evil.example' });
      expect(other.code).to.equal('host_refused');
    });
  });

  it('is compared with the names of proxies however an address is written', () => {
    const { isProxy, addressOf } = readCallers(['10.0.0.0/8', '2001:db8::/32', '::1']);
    for (const remoteAddress of ['10.9.9.9', '::ffff:10.9.9.9', '2001:DB8::7', '::1']) {
      expect(isProxy(addressOf({ remoteAddress })), remoteAddress).to.equal(true);
    }
    for (const remoteAddress of ['11.0.0.1', '::ffff:11.0.0.1', '2001:db9::7', undefined]) {
      expect(isProxy(addressOf({ remoteAddress })), remoteAddress).to.equal(false);
    }
  });
});
