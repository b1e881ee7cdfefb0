import type pg from 'pg';
import type { EventEnvelope } from '../../src/contract/events.ts';
import type { InventoryItem } from '../../src/contract/inventory.ts';
import type { Order } from '../../src/contract/orders.ts';
import { feedHead } from '../../src/core/events/read-events.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { holds, propertyTimeoutMs } from '../support/property.ts';
import {
  allOf,
  checkFeed,
  checkMoney,
  checkNumbers,
  checkOrders,
  checkRetries,
  checkStock,
  type Run,
} from '../support/till-checks.ts';
import { listenTo } from '../support/till-feed.ts';
import { runTills } from '../support/till-run.ts';
import { anyScript, type Script } from '../support/till-script.ts';
import { openTillShop } from '../support/till-shop.ts';

const FILE = 'test/server/properties.test.ts';
/** A morning within one fiscal year, so that numbers and tokens don't start anew while the tests run. */
const MORNING = Date.parse('2026-06-15T04:00:00Z');

type HeardRun = Run & { heard: EventEnvelope[]; joinedAt: number };

describe('four tills at random, in parallel, with retries', function () {
  this.timeout(propertyTimeoutMs);
  let test: TestApp;
  let first: TestShop;
  let db: pg.Client;

  before(async () => {
    const start = Date.now();
    test = await startTestApp({ now: () => new Date(MORNING + Date.now() - start) });
    first = await givenShop(test, 'ZZZZ');
    db = await test.database.connect();
  });
  after(() => test.close());

  /** Runs a script in a shop of its own and looks at it from every side. */
  async function run(script: Script): Promise<HeardRun> {
    const shop = await openTillShop(test, first, script);
    const { seq: joinedAt } = await feedHead(test.app.orm.em.fork(), shop.id);
    const ear = await listenTo(test.url, { token: shop.manager.token as string, shopId: shop.id });
    try {
      const journal = await runTills(shop, script);
      const { seq } = await feedHead(test.app.orm.em.fork(), shop.id);
      const heard = await ear.until(seq);
      const bills = await allOf<Order>(shop.manager, `${shop.path}/orders`);
      const items = await allOf<InventoryItem>(shop.manager, `${shop.path}/inventory`);
      return { shop, journal, bills, items, db, heard, joinedAt };
    } finally {
      ear.close();
    }
  }

  async function checkBooks({ shop, journal }: Run): Promise<void> {
    if (journal.faults.length > 0) throw new Error(journal.faults.join('\n'));
    const { checks } = await verifyShop({ app: test.app, em: test.app.orm.em.fork() }, shop.id);
    const faults = checks.flatMap((each) =>
      each.faults.map((fault) => `${each.name}: ${fault.subject}: ${fault.detail}`),
    );
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  const properties: [name: string, check: (run: HeardRun) => Promise<void>][] = [
    ['(a) each acknowledged order is there once, as it was last acknowledged', checkOrders],
    ['(b) stock is what it was with every acknowledged effect', (ran) => checkStock(ran, ran.heard)],
    ['(c) numbers are unique and gapless', checkNumbers],
    ['(d) reports, bills, lines and payments agree', checkMoney],
    ['(e) a retry changes nothing', checkRetries],
    ['(f) the feed has every change once, in order', (ran) => checkFeed(ran, ran.heard, ran.joinedAt)],
  ];

  for (const [name, check] of properties) {
    it(name, () =>
      holds(FILE, name, anyScript, async (script) => {
        const ran = await run(script);
        await check(ran);
        await checkBooks(ran);
      }),
    );
  }
});
