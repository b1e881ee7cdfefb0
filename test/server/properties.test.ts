import type pg from 'pg';
import type { InventoryItem } from '../../src/contract/inventory.ts';
import type { Order } from '../../src/contract/orders.ts';
import { feedHead } from '../../src/core/events/read-events.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop } from '../support/factories.ts';
import { holds, isLongRun, propertyTimeoutMs } from '../support/property.ts';
import {
  allOf,
  checkFeed,
  checkNumbers,
  checkOrders,
  checkRetries,
  checkStock,
  type Run,
} from '../support/till-checks.ts';
import { checkClosedDay } from '../support/till-closed.ts';
import { type Counting, runTwoDays } from '../support/till-days.ts';
import { checkDrawers } from '../support/till-drawers.ts';
import { listenTo } from '../support/till-feed.ts';
import { checkMoney } from '../support/till-money.ts';
import {
  countReach,
  describeReach,
  MUST_HAPPEN,
  neverIn,
  type Reach,
  SELDOM,
} from '../support/till-reach.ts';
import { anyScript, type Script } from '../support/till-script.ts';
import { openTillShop } from '../support/till-shop.ts';

const FILE = 'test/server/properties.test.ts';
/** A morning within one fiscal year, so that numbers don't start anew while the tests run. */
const MORNING = Date.parse('2026-06-15T04:00:00Z');

type Property = { name: string; checks: ((run: Run) => Promise<void>)[]; readsReports?: boolean };

const properties: Property[] = [
  {
    name: '(a) each order is there once, as it was last acknowledged, with its number and its stock',
    checks: [checkOrders, checkNumbers, checkStock],
  },
  {
    name: '(b) reports, orders, lines, payments and drawers agree, and a day that has ended stays as it is',
    checks: [checkMoney, checkDrawers, checkClosedDay],
    readsReports: true,
  },
  {
    name: '(c) the feed has every change once, in order, and a retry changes nothing',
    checks: [checkFeed, checkRetries],
  },
];

describe('four tills at random, in parallel, with retries', function () {
  this.timeout(propertyTimeoutMs);
  let test: TestApp;
  let ownerId: string;
  let db: pg.Client;
  const reach: Reach = new Map();

  before(async () => {
    const start = Date.now();
    test = await startTestApp({ now: () => new Date(MORNING + Date.now() - start) });
    const { owner } = await givenShop(test, 'ZZZZ');
    ownerId = (await owner.get('/api/auth/profile')).body.user.id;
    db = await test.database.connect();
  });
  after(() => test.close());

  /** Runs a script in a shop of its own. */
  async function run(script: Script, readsReports: boolean): Promise<Run> {
    const shop = await openTillShop(test, { ownerId, db }, script);
    const head = async () => (await feedHead(test.app.orm.em.fork(), shop.id)).seq;
    const joinedAt = await head();
    const listener = await listenTo(
      test.url,
      { token: shop.manager.token as string, shopId: shop.id },
      joinedAt,
    );
    const counting: Counting = { db, heardSoFar: async () => await listener.until(await head()) };
    try {
      const worked = await runTwoDays(shop, script, counting, { readsReports });
      const orders = await allOf<Order>(shop.manager, `${shop.path}/orders`);
      const items = await allOf<InventoryItem>(shop.manager, `${shop.path}/inventory`);
      const seen = (what: string) => reach.set(what, (reach.get(what) ?? 0) + 1);
      const ran = { ...worked, shop, orders, items, db, joinedAt, seen };
      countReach(reach, ran);
      return ran;
    } finally {
      listener.close();
    }
  }

  async function checkBooks({ shop, journal }: Run): Promise<void> {
    if (journal.violations.length > 0) throw new Error(journal.violations.join('\n'));
    const { checks } = await verifyShop({ app: test.app, em: test.app.orm.em.fork() }, shop.id);
    const found = checks.flatMap((each) =>
      each.faults.map((fault) => `${each.name}: ${fault.subject}: ${fault.detail}`),
    );
    if (found.length > 0) throw new Error(found.join('\n'));
  }

  for (const { name, checks, readsReports = false } of properties) {
    it(name, () =>
      holds(FILE, name, anyScript, async (script) => {
        const ran = await run(script, readsReports);
        for (const check of checks) await check(ran);
        await checkBooks(ran);
      }),
    );
  }

  it('reach all that they are about', () => {
    if (isLongRun) process.stdout.write(`    ${describeReach(reach)}\n`);
    const never = neverIn(reach, isLongRun ? [...MUST_HAPPEN, ...SELDOM] : MUST_HAPPEN);
    if (never.length > 0) throw new Error(`Never happened: ${never.join('; ')}. ${describeReach(reach)}`);
  });
});
