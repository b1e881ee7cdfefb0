import { expect } from 'chai';
import { createLog, systemContext } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import { endAttention, listAttention } from '../../../src/core/attention/attention.ts';
import { watchClock } from '../../../src/core/clock/watch-clock.ts';
import type { Watch } from '../../../src/core/watch-every.ts';
import { query } from '../../../src/database/query.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import { givenProduct, givenShop, PASSWORD, saleOf, type TestShop } from '../../support/factories.ts';
import { until } from '../../support/feed-ear.ts';

const LOOK_MS = 20;
const NOW = new Date('2026-11-30T15:30:00Z');
const HOUR_MS = 3_600_000;

describe('a clock without a battery', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let aheadMs = 0;
  let looks = 0;
  const lines: string[] = [];
  const watches: Watch[] = [];

  before(async () => {
    const log = createLog(loadConfig({ home: '/' }, {}), { write: (line) => void lines.push(line) });
    test = await startTestApp({ log, now: () => new Date(NOW.getTime() + aheadMs) });
    shop = await givenShop(test, 'CLOC');
    product = await givenProduct(shop);
  });
  beforeEach(() => {
    aheadMs = 0;
    lines.length = 0;
  });
  afterEach(async () => {
    for (const one of watches.splice(0)) await one.close();
  });
  after(() => test.close());

  /** `ownMs`: how far this machine's clock is from the others'. */
  const watch = (ownMs = 0) => {
    const one = watchClock(() => {
      looks += 1;
      const now = () => new Date(test.app.now().getTime() + ownMs);
      return systemContext({ ...test.app, now }, 'clock');
    }, LOOK_MS);
    watches.push(one);
  };
  const open = async () => (await listAttention(test.app.orm.em.fork())).map(({ code }) => code);
  /** Each look takes its context anew, more than once. */
  const untilLookedTwice = async () => {
    const before = looks;
    await until(() => looks >= before + 6);
  };
  const sell = async (count = 1) => {
    // A token of another time is none.
    const login = { email: shop.emails.cashier, password: PASSWORD };
    const { body } = await clientOf(test.url).post('/api/auth/login', login);
    const cashier = clientOf(test.url, body.accessToken);
    for (let n = 0; n < count; n += 1) {
      expect((await cashier.post(`${shop.path}/orders`, saleOf(product))).status).to.equal(201);
    }
  };

  it('that is right is nothing to tell', async () => {
    await sell();
    watch();
    await untilLookedTwice();
    expect([await open(), lines]).to.deep.equal([[], []]);
  });

  it('is told to the owners, with both times, until it is set', async () => {
    await sell();
    aheadMs = -25 * HOUR_MS;
    watch();
    await until(async () => (await open()).length === 1);
    const [told] = await listAttention(test.app.orm.em.fork());
    expect(told).to.include({ code: 'clock_behind', severity: 'problem' });
    expect(told?.detail).to.include('2026-11-29 14:30 UTC').and.include('2026-11-30 15:30 UTC');
    // A sale of now has the wrong date, and does not make it right.
    await sell();
    await untilLookedTwice();
    expect(await open()).to.deep.equal(['clock_behind']);
    expect(lines.filter((line) => line.includes('set it'))).to.have.length(1);
    aheadMs = 0;
    await until(async () => (await open()).length === 0);
  });

  it('may be behind by what servers differ', async () => {
    await sell();
    aheadMs = -90_000;
    watch();
    await untilLookedTwice();
    expect(await open()).to.deep.equal([]);
  });

  it('that was ahead, and is right again, is over after some sales', async () => {
    aheadMs = 400 * 24 * HOUR_MS;
    await sell();
    aheadMs = 0;
    watch();
    await until(async () => (await open()).length === 1);
    await sell(100);
    await until(async () => (await open()).length === 0);
  });

  it('is told again when another machine, whose clock is right, starts and ends it', async () => {
    await sell();
    watch(-HOUR_MS);
    await until(async () => (await open()).length === 1);
    const ended = 'SELECT count(*)::int AS count FROM attention WHERE ended_at IS NOT NULL';
    const countOf = async () => (await query<{ count: number }>(test.app.orm.em.fork(), ended))[0]?.count;
    const before = (await countOf()) ?? 0;
    watch();
    await until(async () => (await countOf()) === before + 1);
    await until(async () => (await open()).length === 1);
    await untilLookedTwice();
    // Each leaves it alone from now on.
    expect([await countOf(), await open()]).to.deep.equal([before + 1, ['clock_behind']]);
    expect(lines.filter((line) => line.includes('set it'))).to.have.length(1);
    for (const one of watches.splice(0)) await one.close();
    await endAttention(systemContext(test.app, 'clock'), 'clock_behind');
  });

  it('is taken over by the next start, which finds it right', async () => {
    await sell();
    aheadMs = -HOUR_MS;
    watch();
    await until(async () => (await open()).length === 1);
    for (const one of watches.splice(0)) await one.close();
    aheadMs = 0;
    watch();
    await until(async () => (await open()).length === 0);
  });
});
