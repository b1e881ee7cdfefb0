import { expect } from 'chai';
import type { Client, ClientOptions } from '../../src/client/client.ts';
import { ProblemAnswer } from '../../src/client/errors.ts';
import type { FeedState } from '../../src/client/feed.ts';
import { patiently, pauseFor, usualPauses } from '../../src/client/pauses.ts';
import * as contract from '../../src/contract/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import {
  closeTills,
  errorOf,
  type Heard,
  problem,
  type Said,
  type ScriptedServer,
  SHOP,
  startScriptedServer,
  tillOf,
  until,
} from './support.ts';

const limited: Partial<ClientOptions> = {
  timeoutMs: 10_000,
  onSignedOut: () => expect.fail('nobody signed out'),
};

describe('a till that asks too much of the real server', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let till: Client;
  /** How each request was answered, and when. */
  let answers: { path: string; status: number; at: number; retryAfter: number }[];

  before(async () => {
    // Of a session 6 within two seconds, of an address' handshakes 15 within ten.
    test = await startTestApp({ env: { REQUESTS_PER_SECOND: '3' } });
    shop = await givenShop(test, 'MUCH');
    product = await givenProduct(shop, { price: '40.00' });
  });
  beforeEach(async () => {
    answers = [];
    till = tillOf(test.url, {
      ...limited,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        const { pathname: path } = new URL(String(input));
        const retryAfter = Number(answer.headers.get('retry-after'));
        answers.push({ path, status: answer.status, at: performance.now(), retryAfter });
        return answer;
      },
    });
    await till.signIn({ email: shop.emails.cashier, password: PASSWORD });
  });
  afterEach(closeTills);
  after(() => test.close());

  const refused = () => answers.filter(({ status }) => status === 429);

  it('gets every list, each as soon as it may', async () => {
    const lists = Array.from({ length: 9 }, () =>
      till.call(contract.listProducts, { params: { shopId: shop.id } }),
    );
    const found = await Promise.all(lists);
    expect(found.map(({ data }) => data.length)).to.deep.equal(found.map(() => 1));
    expect(refused().length).to.be.greaterThan(0);
  });

  it('loses no sale, and its outbox waits as long as it is told', async () => {
    const sales = Array.from({ length: 12 }, () =>
      till.sell(shop.id, { items: [{ productId: product.id, quantity: 1 }], paymentMethod: 'cash' }),
    );
    const sold = await Promise.all(sales);
    expect(sold.map(({ status }) => status)).to.include.members(['sold', 'queued']);
    await until(async () => (await till.outbox()).length === 0, 15_000);
    const ids = sold.map((one) => (one.status === 'sold' ? one.order.id : one.sale.id));
    const booked = (await eventsOf(test, shop.id, 'order_created')).map(({ data }) => data.id);
    expect(booked).to.have.members(ids);
    const [batch] = answers.filter(({ path }) => path.endsWith('/batch'));
    const [first] = refused();
    // The timer of Node may be early by a millisecond.
    const waitedMs = (batch?.at ?? 0) - (first?.at ?? 0);
    expect(waitedMs).to.be.greaterThan((first?.retryAfter ?? 0) * 1000 - 20);
  });

  it('follows the feed though it connected too often', async () => {
    const feeds = Array.from({ length: 18 }, (_, i) => {
      const states: FeedState[] = [];
      till.feed(shop.id, {
        name: `feed-${i}`,
        onEvent: () => {},
        onState: (state) => states.push(state),
      });
      return states;
    });
    await until(() => feeds.filter((states) => states.some(({ status }) => status === 'live')).length >= 10);
    await until(() => feeds.every((states) => states.some(({ status }) => status === 'live')), 19_000);
    expect(feeds.flat().map(({ status }) => status)).to.not.include('stopped');
  });
});

describe('a till that is told when to come again', () => {
  let server: ScriptedServer;
  const later = (seconds: number): Said => ({
    ...(problem('too_many_requests', 429) as object),
    headers: { 'retry-after': String(seconds) },
  });
  const credentials = { email: 'a@b.c', password: 'x' };

  beforeEach(async () => {
    server = await startScriptedServer();
  });
  afterEach(async () => {
    closeTills();
    await server.close();
  });

  /** The first time one answer, then another. */
  function firstThen(route: string, first: Said, then: (request: Heard) => Said): number[] {
    const at: number[] = [];
    server.on(route, (request) => {
      at.push(performance.now());
      return at.length === 1 ? first : then(request);
    });
    return at;
  }

  it('renews its session then, and no call fails for it', async () => {
    let time = 0;
    const till = tillOf(server.url, { ...limited, now: () => time });
    await till.signIn(credentials);
    time += 15 * 60_000;
    server.on('GET /api/auth/profile', () => ({ body: { user: {}, shops: [] } }));
    const tokens = { accessToken: 'access-9', refreshToken: 'refresh-9', expiresIn: 900 };
    const at = firstThen('POST /api/auth/refresh', later(1), () => ({ body: tokens }));
    await till.call(contract.getProfile);
    expect((at[1] ?? 0) - (at[0] ?? 0)).to.be.greaterThan(980);
    expect(await till.session()).to.not.equal(null);
  });

  it('sells with an approval then, for that can not wait in the outbox', async () => {
    const till = tillOf(server.url, limited);
    await till.signIn(credentials);
    firstThen('POST /api/shops/:shopId/orders', later(1), ({ body }) => ({
      status: 201,
      body: { id: body.id },
    }));
    const approval = { email: 'manager@example.com', password: 'the secret' };
    const items = [{ productId: SHOP, quantity: 1 }];
    const sold = await till.sell(SHOP, { items, paymentMethod: 'cash', approval });
    expect(sold.status).to.equal('sold');
  });

  it('says so at once when that is later than the call may take', async () => {
    const till = tillOf(server.url, limited);
    await till.signIn(credentials);
    server.on('GET /api/auth/profile', () => later(11));
    const start = performance.now();
    expect(await errorOf(till.call(contract.getProfile))).to.include({ retryAfterMs: 11_000 });
    expect(performance.now() - start).to.be.lessThan(5_000);
  });

  it('gives up at once when it is asked to, or closed', async () => {
    const till = tillOf(server.url, limited);
    await till.signIn(credentials);
    server.on('GET /api/auth/profile', () => later(8));
    const stop = new AbortController();
    const start = performance.now();
    const called = errorOf(till.call(contract.getProfile, {}, { signal: stop.signal }));
    await until(() => server.heard.length === 2);
    stop.abort();
    expect(await called).to.include({ reason: 'aborted' });
    const closed = errorOf(till.call(contract.getProfile));
    await until(() => server.heard.length === 3);
    till.close();
    expect(await closed).to.include({ reason: 'aborted' });
    expect(performance.now() - start).to.be.lessThan(5_000);
  });

  it('waits for no more than a minute, and never less than its own pause', async () => {
    server.on('GET /api/auth/profile', () => later(86_400));
    const till = tillOf(server.url, limited);
    await till.signIn(credentials);
    const told = await errorOf(till.call(contract.getProfile));
    expect(pauseFor(told, 1, usualPauses)).to.be.within(60_000, 61_000);
    expect(pauseFor(told, 1, { leastMs: 200_000, mostMs: 200_000 })).to.be.at.least(100_000);
    // A server that says "at once" is not asked without a pause.
    let tries = 0;
    const again = async () => {
      tries += 1;
      throw new ProblemAnswer('too_many_requests', 429, { retryAfterMs: 0 });
    };
    await errorOf(patiently(again, 200, { leastMs: 20, mostMs: 100 }, new AbortController().signal));
    expect(tries).to.be.within(2, 20);
  });
});
