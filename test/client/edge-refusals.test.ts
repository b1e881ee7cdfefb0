import { expect } from 'chai';
import { isProblem, NoAnswerError } from '../../src/client/errors.ts';
import type { FeedState } from '../../src/client/feed.ts';
import { memoryStore } from '../../src/client/store.ts';
import * as contract from '../../src/contract/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { closeTills, errorOf, tillOf, until } from './support.ts';

const MINUTE_MS = 60_000;

/** What a proxy that was set up wrongly makes of a till's requests. */
const refusals = {
  host_refused: { 'x-forwarded-host': 'pos.example.com' },
  origin_refused: { origin: 'https://elsewhere.example.com' },
};

describe('a till whose way to the server is refused', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let clock = Date.now();
  const now = () => clock;

  let shops = 0;

  before(async () => {
    test = await startTestApp({ now: () => new Date(clock), env: { TRUSTED_PROXIES: '127.0.0.1' } });
  });
  beforeEach(async () => {
    shops += 1;
    shop = await givenShop(test, `WAY${String.fromCharCode(64 + shops)}`);
    product = await givenProduct(shop, { price: '40.00' });
  });
  afterEach(closeTills);
  after(() => test.close());

  /** `fetch` asks once more after a 421, and may find that the server has hung up. */
  const isRefusal = (error: unknown, code: string) =>
    isProblem(error) ? error.code === code : code === 'host_refused' && error instanceof NoAnswerError;

  for (const [code, headers] of Object.entries(refusals)) {
    it(`keeps its sales, its session and its feed: ${code}`, async () => {
      let isWrong = false;
      const errors: unknown[] = [];
      const till = tillOf(test.url, {
        store: memoryStore(),
        now,
        fetch: (input, init) =>
          fetch(input, { ...init, headers: { ...(init?.headers as object), ...(isWrong ? headers : {}) } }),
        onSignedOut: () => expect.fail('nobody signed out'),
        onError: (error) => errors.push(error),
      });
      await till.signIn({ email: shop.emails.cashier, password: PASSWORD });
      const states: FeedState[] = [];
      const is = (status: FeedState['status']) => () => states.at(-1)?.status === status;
      till.feed(shop.id, { transport: 'http', onEvent: () => {}, onState: (state) => states.push(state) });
      await until(is('live'));
      const sell = () =>
        till.sell(shop.id, { items: [{ productId: product.id, quantity: 1 }], paymentMethod: 'cash' });

      isWrong = true;
      const ids: string[] = [];
      const queue = async () => {
        const sold = await sell();
        if (sold.status !== 'queued') throw new Error(`It was ${sold.status}.`);
        ids.push(sold.sale.id);
      };
      await queue();
      expect((await till.flush()).error).to.satisfy((error: unknown) => isRefusal(error, code));
      // Ends the poll that still waits.
      await givenProduct(shop);
      await until(is('waiting'));
      clock += 16 * MINUTE_MS;
      expect(await errorOf(till.call(contract.getProfile))).to.satisfy((error: unknown) =>
        isRefusal(error, code),
      );
      await queue();
      expect(await till.session()).to.not.equal(null);

      isWrong = false;
      await until(async () => (await till.outbox()).length === 0);
      const booked = (await eventsOf(test, shop.id, 'order_created')).map(({ data }) => data.id);
      expect(booked).to.include.members(ids);
      await until(is('live'));
      // Whoever has to mend it would not know.
      if (code === 'origin_refused') expect(errors[0]).to.include({ code });
      for (const error of errors) expect(isRefusal(error, code)).to.equal(true);
    });
  }
});
