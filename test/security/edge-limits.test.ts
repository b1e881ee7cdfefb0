import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';

const PER_SECOND = 10;
const QUOTA = PER_SECOND * 2;
const WINDOW_MS = 2_000;
/** As often is tried what has to fit into one window. */
const ROUNDS = 8;

describe('what a request costs before it is counted', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ env: { REQUESTS_PER_SECOND: String(PER_SECOND) } });
    shop = await givenShop(test, 'COST');
  });
  after(() => test.close());
  beforeEach(() => sleep(WINDOW_MS + 100));

  const stranger = (n: number) =>
    clientOf(test.url, jwt.sign({}, 'x', { keyid: `BBBBBBBBB${String(n).padStart(3, '0')}` }));

  it('is one look at its signature, and none after', async () => {
    const { verify } = jwt;
    let looks = 0;
    jwt.verify = ((...given: Parameters<typeof verify>) => {
      looks += 1;
      return verify(...given);
    }) as typeof verify;
    try {
      expect((await shop.cashier.get(shop.path)).status).to.equal(200);
    } finally {
      jwt.verify = verify;
    }
    expect(looks).to.equal(1);
  });

  it('is no look into the database for a key that is not here', async () => {
    const reads = countKeyReads();
    try {
      expect((await stranger(0).get(shop.path)).status).to.equal(401);
      // The server looks by itself now and then.
      expect(reads()).to.be.within(1, 2);
      for (let round = 1; ; round += 1) {
        await Promise.all(Array.from({ length: QUOTA }, () => clientOf(test.url).get('/api/nowhere')));
        const before = reads();
        const statuses: number[] = [];
        for (let n = 1; n <= 5; n += 1) statuses.push((await stranger(5 * round + n).get(shop.path)).status);
        // On a machine at work another window may have begun.
        if (statuses.includes(401) && round < ROUNDS) continue;
        expect(statuses).to.deep.equal(Array(5).fill(429));
        expect(reads() - before).to.be.at.most(1);
        break;
      }
    } finally {
      reads.restore();
    }
  });
});

describe('a guest who asks on and on behind the address of a shop', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ env: { REQUESTS_PER_SECOND: String(PER_SECOND) } });
    shop = await givenShop(test, 'GUES');
  });
  after(() => test.close());
  beforeEach(() => sleep(WINDOW_MS + 100));

  const signIn = async (email: string) => {
    const { body } = await clientOf(test.url).post('/api/auth/login', { email, password: PASSWORD });
    return body as { accessToken: string; refreshToken: string };
  };
  const renew = (refreshToken: string) => clientOf(test.url).post('/api/auth/refresh', { refreshToken });
  const floods: [what: string, ask: (n: number) => Promise<{ status: number }>][] = [
    ['with forged tokens', (n) => clientOf(test.url, `forged.${n}`).get('/api/shops')],
    [
      'for renewals of sessions that he made up',
      () => renew(`${randomUUID()}.${'a'.repeat(22)}.${'b'.repeat(43)}`),
    ],
    ['for renewals that are none', () => clientOf(test.url).post('/api/auth/refresh', { refreshToken: 7 })],
  ];
  for (const [what, ask] of floods) {
    it(`${what} keeps no till from renewing, and is refused himself`, async () => {
      const { accessToken, refreshToken } = await signIn(shop.emails.cashier);
      expect((await clientOf(test.url, accessToken).get(shop.path)).status).to.equal(200);
      const answers = await Promise.all(Array.from({ length: QUOTA * 2 }, (_, n) => ask(n)));
      expect(answers.filter(({ status }) => status === 429).length).to.be.at.least(QUOTA - 1);
      const { status, body, headers } = await renew(refreshToken);
      expect(status).to.equal(200);
      expect(headers.get('ratelimit-policy')).to.match(/^"session";/);
      expect((await renew(body.refreshToken)).status).to.equal(200);
    });
  }

  it('has a session of his own, whose renewals are counted for it', async () => {
    const { accessToken, refreshToken } = await signIn(shop.emails.manager);
    await clientOf(test.url, accessToken).get(shop.path);
    const answers = await Promise.all(Array.from({ length: QUOTA + 5 }, () => renew(refreshToken)));
    expect(answers.filter(({ status }) => status === 429).length).to.be.at.least(5);
  });
});

/** How often the table of keys was read. */
function countKeyReads() {
  const prototype = pg.Client.prototype as unknown as { query(...given: unknown[]): unknown };
  const { query } = prototype;
  let count = 0;
  prototype.query = function (this: unknown, ...given: unknown[]) {
    const { text = given[0] } = given[0] as { text?: string };
    if (/FROM keys/.test(String(text))) count += 1;
    return query.apply(this, given);
  };
  const restore = () => {
    prototype.query = query;
  };
  return Object.assign(() => count, { restore });
}
