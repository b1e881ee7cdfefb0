import { expect } from 'chai';
import type pg from 'pg';
import { memoryStore, type Store } from '../../src/client/store.ts';
import * as contract from '../../src/contract/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { closeTills, errorOf, tillOf, until } from './support.ts';

const MINUTE_MS = 60_000;

describe('the client, when the answer to a renewal is lost', () => {
  let test: TestApp;
  let shop: TestShop;
  let db: pg.Client;
  let line: TcpProxy;
  let store: Store;
  let credentials: { email: string; password: string };
  let clock = Date.now();
  const now = () => clock;
  const onSignedOut = () => expect.fail('nobody signed out');

  before(async () => {
    test = await startTestApp({ now: () => new Date(clock) });
    shop = await givenShop(test, 'LOST');
    db = await test.database.connect();
    credentials = { email: shop.emails.manager, password: PASSWORD };
  });
  beforeEach(async () => {
    line = await startTcpProxy(test.url);
    store = memoryStore();
  });
  afterEach(async () => {
    closeTills();
    await line.close();
  });
  after(() => test.close());

  const till = (more = {}) => tillOf(line.url, { store, now, onSignedOut, timeoutMs: 15_000, ...more });
  /** How often the newest session was refreshed, and how far its tokens were used. */
  const generations = async () => {
    const { rows } = await db.query(
      'SELECT generation, generation_used AS used, ended_at FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1',
    );
    return rows[0] as { generation: number; used: number; ended_at: Date | null };
  };

  /** The server renews, and nobody hears of it. */
  async function loseRenewal(call: () => Promise<unknown>, generation: number): Promise<void> {
    line.mute();
    const lost = errorOf(call());
    await until(() => line.open() > 0, 15_000);
    await until(async () => (await generations()).generation === generation, 15_000);
    // A renewal that was done already has nothing to show that it arrived again.
    await new Promise((resolve) => setTimeout(resolve, 200));
    line.cut();
    expect(await lost).to.include({ name: 'NoAnswerError', reason: 'network' });
    line.unmute();
  }

  it('goes on with the same renewal, time and again', async () => {
    const here = till();
    await here.signIn(credentials);
    clock += 16 * MINUTE_MS;
    const call = () => here.call(contract.getProfile);
    await loseRenewal(call, 2);
    await loseRenewal(call, 2);
    expect((await here.call(contract.getProfile)).user.email).to.equal(credentials.email);
    expect(await generations()).to.deep.equal({ generation: 2, used: 2, ended_at: null });
    clock += 16 * MINUTE_MS;
    await loseRenewal(call, 3);
    await Promise.all([call(), call(), call()]);
    expect(await generations()).to.deep.equal({ generation: 3, used: 3, ended_at: null });
  });

  it('notices who copied its refresh token and renewed it first, though they used nothing', async () => {
    let problem: unknown;
    const here = till({
      onSignedOut: (why: unknown) => {
        problem = why;
      },
    });
    await here.signIn(credentials);
    await until(async () => (await store.list('epoch/')).length > 0);
    const { refreshToken } = (await store.get('session')) as { refreshToken: string };
    clock += 16 * MINUTE_MS;
    expect((await clientOf(test.url).post('/api/auth/refresh', { refreshToken })).status).to.equal(200);
    expect(await errorOf(here.call(contract.getProfile))).to.include({ code: 'unauthenticated' });
    expect(problem).to.include({ code: 'unauthenticated' });
    expect((await generations()).ended_at).to.be.an.instanceOf(Date);
  });

  it('goes on after a restart, and in another tab', async () => {
    const first = till();
    await first.signIn(credentials);
    const tab = till();
    await tab.session();
    clock += 16 * MINUTE_MS;
    await loseRenewal(() => first.call(contract.getProfile), 2);
    first.close();
    const again = till();
    await Promise.all([again.call(contract.getProfile), tab.call(contract.getProfile)]);
    expect(await generations()).to.deep.equal({ generation: 2, used: 2, ended_at: null });
  });

  it('uses no new token before it is on the disk: a power cut in between signs nobody out', async () => {
    let isCut = false;
    const disk: Store = {
      ...store,
      // The write that the power cut off: it was never there, and never done.
      put: (key, value) => (isCut ? new Promise<never>(() => {}) : store.put(key, value)),
    };
    const before = till({ store: disk });
    await before.signIn(credentials);
    clock += 16 * MINUTE_MS;
    isCut = true;
    const calls = [1, 2, 3].map(() => before.call(contract.getProfile).catch(() => 'cut off'));
    await until(async () => (await generations()).generation === 2, 15_000);
    void before.call(contract.getProfile).catch(() => 'cut off');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await generations()).to.include({ generation: 2, used: 1 });
    before.close();
    void calls;
    const restarted = till();
    expect((await restarted.call(contract.getProfile)).user.email).to.equal(credentials.email);
    expect(await generations()).to.deep.equal({ generation: 2, used: 2, ended_at: null });
  });

  it('waits for another tab that is just renewing: the late one is not taken for a thief', async () => {
    // Its renewals take long to arrive.
    const slow: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/refresh')) await new Promise((resolve) => setTimeout(resolve, 500));
      return await fetch(input, init);
    };
    const [quick, late] = [till(), till({ fetch: slow })];
    await quick.signIn(credentials);
    await late.session();
    for (let round = 0; round < 3; round += 1) {
      clock += 16 * MINUTE_MS;
      const calls = [late, quick].map((tab) => tab.call(contract.getProfile));
      await calls[1];
      await Promise.all([...calls, quick.call(contract.getProfile)]);
    }
    expect((await generations()).ended_at).to.equal(null);
  });
});
