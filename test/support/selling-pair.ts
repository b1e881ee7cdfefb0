import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from './cli.ts';
import { clientOf } from './client.ts';
import { givenItem, givenProduct, saleOf, type TestShop } from './factories.ts';
import { hasRedis, startRedis, type TestRedis } from './redis.ts';
import { OWNER, type StandbyPair, startStandbyPair } from './standby-pair.ts';
import { removeFolder, tempFolder } from './temp.ts';
import { allOf } from './till-checks.ts';

export const ORDERS_PER_SECOND = 20;
/** More than is ever sold: what is sold is denied below zero. */
const STOCK = 100_000;

/** An order, and the answer to it if there was one. */
export type Sold = { sale: { id: string }; answer: Order | null };

export type OpenShop = { token: string; path: string; product: { id: string } };

/** A shop on a primary with a standby, and the processes that serve it: two where there is a Redis. */
export type SellingPair = {
  pair: StandbyPair;
  servers: Server[];
  startServers(databaseUrl: string): Promise<void>;
  stopServers(): Promise<unknown>;
  openShop(): Promise<OpenShop>;
  /** Sends it to one of the processes; keeps the answer if it is one. Any other than a sale's or a 503 fails the test. */
  send(shop: OpenShop, sold: Sold, n: number): Promise<void>;
  /** Sells at an even pace until `isOver`; every order is in `sales` as soon as it is made. */
  sellUntil(shop: OpenShop, isOver: () => boolean, sales?: Sold[]): Promise<Sold[]>;
  /** All orders, as a list of a server has them. */
  orders(shop: OpenShop): Promise<Order[]>;
  /** Requires that these are the orders, each once, that their numbers have no gap, and that the books agree. Stops the servers. */
  checkBooks(shop: OpenShop, sales: Sold[], databaseUrl: string): Promise<void>;
  close(): Promise<void>;
};

export async function startSellingPair(version: number): Promise<SellingPair> {
  const pair = await startStandbyPair(version);
  const redis: TestRedis | null = hasRedis() ? await startRedis() : null;
  const home = tempFolder();
  const servers: Server[] = [];
  let urls: string[] = [];
  const envOf = (databaseUrl: string) => ({
    SMOOCHO_HOME: home,
    DATABASE_URL: databaseUrl,
    ...(redis && { REDIS_URL: redis.url }),
  });
  const init = await smoocho(['init', ...initOptions(home)], envOf(pair.url(pair.primary, OWNER)));
  expect(init.code, init.stderr).to.equal(0);

  const stopServers = () => Promise.all(servers.splice(0).map((server) => server.stop()));
  const clientAt = (n: number, token?: string) => clientOf(urls[n % urls.length] as string, token);
  const orders = ({ token, path }: OpenShop) => allOf<Order>(clientAt(0, token), `${path}/orders`);

  async function send({ token, path }: OpenShop, sold: Sold, n: number): Promise<void> {
    const answer = await clientAt(n, token)
      .post(`${path}/orders`, sold.sale)
      .catch(() => null);
    if (answer) expect(answer.status, answer.text).to.be.oneOf([200, 201, 503]);
    if (answer && answer.status !== 503) sold.answer = answer.body;
  }

  return {
    pair,
    servers,
    stopServers,
    send,
    orders,
    async startServers(databaseUrl) {
      const started = Array.from({ length: redis ? 2 : 1 }, () =>
        startCli(['--port=0', '--host=127.0.0.1'], envOf(databaseUrl), 'Stop it with Ctrl-C.'),
      );
      for (const starting of started) servers.push(await starting);
      urls = servers.map((server) => /http:\/\/127\.0\.0\.1:\d+/.exec(server.output())?.[0] as string);
    },
    async openShop() {
      const login = { email: 'asha@example.com', password: PASSWORD };
      const { body } = await clientAt(0).post('/api/auth/login', login);
      const token = body.accessToken as string;
      const path = `/api/shops/${body.shops[0].id}`;
      const shop = { path, manager: clientAt(0, token) } as TestShop;
      const item = await givenItem(shop, { quantity: STOCK, policy: 'deny' });
      const recipe = [{ inventoryItemId: item.id, quantity: '0.125' }];
      return { token, path, product: await givenProduct(shop, { price: '33.35', recipe }) };
    },
    async sellUntil(shop, isOver, sales = []) {
      const sending: Promise<void>[] = [];
      for (let next = Date.now(); !isOver(); next += 1000 / ORDERS_PER_SECOND) {
        const sale = saleOf(shop.product, {
          id: randomUUID(),
          items: [{ id: randomUUID(), productId: shop.product.id, quantity: 1 }],
        }) as { id: string };
        const sold: Sold = { sale, answer: null };
        sales.push(sold);
        sending.push(send(shop, sold, sales.length));
        await sleep(Math.max(0, next - Date.now()));
      }
      await Promise.all(sending);
      return sales;
    },
    async checkBooks(shop, sales, databaseUrl) {
      const all = await orders(shop);
      expect(all.map(({ id }) => id).sort()).to.deep.equal(sales.map(({ sale }) => sale.id).sort());
      const numbers = all.map(({ orderNumber }) => Number(orderNumber.slice(-6))).sort((a, b) => a - b);
      expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
      await stopServers();
      const books = await smoocho(['verify'], envOf(databaseUrl));
      expect([books.code, books.stdout.trim().split('\n').at(-1)]).to.deep.equal([0, 'Everything agrees.']);
    },
    async close() {
      await stopServers();
      await redis?.kill();
      await pair.close();
      removeFolder(home);
    },
  };
}

/** Requires that what was answered is on the books as it was answered. */
export function expectKept(answered: Sold[], bills: Order[]): void {
  const byId = new Map(bills.map((bill) => [bill.id, bill]));
  for (const { answer } of answered) expect(byId.get(answer?.id as string)).to.deep.equal(answer);
}
