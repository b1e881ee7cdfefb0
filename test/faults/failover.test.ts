import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { requireDebianPostgres } from '../support/debian-postgres.ts';
import { givenItem, givenProduct, saleOf, type TestShop } from '../support/factories.ts';
import { random, saySeed } from '../support/kills.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { OWNER, STANDBY, type StandbyPair, startStandbyPair } from '../support/standby-pair.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { allOf } from '../support/till-checks.ts';

const VERSION = 15;
/** Primaries that are killed, by the nightly run alone: each takes ten seconds. */
const FAILOVERS = Number(process.env.FAILOVERS ?? 0);
const ORDERS_PER_SECOND = 20;
/** Orders go on for so long before the kill, at least, and for so long after it. */
const BEFORE_MS = 2_000;
const AFTER_MS = 1_000;
const START = 100_000;

type Sale = { sale: { id: string }; answer: Order | null };

/** A shop on a primary with a standby, and the processes that serve it. */
type Chain = {
  pair: StandbyPair;
  home: string;
  servers: Server[];
  urls: string[];
  redis: TestRedis | null;
};

describe(`a primary that is killed under ${ORDERS_PER_SECOND} orders a second`, function () {
  this.timeout(180_000);
  let chain: Chain;

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
    const pair = await startStandbyPair(VERSION);
    const redis = hasRedis() ? await startRedis() : null;
    chain = { pair, home: tempFolder(), servers: [], urls: [], redis };
    const args = ['init', ...initOptions(chain.home)];
    const { code, stderr } = await smoocho(args, envOf(pair.url(pair.primary, OWNER)));
    expect(code, stderr).to.equal(0);
  });
  afterEach(async () => {
    if (!chain) return;
    await stopServers();
    await chain.redis?.kill();
    await chain.pair.close();
    removeFolder(chain.home);
  });

  const envOf = (url: string) => ({
    SMOOCHO_HOME: chain.home,
    DATABASE_URL: url,
    ...(chain.redis && { REDIS_URL: chain.redis.url }),
  });

  const stopServers = () => Promise.all(chain.servers.splice(0).map((server) => server.stop()));

  async function startServers(url: string): Promise<void> {
    const started = Array.from({ length: chain.redis ? 2 : 1 }, () =>
      startCli(['--port=0', '--host=127.0.0.1'], envOf(url), 'Stop it with Ctrl-C.'),
    );
    for (const starting of started) chain.servers.push(await starting);
    chain.urls = chain.servers.map(
      (server) => /http:\/\/127\.0\.0\.1:\d+/.exec(server.output())?.[0] as string,
    );
  }

  async function openShop() {
    const client = clientOf(chain.urls[0] as string);
    const login = { email: 'asha@example.com', password: PASSWORD };
    const { body } = await client.post('/api/auth/login', login);
    const token = body.accessToken as string;
    const path = `/api/shops/${body.shops[0].id}`;
    const shop = { path, manager: clientOf(chain.urls[0] as string, token) } as TestShop;
    const item = await givenItem(shop, { quantity: START, policy: 'deny' });
    const recipe = [{ inventoryItemId: item.id, quantity: '0.125' }];
    return { token, path, product: await givenProduct(shop, { price: '33.35', recipe }) };
  }
  type OpenShop = Awaited<ReturnType<typeof openShop>>;

  /** Sends it to one of the processes; keeps the answer if it is one. */
  async function send({ token, path }: OpenShop, sold: Sale, n: number): Promise<void> {
    const url = chain.urls[n % chain.urls.length] as string;
    const answer = await clientOf(url, token)
      .post(`${path}/orders`, sold.sale)
      .catch(() => null);
    if (answer) expect(answer.status, answer.text).to.be.oneOf([200, 201, 503]);
    if (answer && answer.status !== 503) sold.answer = answer.body;
  }

  /** Sells until `isOver`; every sale is there with its answer, or without. */
  async function sellUntil(shop: OpenShop, isOver: () => boolean): Promise<Sale[]> {
    const sales: Sale[] = [];
    const sending: Promise<void>[] = [];
    for (let next = Date.now(); !isOver(); next += 1000 / ORDERS_PER_SECOND) {
      const sale = saleOf(shop.product, {
        id: randomUUID(),
        items: [{ id: randomUUID(), productId: shop.product.id, quantity: 1 }],
      }) as { id: string };
      const sold: Sale = { sale, answer: null };
      sales.push(sold);
      sending.push(send(shop, sold, sales.length));
      await sleep(Math.max(0, next - Date.now()));
    }
    await Promise.all(sending);
    return sales;
  }

  /** Kills the primary while it sells, names the standby in its place, and sends again what was not answered. */
  async function failOver(shop: OpenShop, kill: () => Promise<void>) {
    let isOver = false;
    const selling = sellUntil(shop, () => isOver);
    await sleep(BEFORE_MS + random() * 1_000);
    await kill();
    const killedAt = performance.now();
    await sleep(AFTER_MS);
    isOver = true;
    const sales = await selling;
    const answered = sales.filter(({ answer }) => answer !== null);
    await stopServers();
    chain.pair.standby.promote();
    await startServers(chain.pair.url(chain.pair.standby, OWNER));
    const gone = sales.filter(({ answer }) => answer === null);
    const bills = await allOf<Order>(clientOf(chain.urls[0] as string, shop.token), `${shop.path}/orders`);
    const backMs = performance.now() - killedAt;
    for (const [n, sold] of gone.entries()) await send(shop, sold, n);
    return { sales, answered, bills, backMs };
  }

  for (let n = 1; n <= FAILOVERS; n += 1) {
    it(`loses no answered order to the synchronous standby (${n} of ${FAILOVERS})`, async () => {
      const { pair } = chain;
      await pair.name(STANDBY);
      await pair.untilConfirming();
      await startServers(pair.url(pair.primary, OWNER));
      const shop = await openShop();
      const { sales, answered, bills, backMs } = await failOver(shop, async () => pair.primary.crash());

      console.log(
        `      ${answered.length} answered before, ${sales.length - answered.length} not; back after ${(backMs / 1000).toFixed(1)} s`,
      );
      expect(answered.length).to.be.above((BEFORE_MS / 1_000) * ORDERS_PER_SECOND * 0.5);
      const byId = new Map(bills.map((bill) => [bill.id, bill]));
      for (const { answer } of answered) expect(byId.get(answer?.id as string)).to.deep.equal(answer);

      expect(sales.filter(({ answer }) => answer === null)).to.deep.equal([]);
      const client = clientOf(chain.urls[0] as string, shop.token);
      const after = await allOf<Order>(client, `${shop.path}/orders`);
      expect(after.map(({ id }) => id).sort()).to.deep.equal(sales.map(({ sale }) => sale.id).sort());
      const numbers = after.map(({ orderNumber }) => Number(orderNumber.slice(-6))).sort((a, b) => a - b);
      expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
      await stopServers();
      const books = await smoocho(['verify'], envOf(pair.url(pair.standby, OWNER)));
      expect([books.code, books.stdout.trim().split('\n').at(-1)]).to.deep.equal([0, 'Everything agrees.']);
    });
  }

  // Proves that the test above would see a loss, and is what docs/operations/scaling.md says of it.
  it('loses what a standby that nobody waits for did not have yet', async () => {
    const { pair } = chain;
    await startServers(pair.url(pair.primary, OWNER));
    const shop = await openShop();
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
