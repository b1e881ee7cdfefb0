import { expect } from 'chai';
import { memoryStore } from '../../src/client/store.ts';
import type { SignedIn } from '../../src/contract/auth.ts';
import * as contract from '../../src/contract/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import {
  closeTills,
  errorOf,
  problem,
  type ScriptedServer,
  SHOP,
  startScriptedServer,
  tillOf,
} from './support.ts';

const MINUTE_MS = 60_000;

describe('the client: calls and session', () => {
  let test: TestApp;
  let shop: TestShop;
  let credentials: { email: string; password: string };
  let clock = Date.now();
  const now = () => clock;

  before(async () => {
    test = await startTestApp({ now: () => new Date(clock) });
    shop = await givenShop(test, 'CALL');
    credentials = { email: shop.emails.manager, password: PASSWORD };
  });
  afterEach(closeTills);
  after(() => test.close());

  it('calls any line of the route table, by its types', async () => {
    const till = tillOf(test.url);
    const session = await till.signIn(credentials);
    expect(session.user).to.include({ email: shop.emails.manager, role: 'manager' });
    expect(session.shops.map((each) => each.id)).to.deep.equal([shop.id]);
    expect(await till.session()).to.deep.equal(session);

    const params = { shopId: shop.id };
    const product = await till.call(contract.createProduct, { params, body: { name: 'Kulfi', price: 12.5 } });
    expect(product.price satisfies string).to.equal('12.50');
    const { data } = await till.call(contract.listProducts, { params, query: { search: 'kulf', limit: 5 } });
    expect(data).to.deep.equal([product]);
    expect((await till.call(contract.getProfile)).user).to.deep.equal(session.user);
    expect(
      await till.call(contract.deleteProduct, { params: { ...params, productId: product.id } }),
    ).to.equal(null);
    // @ts-expect-error: this route has parameters
    expect(await errorOf(till.call(contract.getShop))).to.be.instanceOf(TypeError);
  });

  it('throws what the server says no with', async () => {
    const till = tillOf(test.url);
    const wrong = await errorOf(till.signIn({ ...credentials, password: 'not this one' }));
    expect(wrong).to.include({ name: 'ProblemAnswer', code: 'wrong_credentials', status: 401 });
    expect(await till.session()).to.equal(null);
    const params = { shopId: shop.id };
    const nobody = await errorOf(till.call(contract.listProducts, { params }));
    expect(nobody).to.include({ code: 'unauthenticated', status: 401 });

    await till.signIn(credentials);
    const refused = await errorOf(
      till.call(contract.createProduct, { params, body: { name: '', price: 'much' } }),
    );
    expect(refused).to.include({ code: 'invalid_request', status: 422 });
    expect(refused.errors.map((fault: { pointer: string }) => fault.pointer)).to.have.members([
      '/name',
      '/price',
    ]);
    expect(refused.instance).to.be.a('string');
    expect(refused.message).to.equal(refused.detail);
  });

  it('renews a token before it expires, once for all calls at the same time', async () => {
    const renewals = watchFetch('/api/auth/refresh');
    const till = tillOf(test.url, { now, fetch: renewals.fetch });
    await till.signIn(credentials);
    clock += 14.5 * MINUTE_MS;
    await Promise.all(Array.from({ length: 10 }, () => till.call(contract.getProfile)));
    expect(renewals.statuses).to.deep.equal([200]);
    clock += 5 * MINUTE_MS;
    await till.call(contract.getProfile);
    expect(renewals.statuses).to.deep.equal([200]);
  });

  it('renews a token that the server refuses, once for all calls at the same time, and calls again', async () => {
    const renewals = watchFetch('/api/auth/refresh');
    // Its own clock stands still: it doesn't know that time passes.
    const till = tillOf(test.url, { now: () => 0, fetch: renewals.fetch });
    await till.signIn(credentials);
    clock += 16 * MINUTE_MS;
    const answers = await Promise.all(Array.from({ length: 10 }, () => till.call(contract.getProfile)));
    expect(answers.map(({ user }) => user.email)).to.deep.equal(answers.map(() => credentials.email));
    expect(renewals.statuses).to.deep.equal([200]);
  });

  it('goes on with the session after a restart, also when it has to be renewed', async () => {
    const store = memoryStore();
    const before = tillOf(test.url, { store, now });
    const session = await before.signIn(credentials);
    clock += 20 * MINUTE_MS;
    await before.call(contract.getProfile);
    before.close();
    clock += 20 * MINUTE_MS;
    const after_ = tillOf(test.url, { store, now });
    expect(await after_.session()).to.deep.equal(session);
    expect((await after_.call(contract.getProfile)).user).to.deep.equal(session.user);
  });

  it('keeps its attempt with a refresh token that stays the same, as while the database takes no changes', async () => {
    let own = clock;
    let accessToken = '';
    const attempts: string[] = [];
    const given = async (...[input, init]: Parameters<typeof fetch>) => {
      const path = new URL(String(input)).pathname;
      if (path === '/api/auth/refresh') {
        const { attempt, refreshToken } = JSON.parse(String(init?.body));
        attempts.push(attempt);
        return Response.json({ accessToken, refreshToken, expiresIn: 900 });
      }
      const answer = await fetch(input, init);
      if (path === '/api/auth/login') accessToken = ((await answer.clone().json()) as SignedIn).accessToken;
      return answer;
    };
    const till = tillOf(test.url, { now: () => own, fetch: given });
    await till.signIn(credentials);
    for (let n = 0; n < 2; n += 1) {
      own += 14.5 * MINUTE_MS;
      await till.call(contract.getProfile);
    }
    expect(attempts).to.have.length(2);
    expect(new Set(attempts).size).to.equal(1);
  });

  it('tells when the session is over, and does not when the line is', async () => {
    const line = await startTcpProxy(test.url);
    const told: string[] = [];
    const store = memoryStore();
    const till = tillOf(line.url, { store, now, onSignedOut: ({ code }) => told.push(code) });
    await till.signIn(credentials);
    clock += 16 * MINUTE_MS;
    line.refuse();
    const offline = await errorOf(till.call(contract.getProfile));
    expect(offline).to.include({ name: 'NoAnswerError', reason: 'network' });
    expect(await till.session()).to.not.equal(null);
    line.accept();
    await till.call(contract.getProfile);
    expect(told).to.deep.equal([]);

    // Ended elsewhere, as by a change of password.
    await (await test.database.connect()).query('UPDATE sessions SET ended_at = now()');
    const over = await Promise.all([1, 2, 3].map(() => errorOf(till.call(contract.getProfile))));
    expect(over.map(({ code }) => code)).to.deep.equal(Array(3).fill('unauthenticated'));
    expect(told).to.deep.equal(['unauthenticated']);
    expect(await till.session()).to.equal(null);
    expect(await tillOf(line.url, { store }).session()).to.equal(null);
    await till.signIn(credentials);
    await till.call(contract.getProfile);
    await line.close();
  });

  it('signs out here and at the server', async () => {
    const store = memoryStore();
    const till = tillOf(test.url, { store, onSignedOut: () => expect.fail('it was asked for') });
    await till.signIn(credentials);
    const { accessToken } = (await store.get('session')) as { accessToken: string };
    await till.signOut();
    // But for the epoch of its shop, by which it notices that the server was restored from a backup.
    expect((await store.list('')).filter(([key]) => !key.startsWith('epoch/'))).to.deep.equal([]);
    expect(await errorOf(till.call(contract.getProfile))).to.include({ code: 'unauthenticated' });
    const answer = await fetch(`${test.url}/api/auth/profile`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer.status).to.equal(401);
  });

  it('gives up on a server that does not answer, or when asked to', async () => {
    const line = await startTcpProxy(test.url);
    const till = tillOf(line.url);
    await till.signIn(credentials);
    line.pause();
    const late = await errorOf(till.call(contract.getProfile, {}, { timeoutMs: 100 }));
    expect(late).to.include({ name: 'NoAnswerError', reason: 'timeout' });
    const stop = new AbortController();
    const called = errorOf(till.call(contract.getProfile, {}, { signal: stop.signal }));
    stop.abort();
    expect(await called).to.include({ name: 'NoAnswerError', reason: 'aborted' });
    const closed = errorOf(till.call(contract.getProfile));
    till.close();
    expect(await closed).to.include({ name: 'NoAnswerError', reason: 'aborted' });
    await line.close();
  });

  it('lets two tabs on one store share a session that each renews', async () => {
    const store = memoryStore();
    const tabs = [tillOf(test.url, { store, now }), tillOf(test.url, { store, now })] as const;
    await tabs[0].signIn(credentials);
    await Promise.all(tabs.map((tab) => tab.call(contract.getProfile)));
    clock += 16 * MINUTE_MS;
    await tabs[0].call(contract.getProfile);
    await tabs[1].call(contract.getProfile);
    clock += 16 * MINUTE_MS;
    await Promise.all(tabs.map((tab) => tab.call(contract.getProfile)));
  });
});

describe('the client and what is not the server', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await startScriptedServer();
  });
  afterEach(async () => {
    closeTills();
    await server.close();
  });

  it('takes the page of a hotel, a redirect and an answer that breaks off for no answer', async () => {
    const till = tillOf(server.url);
    await till.signIn({ email: 'a@b.c', password: 'x' });
    const page = { type: 'text/html', body: '<h1>Welcome to our Wi-Fi</h1>' };
    const answers = {
      unreadable: [
        page,
        { ...page, status: 502 },
        { body: '{"data":' },
        { status: 418, body: {} },
        { status: 202, body: {} },
      ],
      network: ['hang up' as const],
    };
    for (const [reason, list] of Object.entries(answers)) {
      for (const answer of list) {
        server.on('GET /api/auth/profile', () => answer);
        expect(await errorOf(till.call(contract.getProfile))).to.include({ name: 'NoAnswerError', reason });
      }
    }
    expect(await till.session()).to.not.equal(null);
  });

  it('reads a problem that it does not know yet', async () => {
    const till = tillOf(server.url);
    await till.signIn({ email: 'a@b.c', password: 'x' });
    server.on('GET /api/shops/:shopId', () => problem('out_of_milk', 409, { liters: 0 }));
    const error = await errorOf(till.call(contract.getShop, { params: { shopId: SHOP } }));
    expect(error).to.include({ code: 'out_of_milk', status: 409, message: 'Title of out_of_milk' });
    expect(error.extra).to.deep.equal({ liters: 0 });
  });

  it('asks once more and no more when even a new token is refused', async () => {
    const till = tillOf(server.url);
    await till.signIn({ email: 'a@b.c', password: 'x' });
    server.on('GET /api/auth/profile', () => problem('unauthenticated', 401));
    expect(await errorOf(till.call(contract.getProfile))).to.include({ code: 'unauthenticated' });
    const paths = server.heard.map(({ path, token }) => `${path} ${token}`);
    expect(paths).to.deep.equal([
      '/api/auth/login null',
      '/api/auth/profile access-1',
      '/api/auth/refresh null',
      '/api/auth/profile access-2',
    ]);
  });

  it('keeps the session when a renewal is answered by a server in trouble', async () => {
    let time = 0;
    const told: unknown[] = [];
    const till = tillOf(server.url, { now: () => time, onSignedOut: (answer) => told.push(answer) });
    await till.signIn({ email: 'a@b.c', password: 'x' });
    time += 15 * MINUTE_MS;
    for (const answer of [
      problem('internal', 500),
      problem('too_busy', 503),
      problem('too_many_requests', 429),
      problem('host_refused', 421),
      problem('origin_refused', 403),
      problem('forbidden', 403),
    ]) {
      server.on('POST /api/auth/refresh', () => answer);
      expect(await errorOf(till.call(contract.getProfile))).to.be.instanceOf(Error);
    }
    expect(await till.session()).to.not.equal(null);
    expect(told).to.deep.equal([]);
  });

  for (const [code, status] of [
    ['unauthenticated', 401],
    ['device_refused', 403],
  ] as const) {
    it(`ends the session when a renewal is refused with ${code}`, async () => {
      let time = 0;
      const told: string[] = [];
      const till = tillOf(server.url, { now: () => time, onSignedOut: (answer) => told.push(answer.code) });
      await till.signIn({ email: 'a@b.c', password: 'x' });
      time += 15 * MINUTE_MS;
      server.on('POST /api/auth/refresh', () => problem(code, status));
      expect(await errorOf(till.call(contract.getProfile))).to.include({ code });
      expect([await till.session(), told]).to.deep.equal([null, [code]]);
    });
  }

  it('sends the device it was given, and a paired one with its token', async () => {
    const device = { id: 'till-1', name: 'Counter' };
    const store = memoryStore();
    const till = tillOf(server.url, { store, device });
    await till.signIn({ email: 'a@b.c', password: 'x' });
    server.on('POST /api/devices/pair', ({ body }) => ({
      status: 201,
      body: { device: { id: SHOP, name: body.name }, deviceToken: 'secret', shop: { id: SHOP } },
    }));
    expect(await till.pair('7K2M-9XQD', 'Bar')).to.deep.include({ id: SHOP, name: 'Bar' });
    await till.signIn({ email: 'a@b.c', password: 'x' });
    const again = tillOf(server.url, { store });
    expect(await again.device()).to.deep.equal({ id: SHOP, name: 'Bar', shop: { id: SHOP } });
    await again.forgetDevice();
    await again.signIn({ email: 'a@b.c', password: 'x' });
    const sent = server.heard.filter(({ path }) => path === '/api/auth/login').map(({ body }) => body.device);
    expect(sent).to.deep.equal([device, { id: SHOP, token: 'secret' }, undefined]);
  });
});

/** A fetch that notes how each request to `path` was answered. */
function watchFetch(path: string) {
  const statuses: number[] = [];
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (String(input).endsWith(path)) statuses.push(response.status);
    return response;
  };
  return { statuses, fetch: watched };
}
