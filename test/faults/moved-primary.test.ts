import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { requireDebianPostgres } from '../support/debian-postgres.ts';
import { until } from '../support/feed-ear.ts';
import { random, saySeed } from '../support/kills.ts';
import {
  expectKept,
  ORDERS_PER_SECOND,
  type SellingPair,
  startSellingPair,
} from '../support/selling-pair.ts';
import { OWNER, STANDBY } from '../support/standby-pair.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const VERSION = 15;
const FAILOVERS = Number(process.env.FAILOVERS ?? 0);
const BEFORE_MS = 2_000;
/** From the kill until somebody has decided that the standby takes over. */
const DECIDED_MS = 1_000;
/** Sold by then again. A statement to a machine that is gone is given up after 17 s. */
const AGAIN_MS = 60_000;
/** Orders that must be answered after the move. */
const ENOUGH = 3 * ORDERS_PER_SECOND;

describe('a proxy that leads to the promoted standby', function () {
  this.timeout(240_000);
  let chain: SellingPair;
  let proxy: TcpProxy;

  before(function () {
    requireDebianPostgres(this, VERSION);
    if (FAILOVERS === 0) {
      console.log('    skipped: FAILOVERS=3 has the time for it');
      this.skip();
    }
    saySeed();
  });
  beforeEach(async () => {
    chain = await startSellingPair(VERSION);
    proxy = await startTcpProxy(chain.pair.url(chain.pair.primary));
  });
  afterEach(async () => {
    await chain?.close();
    await proxy?.close();
  });

  /** Sells all the time; kills the primary, promotes the standby, and moves the proxy. The servers are left alone. */
  async function moveUnderOrders(kill: () => void, isWhole: boolean) {
    const { pair } = chain;
    await pair.name(STANDBY);
    await pair.untilConfirming();
    const through = new URL(pair.url(pair.primary, OWNER));
    through.port = String(proxy.port);
    await chain.startServers(through.href);
    const shop = await chain.openShop();
    let isOver = false;
    const sales: Awaited<ReturnType<typeof chain.sellUntil>> = [];
    const selling = chain.sellUntil(shop, () => isOver, sales);
    await sleep(BEFORE_MS + random() * 1_000);
    const answeredBefore = sales.filter(({ answer }) => answer !== null).length;
    kill();
    const killedAt = performance.now();
    const made = sales.length;
    await sleep(DECIDED_MS);
    pair.standby.promote();
    proxy.moveTo(pair.url(pair.standby));
    const answeredSince = () => sales.slice(made).filter(({ answer }) => answer !== null).length;
    await until(() => answeredSince() > 0, AGAIN_MS);
    const againMs = performance.now() - killedAt;
    await until(() => answeredSince() >= ENOUGH, AGAIN_MS);
    isOver = true;
    await selling;
    const answered = sales.filter(({ answer }) => answer !== null);
    console.log(
      `      ${answeredBefore} answered before, ${answered.length - answeredBefore} after, ${sales.length - answered.length} not; sold again ${(againMs / 1000).toFixed(1)} s after the kill`,
    );
    expect(answeredBefore).to.be.above((BEFORE_MS / 1_000) * ORDERS_PER_SECOND * 0.5);
    expectKept(answered, await chain.orders(shop));
    for (const [n, sold] of sales.entries()) if (sold.answer === null) await chain.send(shop, sold, n);
    expect(sales.filter(({ answer }) => answer === null)).to.deep.equal([]);
    if (isWhole) await untilHeld();
    expect(chain.servers.map(({ child }) => child.exitCode)).to.deep.equal(chain.servers.map(() => null));
    await chain.checkBooks(shop, sales, through.href);
  }

  /** Each server says again that it is there, on the new primary; one of them leads. It looks once a minute whether nobody does. */
  async function untilHeld(): Promise<void> {
    const { pair } = chain;
    const held = `
      SELECT (SELECT count(DISTINCT l.pid)::int FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'smoocho server') AS servers,
      (SELECT count(*)::int FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'smoocho schedule') AS leaders`;
    await until(async () => {
      const [row] = await pair.sqlOn(pair.standby, held);
      return row?.servers === chain.servers.length && row.leaders === 1;
    }, 90_000);
  }

  for (let n = 1; n <= FAILOVERS; n += 1) {
    it(`is followed without a restart when the primary was killed (${n} of ${FAILOVERS})`, () =>
      moveUnderOrders(() => chain.pair.primary.crash(), n === 1));
  }

  // As when its machine lost its power: the connections to it are not closed, they say nothing.
  it('is followed without a restart when the primary only says nothing', () =>
    moveUnderOrders(() => {
      proxy.strand();
      chain.pair.primary.crash();
    }, true));

  it('takes no order while the address leads to a standby, and goes on once that is promoted', () =>
    moveUnderOrders(() => {
      chain.pair.primary.crash();
      proxy.moveTo(chain.pair.url(chain.pair.standby));
    }, false));
});
