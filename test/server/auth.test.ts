import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { issueSetupToken } from '../../src/core/shops/claim-installation.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, signIn, type TestShop } from '../support/factories.ts';

describe('signing in and out', () => {
  let test: TestApp;
  let shop: TestShop;
  let now = new Date('2026-04-01T10:00:00Z');

  before(async () => {
    test = await startTestApp({ now: () => now });
    shop = await givenShop(test, 'AUTH');
  });
  after(() => test.close());

  const login = (body: unknown) => clientOf(test.url).post('/api/auth/login', body);

  it('gives tokens, the person and their shops, and never the password', async () => {
    const { status, body, text } = await login({ email: ' OWNER-auth@Example.com ', password: PASSWORD });
    expect(status).to.equal(200);
    expect(body.expiresIn).to.equal(900);
    expect(body.user).to.include({ email: shop.emails.owner, role: 'owner', shopId: shop.id });
    expect(body.shops.map((known: { id: string }) => known.id)).to.deep.equal([shop.id]);
    expect(text).to.not.match(/argon2|passwordHash/);
  });

  it('answers a wrong password and an unknown account alike', async () => {
    const wrong = await login({ email: shop.emails.owner, password: 'not my password' });
    const unknown = await login({ email: 'nobody@example.com', password: 'not my password' });
    const { instance: _, ...first } = wrong.body;
    const { instance: __, ...second } = unknown.body;
    expect([wrong.status, first]).to.deep.equal([401, second]);
  });

  it('keeps the password hashed with argon2id', async () => {
    const client = await test.database.connect();
    const { rows } = await client.query('SELECT password_hash FROM users');
    for (const row of rows) expect(row.password_hash).to.match(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
  });

  it('refuses the token after signing out', async () => {
    const cashier = await signIn(test, shop.emails.cashier);
    expect((await cashier.get('/api/auth/profile')).status).to.equal(200);
    expect((await cashier.post('/api/auth/logout')).status).to.equal(204);
    expect((await cashier.get('/api/auth/profile')).status).to.equal(401);
  });

  it('refuses an access token after 15 minutes, and trades the refresh token once', async () => {
    const { body } = await login({ email: shop.emails.cashier, password: PASSWORD });
    now = new Date(now.getTime() + 15 * 60_000);
    expect((await clientOf(test.url, body.accessToken).get('/api/auth/profile')).status).to.equal(401);
    const renewed = await clientOf(test.url).post('/api/auth/refresh', { refreshToken: body.refreshToken });
    expect(renewed.status).to.equal(200);
    expect((await clientOf(test.url, renewed.body.accessToken).get('/api/auth/profile')).status).to.equal(
      200,
    );
    const again = await clientOf(test.url).post('/api/auth/refresh', { refreshToken: body.refreshToken });
    expect(again.status).to.equal(401);
    now = new Date('2026-04-01T10:00:00Z');
  });

  it('changes the password only with the current one', async () => {
    const cashier = await signIn(test, shop.emails.cashier);
    const change = { password: 'a new one, longer' };
    expect((await cashier.put('/api/auth/profile', change)).status).to.equal(401);
    const done = await cashier.put('/api/auth/profile', {
      ...change,
      currentPassword: PASSWORD,
      name: 'Asha K',
    });
    expect([done.status, done.body.name]).to.deep.equal([200, 'Asha K']);
    expect((await login({ email: shop.emails.cashier, password: PASSWORD })).status).to.equal(401);
    expect((await login({ email: shop.emails.cashier, password: change.password })).status).to.equal(200);
    const back = { password: PASSWORD, currentPassword: change.password };
    expect((await cashier.put('/api/auth/profile', back)).status).to.equal(200);
  });

  it("refuses somebody else's e-mail and a stale version", async () => {
    const taken = { email: shop.emails.owner, currentPassword: PASSWORD };
    const answer = await shop.manager.put('/api/auth/profile', taken);
    expect([answer.status, answer.body.errors[0].pointer]).to.deep.equal([409, '/email']);
    const stale = await shop.manager.put('/api/auth/profile', { name: 'X', version: 99 });
    expect([stale.status, stale.body.current.version]).to.deep.equal([409, 1]);
  });
});

describe('POST /api/auth/register', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'REG');
  });
  after(() => test.close());

  const person = (name: string, fields = {}) => ({
    name,
    email: `${name}@example.com`,
    password: 'quite long enough',
    ...fields,
  });

  it('lets a manager add cashiers and only those', async () => {
    const added = await shop.manager.post('/api/auth/register', person('asha'));
    expect([added.status, added.body.user.role, added.body.user.shopId]).to.deep.equal([
      201,
      'cashier',
      shop.id,
    ]);
    const refused = await shop.manager.post('/api/auth/register', person('boss', { role: 'manager' }));
    expect(refused.status).to.equal(403);
    expect(
      (await shop.owner.post('/api/auth/register', person('boss', { role: 'manager' }))).status,
    ).to.equal(201);
  });

  it('refuses a cashier, a stranger, a taken e-mail and a short password', async () => {
    expect((await shop.cashier.post('/api/auth/register', person('x'))).status).to.equal(403);
    expect((await clientOf(test.url).post('/api/auth/register', person('x'))).status).to.equal(401);
    expect((await shop.owner.post('/api/auth/register', person('asha'))).status).to.equal(409);
    const short = await shop.owner.post('/api/auth/register', person('y', { password: 'short' }));
    expect([short.status, short.body.errors[0].pointer]).to.deep.equal([422, '/password']);
    const owner = await shop.owner.post(
      '/api/auth/register',
      person('y', { role: 'owner', password: 'elevenchars' }),
    );
    expect([owner.status, owner.body.errors[0].pointer]).to.deep.equal([422, '/password']);
  });

  it("adds nobody to another owner's shop", async () => {
    const other = await givenShop(test, 'OTH');
    const answer = await shop.owner.post('/api/auth/register', person('z', { shopId: other.id }));
    expect([answer.status, answer.body.errors[0].pointer]).to.deep.equal([404, '/shopId']);
  });
});

describe('claiming a new installation', () => {
  const claimBody = (setupToken: string, n = 0) => ({
    setupToken,
    name: 'Asha',
    email: `asha${n}@example.com`,
    password: 'quite long enough',
    shop: { name: 'Kulfi Corner', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' },
  });

  it('makes one owner of many who come at once, and nobody after that', async () => {
    const test = await startTestApp();
    try {
      const token = (await issueSetupToken(systemContext(test.app, 'test'))) as string;
      const register = (body: unknown) => clientOf(test.url).post('/api/auth/register', body);
      expect((await register(claimBody('wrong'))).status).to.equal(403);
      const answers = await Promise.all([...Array(10).keys()].map((n) => register(claimBody(token, n))));
      const statuses = answers.map((answer) => answer.status);
      expect(statuses.filter((status) => status === 201)).to.have.length(1);
      expect(statuses.filter((status) => status === 403)).to.have.length(9);
      const made = answers.find((answer) => answer.status === 201);
      expect(made?.body.shop).to.include({ code: 'KULF', ownerId: made?.body.user.id });
      expect(await issueSetupToken(systemContext(test.app, 'test'))).to.equal(null);
    } finally {
      await test.close();
    }
  });
});
