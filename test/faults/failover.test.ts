import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { requireDebianPostgres } from '../support/debian-postgres.ts';
import { random, saySeed } from '../support/kills.ts';
import { hasRedis } from '../support/redis.ts';
import {
  expectKept,
  type OpenShop,
  ORDERS_PER_SECOND,
  type SellingPair,
  startSellingPair,
} from '../support/selling-pair.ts';
import { OWNER, STANDBY } from '../support/standby-pair.ts';

const VERSION = 15;
/** Primaries that are killed, by the nightly run alone: each takes ten seconds. */
const FAILOVERS = Number(process.env.FAILOVERS ?? 0);
/** Orders go on for so long before the kill, at least, and for so long after it. */
const BEFORE_MS = 2_000;
const AFTER_MS = 1_000;

describe(`a primary that is killed under ${ORDERS_PER_SECOND} orders a second`, function () {
  this.timeout(180_000);
  let chain: SellingPair;

  before(function () {
    requireDebianPostgres(this, VERSION);
    if (FAILOVERS === 0) {
      console.log('    skipped: FAILOVERS=3 has the time for it');
      this.skip();
    }
    saySeed();
    if (!hasRedis()) console.log('    one API process: redis-server is not installed');
  });
  beforeEach(async () => {
    chain = await startSellingPair(VERSION);
  });
  afterEach(() => chain?.close());

  /** Kills the primary while it sells, names the standby in its place, and sends again what was not answered. */
  async function failOver(shop: OpenShop, kill: () => Promise<void>) {
    const { pair } = chain;
    let isOver = false;
    const selling = chain.sellUntil(shop, () => isOver);
    await sleep(BEFORE_MS + random() * 1_000);
    await kill();
    const killedAt = performance.now();
    await sleep(AFTER_MS);
    isOver = true;
    const sales = await selling;
    const answered = sales.filter(({ answer }) => answer !== null);
    await chain.stopServers();
    pair.standby.promote();
    await chain.startServers(pair.url(pair.standby, OWNER));
    const gone = sales.filter(({ answer }) => answer === null);
    const bills = await chain.orders(shop);
    const backMs = performance.now() - killedAt;
    for (const [n, sold] of gone.entries()) await chain.send(shop, sold, n);
    return { sales, answered, bills, backMs };
  }

  for (let n = 1; n <= FAILOVERS; n += 1) {
    it(`loses no answered order to the synchronous standby (${n} of ${FAILOVERS})`, async () => {
      const { pair } = chain;
      await pair.name(STANDBY);
      await pair.untilConfirming();
      await chain.startServers(pair.url(pair.primary, OWNER));
      const shop = await chain.openShop();
      const { sales, answered, bills, backMs } = await failOver(shop, async () => pair.primary.crash());

      console.log(
        `      ${answered.length} answered before, ${sales.length - answered.length} not; back after ${(backMs / 1000).toFixed(1)} s`,
      );
      expect(answered.length).to.be.above((BEFORE_MS / 1_000) * ORDERS_PER_SECOND * 0.5);
      expectKept(answered, bills);
      expect(sales.filter(({ answer }) => answer === null)).to.deep.equal([]);
      await chain.checkBooks(shop, sales, pair.url(pair.standby, OWNER));
    });
  }

  // Proves that the test above would see a loss, and is what docs/operations/scaling.md says of it.
  it('loses what a standby that nobody waits for did not have yet', async () => {
    const { pair } = chain;
    await chain.startServers(pair.url(pair.primary, OWNER));
    const shop = await chain.openShop();
    const { answered, bills } = await failOver(shop, async () => {
      pair.standby.crash();
      await sleep(1_000);
      pair.primary.crash();
      pair.standby.start();
    });
    const ids = new Set(bills.map(({ id }) => id));
    const lost = answered.filter(({ sale }) => !ids.has(sale.id));
    console.log(`      ${lost.length} of ${answered.length} answered orders lost`);
    expect(lost.length).to.be.above(0);
  });
});
