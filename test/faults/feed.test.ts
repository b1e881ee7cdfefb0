import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { type Client, clientOf } from '../support/client.ts';
import { cut, type Listener, openListener } from '../support/crowd.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenProduct, saleOf, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** `npm run test:faults` has 30 seconds of it. */
const SECONDS = Number(process.env.FAULT_SECONDS ?? 6);
const SOCKETS = 50;
const ORDERS_PER_SECOND = 20;
const SOCKETS_A_SESSION = 10;
const CODES = ['KULF', 'LASI', 'CHAI', 'DOSA'];

type Shop = { id: string; path: string; product: { id: string } };

describe(`four shops on two workers, for ${SECONDS} seconds of faults`, () => {
  let home: TestDatabase;
  let redis: TestRedis;
  let server: Server;
  let folder: string;
  const listeners: Listener[] = [];
  const goers: Listener[] = [];

  before(async function () {
    this.timeout(120_000);
    requireRedis(this);
    redis = await startRedis();
    home = await testDatabase({ migrated: false });
    folder = tempFolder();
    expect((await smoocho(['init', ...initOptions(folder)], env())).code).to.equal(0);
    server = await startCli(['--port=0', '--host=127.0.0.1', '--workers=2', '--json'], env(), /"demo"[^}]*}/);
  });
  after(async () => {
    for (const listener of [...listeners, ...goers]) listener.close();
    await server?.stop();
    await home?.drop();
    await redis?.kill();
    if (folder) removeFolder(folder);
  });

  const env = () => ({ SMOOCHO_HOME: folder, DATABASE_URL: home.url, REDIS_URL: redis.url });
  const started = () => JSON.parse(server.output()) as { url: string; pid: number };

  it('tell every device all that its shop committed, in order, once, and nothing of another shop', async () => {
    const { url, pid } = started();
    const owner = await signIn(url);
    const shops = await openShops(owner);
    const sessions = await Promise.all(
      Array.from({ length: Math.ceil(SOCKETS / SOCKETS_A_SESSION) }, () => signIn(url)),
    );
    for (let n = 0; n < SOCKETS; n += 1) {
      const session = sessions[n % sessions.length] as Client;
      listeners.push(openListener(url, (shops[n % shops.length] as Shop).id, session.token));
    }
    await until(() => listeners.every(({ starts }) => starts.length > 0));

    const sold: Promise<unknown>[] = [];
    const end = Date.now() + SECONDS * 1000;
    await Promise.all([
      everyMs(1000 / ORDERS_PER_SECOND, end, () => {
        sold.push(sell(owner, pick(shops)));
      }),
      everyMs(100, end, () => cut(pick(listeners))),
      killWorkers(pid, end),
      loseRedis(url, end),
    ]);
    await Promise.all(sold);

    const db = await home.connect();
    for (const shop of shops) {
      const { rows } = await db.query(
        "SELECT seq::int, type, data->>'id' AS id FROM events WHERE shop_id = $1 ORDER BY seq",
        [shop.id],
      );
      const last = rows.at(-1).seq;
      for (const listener of listeners.filter(({ shopId }) => shopId === shop.id)) {
        await until(() => (listener.events.at(-1)?.seq ?? 0) >= last, 15_000);
        const from = listener.starts[0]?.seq as number;
        expect(
          listener.events.map(({ seq, type, data }) => ({ seq, type, id: (data as { id: string }).id })),
        ).to.deep.equal(rows.filter(({ seq }) => seq > from));
        expect(listener.starts.filter(({ reason }) => reason)).to.deep.equal([]);
      }
    }
    const { rows } = await db.query("SELECT count(*)::int FROM events WHERE type = 'order_created'");
    expect(rows[0].count).to.equal(sold.length);
    expect(sold.length).to.be.above(SECONDS * ORDERS_PER_SECOND * 0.5);
    expect(listeners.reduce((sum, { reconnects }) => sum + reconnects, 0)).to.be.above(SECONDS);
    expect((await smoocho(['verify'], env())).code).to.equal(0);
  }).timeout(SECONDS * 1000 + 60_000);

  async function openShops(owner: Client): Promise<Shop[]> {
    const { body } = await owner.get('/api/shops');
    const ids = [body.data[0].id];
    for (const code of CODES.slice(1)) {
      const shop = { name: `Shop ${code}`, code, currency: 'INR', timezone: 'Asia/Kolkata' };
      ids.push((await owner.post('/api/shops', shop)).body.id);
    }
    return await Promise.all(
      ids.map(async (id) => {
        const path = `/api/shops/${id}`;
        return { id, path, product: await givenProduct({ path, manager: owner } as TestShop) };
      }),
    );
  }

  /** A till sends its sale until it is answered. */
  async function sell(till: Client, { path, product }: Shop): Promise<void> {
    const sale = saleOf(product, { items: [{ id: randomUUID(), productId: product.id, quantity: 1 }] });
    await until(async () => {
      const answer = await till.post(`${path}/orders`, sale).catch(() => null);
      return answer?.status === 201 || answer?.status === 200;
    }, 20_000);
  }

  /** Three times, each time one of the workers that serve at the time. */
  async function killWorkers(primary: number, end: number): Promise<void> {
    const pause = (end - Date.now()) / 4;
    for (let n = 0; n < 3; n += 1) {
      await sleep(pause);
      const worker = pick(childrenOf(primary));
      if (worker) process.kill(worker, 'SIGKILL');
    }
  }

  /** Gone for a third of the time, back with nothing in it, and emptied once more. What ended meanwhile stays ended. */
  async function loseRedis(url: string, end: number): Promise<void> {
    const third = (end - Date.now()) / 3;
    const leaver = await signIn(url);
    const shopId = (await leaver.get('/api/shops')).body.data[0].id;
    const left = openListener(url, shopId, leaver.token);
    goers.push(left);
    await sleep(third);
    await redis.kill();
    await signIn(url);
    await until(async () => (await leaver.post('/api/auth/logout').catch(() => null)) !== null);
    const tokenIsWorth = async () => (await leaver.get('/api/auth/profile').catch(() => null))?.status;
    await until(async () => (await tokenIsWorth()) === 401);
    await sleep(third);
    await redis.start();
    await sleep(third / 2);
    await redis.flush();
    await until(async () => (await tokenIsWorth()) === 401);
    await until(() => left.refused.includes('unauthenticated'));
  }
});

async function signIn(url: string): Promise<Client> {
  const login = { email: 'asha@example.com', password: PASSWORD };
  for (let tries = 0; ; tries += 1) {
    const answer = await clientOf(url)
      .post('/api/auth/login', login)
      .catch(() => null);
    if (answer?.status === 200) return clientOf(url, answer.body.accessToken);
    if (tries === 20) throw new Error(`Asha can't sign in: ${answer?.text}`);
    await sleep(200);
  }
}

const pick = <T>(all: T[]): T => all[Math.floor(Math.random() * all.length)] as T;

/** Linux tells a process' children; the workers are those that run the program, not PostgreSQL. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .map(Number)
    .filter((child) => child > 0 && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('--workers'));

async function everyMs(pauseMs: number, end: number, work: () => void): Promise<void> {
  for (let at = Date.now(); at < end; at += pauseMs) {
    await sleep(Math.max(0, at - Date.now()));
    work();
  }
}
