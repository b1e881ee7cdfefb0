import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { type Client, clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { saleOf } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const READY = /"demo"[^}]*}/;
const TILLS = 8;

const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid as string;

describe('secrets rotate under load', () => {
  let home: string;
  let database: TestDatabase;
  let redis: TestRedis;
  let server: Server | undefined;

  before(async function () {
    requireRedis(this);
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    redis = await startRedis();
  });
  after(async () => {
    await server?.stop();
    await redis?.kill();
    await database?.drop();
    if (home) removeFolder(home);
  });

  const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url, REDIS_URL: redis.url });

  type Till = { path: string; product: { id: string }; client: Client; refreshToken: string };
  const answers = new Map<string, number>();
  const note = (what: string, status: number) => {
    const key = `${what} ${status}`;
    answers.set(key, (answers.get(key) ?? 0) + 1);
  };

  async function signIn(url: string): Promise<Pick<Till, 'client' | 'refreshToken'>> {
    const login = { email: 'asha@example.com', password: PASSWORD };
    const { status, body, text } = await clientOf(url).post('/api/auth/login', login);
    expect(status, text).to.equal(200);
    return { client: clientOf(url, body.accessToken), refreshToken: body.refreshToken };
  }

  /** Reads and sells, and asks for a new token now and then; one that never does lives on what it had before. */
  async function work(url: string, till: Till, refreshes: boolean, isOver: () => boolean): Promise<void> {
    for (let n = 1; !isOver(); n += 1) {
      note('read', (await till.client.get(till.path)).status);
      note('sale', (await till.client.post(`${till.path}/orders`, saleOf(till.product))).status);
      if (!refreshes || n % 5 !== 0) continue;
      const { refreshToken } = till;
      const { status, body } = await clientOf(url).post('/api/auth/refresh', { refreshToken });
      note('refresh', status);
      till.client = clientOf(url, body.accessToken);
      till.refreshToken = body.refreshToken;
    }
  }

  it('answers not one request with 401, while two processes serve and the keys change twice and the master key between', async () => {
    expect((await smoocho(['init', ...initOptions(home)], env())).code).to.equal(0);
    server = await startCli(['--port=0', '--host=127.0.0.1', '--json', '--workers=2'], env(), READY);
    const { url } = JSON.parse(server.output()) as { url: string };
    const { client: owner } = await signIn(url);
    const path = `/api/shops/${(await owner.get('/api/shops')).body.data[0].id}`;
    const product = (await owner.post(`${path}/products`, { name: 'Tea', price: '10.00' })).body;
    const tills: Till[] = [];
    for (let n = 0; n < TILLS; n += 1) tills.push({ path, product, ...(await signIn(url)) });
    const before = kidOf(tills[0]?.client.token as string);

    let isOver = false;
    const working = Promise.all(tills.map((till, n) => work(url, till, n % 2 === 0, () => isOver)));
    let last = '';
    for (const more of [[], ['--replace-master-key'], []]) {
      const { code, stdout, stderr } = await smoocho(['secrets', 'rotate', '--json', ...more], env());
      expect([code, stderr]).to.deep.equal([0, '']);
      last = JSON.parse(stdout).tokenKey ?? last;
      await sleep(500);
    }
    const refreshing = tills.filter((_, n) => n % 2 === 0);
    await until(() => refreshing.every(({ client }) => kidOf(client.token as string) === last), 20_000);
    isOver = true;
    await working;

    const counted = Object.fromEntries([...answers].sort());
    console.log(`      ${JSON.stringify(counted)}`);
    expect(Object.keys(counted)).to.deep.equal(['read 200', 'refresh 200', 'sale 201']);
    for (const { client } of tills.filter((_, n) => n % 2 === 1)) {
      expect(kidOf(client.token as string)).to.equal(before);
      expect((await client.get(path)).status).to.equal(200);
    }
    expect(server.output()).to.not.include('do not open here');
  }).timeout(120_000);
});
